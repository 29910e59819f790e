"""Who watches a piece of work: is told how it goes, and may call it off."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from builds.values import Report, Unpacked

Say = Callable[[str, str], None]
"""Called as `say(step, line)` for each line of the log; secrets are gone from it by then."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """`report` takes progress, `say` lines of the log; `cancelled` is set when the work is to end at once.

    `later` is given what need not be done before the result is known. `made` is told the result as soon as it is known,
    while it is made durable: nothing may rely on it yet, and it may fail still.
    """

    report: Report
    say: Say = lambda _step, _line: None
    cancelled: threading.Event = field(default_factory=threading.Event)
    later: Callable[[Callable[[], None]], None] = lambda step: step()
    made: Callable[[Unpacked], None] = lambda _unpacked: None

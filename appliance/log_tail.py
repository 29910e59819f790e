"""The newest lines of the log, kept in memory as they were written, without secrets, for operators to look at."""

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from structlog.typing import EventDict, WrappedLogger

LEVELS = ("debug", "info", "warning", "error", "critical")
LONGEST = 4_000  # characters of a field, or of a traceback, whose end says most
FIELDS = 30  # of a line
_SAID = ("timestamp", "level", "logger", "event", "exception")  # fields with a place of their own


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log: when (ISO 8601, UTC), how grave, who says what, and its fields; `trace` where something broke.

    `worker` is the number of the process that said it, 0 for the server's own.
    """

    at: str
    level: str
    logger: str
    event: str
    fields: dict[str, str]
    trace: str = ""
    worker: int = 0


class Tail:
    """The newest `most` lines. Usable from several threads.

    `passed_on`, where there is one, gets each line that is written: it must not wait, and must not log.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.passed_on: Callable[[Line], None] | None = None
        self._lines: deque[Line] = deque(maxlen=most)
        self._lock = threading.Lock()

    def written(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Keep what is written, which it does not change: the last step before a line becomes text."""
        if not self.most:
            return event
        line = _line(event)
        self.add(line)
        if self.passed_on is not None:
            self.passed_on(line)
        return event

    def add(self, line: Line, worker: int = 0) -> None:
        """Keep a line, of another process where `worker` is its number."""
        kept = replace(line, worker=worker) if worker else line
        with self._lock:
            self._lines.append(kept)

    def newest(self, least: str = LEVELS[0]) -> list[Line]:
        """What is kept from this level on, the newest first."""
        with self._lock:
            lines = list(self._lines)
        grave = LEVELS[LEVELS.index(least) :]
        return [line for line in reversed(lines) if line.level in grave]


def _line(event: EventDict) -> Line:
    others = [(name, value) for name, value in event.items() if name not in _SAID][:FIELDS]
    return Line(
        at=str(event.get("timestamp", "")),
        level=str(event.get("level", LEVELS[1])),
        logger=str(event.get("logger", "")),
        event=_text(event.get("event", "")),
        fields={name[:LONGEST]: _text(value) for name, value in others},
        trace=str(event.get("exception") or "")[-LONGEST:],
    )


def _text(value: Any) -> str:  # noqa: ANN401 - a log field may be anything; redaction has made it plain JSON
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))[:LONGEST]

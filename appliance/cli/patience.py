"""Doing a step again while the server, or the way to it, is only away for the moment."""

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import click

from appliance.cli.client import Refused, Unreachable
from appliance.cli.output import Failure, tell
from appliance.units import Span

DEFAULT = "1m"  # longer than a restart takes
FIRST, MOST = 0.5, 8.0  # seconds between two tries, doubled each time
TOO_MANY = 429
AWAY = frozenset({502, 503, 504})

T = TypeVar("T")


def _span(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    try:
        return Span.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


retry_for = click.option(
    "--retry-for", metavar="TIME", default=DEFAULT, show_default=True, callback=_span,
    help="How long to try again where the server is away.",
)  # fmt: skip


class Patience:
    """How long a step is tried again, in seconds, whoever takes it; told once for each time the server is away."""

    def __init__(self, seconds: float = Span.parse(DEFAULT), clear: Callable[[], None] = lambda: None) -> None:
        self._seconds = seconds
        self._clear = clear
        self._told = False
        self._lock = threading.Lock()

    def until_done(self, step: Callable[[], T]) -> T:
        """Take a step that does no harm when it is taken twice; raises what it raised last."""
        give_up = time.monotonic() + self._seconds
        pause = FIRST
        while True:
            try:
                done = step()
            except Failure as failure:
                wait = _wait(failure, pause)
                if wait is None or time.monotonic() + wait > give_up:
                    raise
                self._tell(failure)
            else:
                self._told = False
                return done
            time.sleep(wait)
            pause = min(2 * pause, MOST)

    def _tell(self, failure: Failure) -> None:
        with self._lock:
            if self._told:
                return
            self._told = True
        self._clear()
        tell(f"{failure.message} Trying again for up to {Span(self._seconds)}.")


def _wait(failure: Failure, pause: float) -> float | None:
    """Seconds until the next try, at least what the server says; None where trying again does not help."""
    pause *= random.uniform(0.75, 1.25)  # noqa: S311 - so that many clients do not come back at once
    if isinstance(failure, Unreachable):
        return pause
    if not isinstance(failure, Refused) or failure.status not in {TOO_MANY, *AWAY}:
        return None
    if failure.wait is None:  # our server says when to come back; what does not is a proxy that misses it
        return None if failure.code else pause
    return max(failure.wait, pause)

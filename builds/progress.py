"""Progress of one step, said a few times a second however often it moves."""

import threading
import time

from builds.values import Report

PAUSE = 0.2  # seconds between two reports; an eye sees no more


class Progress:
    """How far a step has come, towards `total` (0: not known). Safe to use from several threads."""

    def __init__(self, report: Report, step: str, total: int = 0) -> None:
        self.total = total
        self._report = report
        self._step = step
        self._done = 0
        self._due = 0.0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """So much more is done."""
        now = time.monotonic()
        with self._lock:
            self._done += count
            if now < self._due:
                return
            self._due = now + PAUSE
            self._report(self._step, self._done, self.total)

    def finish(self) -> None:
        """The step is complete."""
        self._report(self._step, self._done, self.total or self._done)

"""Looks at files now and then, in a thread of its own, so that what was renewed counts without a restart."""

import threading
from collections.abc import Callable
from pathlib import Path

LOOK_SECONDS = 5.0  # between looks; a renewal is never more urgent

Stamp = tuple[int, int, int] | None


class FileWatch:
    """Calls `look` every few seconds between `start` and `stop`; stopping twice, or before the start, is no error."""

    def __init__(self, name: str, look: Callable[[], None], seconds: float = LOOK_SECONDS) -> None:
        self._look = look
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=name, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(self._seconds):
            self._look()


def stamp(path: Path) -> Stamp:
    """What tells one version of a file from another; a link is followed, as renewals often only move one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino

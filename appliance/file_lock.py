"""A lock on a file that ends with the process that holds it, and says which process that is."""

import os
import sys
import time
from pathlib import Path
from typing import Self

if sys.platform == "win32":  # pragma: no cover - Windows has another way to lock
    import msvcrt
else:
    import fcntl

POLL = 0.05  # seconds between tries; neither system has a wait with a time limit


class Held(Exception):
    """Another process holds the lock; `pid` is that process, where it could be told."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"held by process {pid}" if pid else "held by another process")
        self.pid = pid


class FileLock:
    """An exclusive lock on `path`, which is made if it is missing and is left behind: removing it would be a race.

    The operating system ends the lock with the process, however that ends, so there are no stale locks to clear.
    Two objects exclude each other in one process as well.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self, wait: float = 0.0) -> None:
        """Take the lock, trying for `wait` seconds; blocks. Raises Held, or OSError if the file cannot be opened."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _wait_for(descriptor, time.monotonic() + wait)
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; nothing happens if it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """The process that holds the lock, 0 if that cannot be told, None if it is free or was never taken."""
        try:
            descriptor = os.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            _lock(descriptor)
        except OSError:
            return _pid(descriptor) or 0
        finally:
            os.close(descriptor)
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _wait_for(descriptor: int, until: float) -> None:
    while True:
        try:
            return _lock(descriptor)
        except OSError:
            if time.monotonic() >= until:
                raise Held(_pid(descriptor)) from None
        time.sleep(POLL)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":  # pragma: no cover - as above
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # locked bytes cannot be read there: lock one beyond the pid
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _pid(descriptor: int) -> int | None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    text = os.read(descriptor, 20).strip()
    return int(text) if text.isdigit() else None

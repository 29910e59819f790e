"""One at a time, over all processes that share a folder; waiting ends when it is cancelled."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builds.errors import BuildError
from builds.made import made

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

PAUSE = 0.2  # seconds between two tries


@contextmanager
def locked(file: Path, cancelled: threading.Event) -> Iterator[None]:
    """Hold the lock of a file, which is made if need be. A process that dies lets go. Raises BuildError `cancelled`."""
    made(file.parent, 2)
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _take(handle):
            if cancelled.wait(PAUSE):
                raise BuildError("cancelled", "The build was cancelled.")
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

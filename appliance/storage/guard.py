"""Keeps stored files that are about to be named from being removed at that moment, whichever process does either.

Content may be removed once nothing names it and it was not used for a while; to use it again is to `renew` it. Both are
done under one lock, so a file is renewed before it would go, or is found to be gone: never told of, and gone then.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":  # pragma: no cover - Windows has another way to lock
    import msvcrt
else:
    import fcntl

FRESH = 600.0  # seconds: what was used since is not marked as used again


class Guard:
    """The lock of one folder of stored files, a file beside it. Blocks; usable from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._lock = str(folder.with_name(f"{folder.name}.guard"))

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Hold the lock: for a step, not for work."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform == "win32":  # pragma: no cover - as above
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            else:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)  # which ends the lock

    def renew(self, path: str) -> bool:
        """Whether the file is there, and stays for now: it counts as used from this moment (see `FRESH`).

        A file that this user may not mark so is as good as none.
        """
        try:
            if os.stat(path).st_mtime > time.time() - FRESH:
                return True
            with self.closed():
                os.utime(path)
        except (FileNotFoundError, PermissionError):
            return False
        return True

    def remove(self, path: str, before: float) -> int | None:
        """Remove a file that was not used since, in seconds since 1970: its bytes; None where it stays, or is gone."""
        try:
            with self.closed():
                found = os.stat(path)
                if found.st_mtime >= before:
                    return None
                os.unlink(path)
        except FileNotFoundError:
            return None
        return found.st_size

"""A sandbox's own folders in the temporary folder, and those that were left there by processes that were killed."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builds.errors import BuildError
from builds.sandbox.ownership import remove

if sys.platform != "win32":
    import fcntl

PREFIX = "dropdock-sandbox-"


@contextmanager
def scratch() -> Iterator[Path]:
    """A new folder, until the block ends. Raises BuildError where something of it stays, OSError.

    It is locked for as long as this process lives, however that ends: `sweep` knows by it whose time is over.
    """
    folder, held = _made()
    try:
        yield folder
    finally:
        try:
            remove(folder)
        finally:
            os.close(held)


def sweep() -> None:
    """Remove what processes of this user have left that were killed; what others still use stays. Blocking."""
    if sys.platform == "win32":
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if (held := _held(folder)) is not None:
            try:
                remove(folder)
            except BuildError:
                pass  # the next sweep tries again
            finally:
                os.close(held)


def _made() -> tuple[Path, int]:
    """A folder and what holds it; not one that a sweep has taken before it was held."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        if (held := _held(folder)) is not None:
            return folder, held


def _held(folder: Path) -> int | None:
    """What holds the folder until it is closed; None where another does, it is gone, or is no folder of this user's."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = os.fstat(descriptor)
        if found.st_uid == os.geteuid() and os.path.samestat(found, folder.lstat()):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None

"""Folders that somebody else's program has written into: made empty, and removed whatever was left in them."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from builds.made import made
from builds.sandbox import ownership
from builds.source import PIECE

# How a file of theirs is opened: never through a link, and never waiting for whoever should write into a pipe.
FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def content(file: str | Path, folder: int | None = None) -> Iterator[bytes] | None:
    """The bytes of a regular file, in the folder of this descriptor; None for anything else, or what may not be read.

    The file is open until all was taken.
    """
    try:
        descriptor = os.open(file, FILE, dir_fd=folder)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return _pieces(descriptor)


def _pieces(descriptor: int) -> Iterator[bytes]:
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        while piece := file.read(PIECE):
            yield piece


def fresh(folder: Path) -> Path:
    """The folder, made and empty, for this user alone, and the one it stands in."""
    remove(folder)
    made(folder, 2, mode=0o700)
    return folder


def remove(folder: Path) -> None:
    """Remove a folder with everything in it, also where permissions were taken away. Links are not followed.

    Raises BuildError, and OSError, where something stays.
    """

    def open_up(again: Callable[..., object], path: str, _error: object) -> None:
        parent = os.path.dirname(path)  # noqa: PTH120 - shutil speaks in strings
        for place in (parent, path):
            if not os.path.islink(place) and os.path.isdir(place):  # noqa: PTH112, PTH114 - as above
                os.chmod(place, stat.S_IRWXU)  # noqa: PTH101 - as above
        if again is os.unlink:
            os.unlink(path)  # noqa: PTH108 - as above
        else:
            shutil.rmtree(path, ignore_errors=True)

    if folder.is_dir() and not folder.is_symlink():
        try:
            shutil.rmtree(folder, onerror=open_up)
        except (OSError, RecursionError):  # nested deeper than Python goes, or than a path may be long
            ownership.remove(folder)

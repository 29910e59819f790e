"""Makes what was written durable: the names in a folder, or all of a file system at once."""

import ctypes
import functools
import os
import sys
from pathlib import Path


@functools.cache
def _syncfs() -> "ctypes._NamedFuncPointer | None":
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    if os.name == "nt":  # a folder cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def try_to_sync(folder: Path) -> None:
    """Begin to make everything durable, for whoever will wait for that."""
    try:
        sync_filesystem(folder)
    except OSError:
        pass  # whoever needs it to be durable tries again, and is told


def sync_filesystem(folder: Path) -> None:
    """Make everything written to the folder's file system durable: one `syncfs(2)`, or `sync(2)` where that is missing.

    On a platform with neither (Windows) each blob is flushed by the operating system in its own time.
    """
    syncfs = _syncfs()
    if syncfs is None:
        getattr(os, "sync", lambda: None)()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(descriptor) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), str(folder))
    finally:
        os.close(descriptor)

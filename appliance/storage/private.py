"""Databases that only their owner can read and write, whatever the umask and the folder around them allow."""

import os
from pathlib import Path

MODE = 0o600
BESIDE = ("", "-wal", "-shm")  # SQLite gives the files it keeps beside a database that one's mode


def keep_private(database: Path) -> None:
    """Make it, empty, where it is missing; take it from others where an earlier version let them read it.

    Before SQLite opens it, which makes files for everybody to read. Raises OSError.
    """
    os.close(os.open(database, os.O_CREAT | os.O_RDWR, MODE))
    for each in _files(database):
        if each.exists() and each.stat().st_mode & 0o077:
            each.chmod(MODE)


def make_anew(database: Path) -> None:
    """Make it, empty, in the place of what is there, whatever that is. Nobody may have it open. Raises OSError."""
    for each in _files(database):
        each.unlink(missing_ok=True)
    keep_private(database)


def _files(database: Path) -> list[Path]:
    return [database.with_name(database.name + end) for end in BESIDE]

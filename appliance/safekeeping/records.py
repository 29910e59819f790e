"""What the last backup and the last verification came to: left in the data folder, for `check`, metrics and the log."""

import errno
import os
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from appliance.data_folder import DataFolder


class Verified(msgspec.Struct, frozen=True):
    """A verification: when it ended (UTC), how many seconds it took, what it read, and what is damaged still.

    `mended` are the files that a backup put back, which were damaged, or missing and so not read.
    """

    at: datetime
    seconds: float
    files: int
    bytes: int
    damaged: int
    mended: int = 0  # records of before have none


class BackedUp(msgspec.Struct, frozen=True):
    """A backup that was made, whole: when (UTC), where, what it holds, and whether restoring it was rehearsed."""

    at: datetime
    place: str
    files: int
    bytes: int
    rehearsed: bool


class Failed(msgspec.Struct, frozen=True):
    """A backup the server wanted to make, and could not, or whose rehearsal failed: when (UTC), and the reason said."""

    at: datetime
    reason: str


Record = TypeVar("Record", Verified, BackedUp, Failed)


def last_verification(folder: DataFolder) -> Verified | None:
    """None where there was none, or what it left cannot be read."""
    return _read(folder.verified, Verified)


def last_backup(folder: DataFolder) -> BackedUp | None:
    """The last good one; None where there was none, or what it left cannot be read."""
    return _read(folder.backed_up, BackedUp)


def last_failure(folder: DataFolder) -> Failed | None:
    """The last backup that failed; None where none did, or what it left cannot be read."""
    return _read(folder.backup_failed, Failed)


def keep(path: Path, record: Verified | BackedUp | Failed) -> None:
    """Write it beside and rename; raises OSError, also where the data folder is not there (any more)."""
    if not DataFolder(path.parent).is_there():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    beside = path.with_suffix(".part")
    beside.touch(0o600)  # others need not know where backups are
    beside.write_bytes(msgspec.json.encode(record))
    beside.replace(path)


def _read(path: Path, kind: type[Record]) -> Record | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None

"""Copies of the database, taken while it is in use; the newest few are kept."""

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

KEEP = 5


class Backups:
    """A folder of copies made before migrations, named `dropdock-<version>-<time>.db` so that names sort by time.

    `version` is the program that was about to migrate; the copy fits the one that was in use before it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def take(self, database: Path, version: str) -> Path:
        """Copy a database, complete and on disk when this returns; then drop all but the newest `KEEP` copies.

        Blocks. Others may read and write the database meanwhile. Raises sqlite3.Error and OSError.
        """
        self.root.mkdir(mode=0o700, exist_ok=True)
        copy = self.root / f"dropdock-{version}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.db"
        beside = copy.with_suffix(".part")
        os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # it holds password hashes
        try:
            with contextlib.closing(sqlite3.connect(database)) as connection:
                connection.execute("VACUUM INTO ?", (str(beside),))
            with beside.open("rb+") as file:
                os.fsync(file.fileno())
            beside.replace(copy)
        finally:
            beside.unlink(missing_ok=True)
        self._prune()
        return copy

    def all(self) -> list[Path]:
        """Every copy, the oldest first."""
        return sorted(self.root.glob("dropdock-*.db"), key=_taken)

    def _prune(self) -> None:
        for old in self.all()[:-KEEP]:
            old.unlink()


def _taken(copy: Path) -> str:
    return copy.stem.rpartition("-")[2]

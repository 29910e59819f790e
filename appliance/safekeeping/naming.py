"""A set of content names that may be larger than memory: a temporary SQLite file, gone with the block that uses it."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path


class Names:
    """SHA-256 → bytes, each once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, named: Iterable[tuple[str, int]]) -> None:
        """Have these in it."""
        rows = ((bytes.fromhex(sha256), size) for sha256, size in named)
        self._connection.executemany("INSERT OR IGNORE INTO named VALUES (?, ?)", rows)

    def __contains__(self, sha256: str) -> bool:
        found = self._connection.execute("SELECT 1 FROM named WHERE sha256 = ?", (bytes.fromhex(sha256),))
        return found.fetchone() is not None

    def size(self, sha256: str) -> int | None:
        """The bytes of one; None where it is not in it."""
        found = self._connection.execute("SELECT size FROM named WHERE sha256 = ?", (bytes.fromhex(sha256),)).fetchone()
        return None if found is None else int(found[0])

    def __iter__(self) -> Iterator[tuple[str, int]]:
        for sha256, size in self._connection.execute("SELECT sha256, size FROM named ORDER BY sha256"):
            yield sha256.hex(), size


@contextmanager
def names(scratch: Path, name: str = "names.db") -> Iterator[Names]:
    """An empty set, kept in a file of this name in a folder."""
    path = scratch / name
    path.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("CREATE TABLE named (sha256 BLOB PRIMARY KEY, size INTEGER) WITHOUT ROWID")
            connection.execute("BEGIN")
            yield Names(connection)
    finally:
        path.unlink(missing_ok=True)

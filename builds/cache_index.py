"""The index of a cache: values by key in SQLite, what was used last, and how much it all takes."""

import shutil
import sqlite3
import time
import uuid
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from builds.made import made

FORMAT = 3  # of the tables and their keys; an index of another one is thrown away
WAIT = 5.0  # seconds for another process to have written
REMEMBERED = 3600  # seconds: when something was used is written down this exactly, or every look-up would be a write
ROOM = 0.9  # of the size is what is left once room is made, so that not every write has to make some
_MANY = 100  # keys in one question; with more, each takes longer

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS kept (
    key TEXT PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL, size INTEGER NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kept_used ON kept (used, size);
CREATE TABLE IF NOT EXISTS total (bytes INTEGER NOT NULL);
INSERT INTO total SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM total);
CREATE TRIGGER IF NOT EXISTS kept_in AFTER INSERT ON kept BEGIN UPDATE total SET bytes = bytes + new.size; END;
CREATE TRIGGER IF NOT EXISTS kept_out AFTER DELETE ON kept BEGIN UPDATE total SET bytes = bytes - old.size; END;
PRAGMA user_version = FORMAT;
COMMIT;
""".replace("FORMAT", str(FORMAT))

T = TypeVar("T")
Step = Callable[[sqlite3.Connection], T]


@dataclass(frozen=True, slots=True)
class Row:
    """A value to keep, and the bytes that count for it."""

    key: str
    value: bytes
    size: int


class Index:
    """Values by key, in a folder of its own. Safe to use from several processes and to kill at any moment.

    An index that is damaged is thrown away: it holds nothing that cannot be made again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "index.db"

    def read(self, keys: Collection[str]) -> dict[str, bytes]:
        """The values that are there; damaged ones are not, and are dropped."""
        if not keys or not self._file.exists():  # else to ask would be to make one
            return {}
        return self._try(lambda index: _read(index, list(keys)), {})

    def write(self, rows: Collection[Row], limit: int) -> list[str]:
        """Keep these, and no more than `limit` bytes in all; the keys of what had to go."""
        return self._try(lambda index: _write(index, rows, limit), []) if rows else []

    def _try(self, step: Step[T], otherwise: T) -> T:
        try:
            made(self._folder, 2)
            with closing(sqlite3.connect(self._file, timeout=WAIT, isolation_level=None)) as index:
                _settle(index)
                return step(index)
        except (sqlite3.OperationalError, OSError):  # another process writes for long; the disk is full, or not there
            return otherwise
        except sqlite3.DatabaseError:
            self._throw_away()
            return otherwise

    def _throw_away(self) -> None:
        """All its files in one step, so that none of them is ever read with those of the next."""
        aside = self._folder.with_name(f".{self._folder.name}.{uuid.uuid4().hex}")
        try:
            self._folder.rename(aside)
        except OSError:
            return  # another process was first
        shutil.rmtree(aside, ignore_errors=True)


def _settle(index: sqlite3.Connection) -> None:
    index.execute("PRAGMA synchronous = OFF")  # a power cut may cost the cache, never a site
    version = index.execute("PRAGMA user_version").fetchone()[0]
    if version == FORMAT:
        return
    if version:
        raise sqlite3.DatabaseError(f"format {version}")
    index.execute("PRAGMA journal_mode = WAL")
    index.executescript(_SCHEMA)


def _read(index: sqlite3.Connection, keys: list[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    used, damaged = [], []
    now = int(time.time())
    for start in range(0, len(keys), _MANY):
        some = keys[start : start + _MANY]
        marks = ",".join("?" * len(some))
        rows = index.execute(f"SELECT key, value, checksum, used FROM kept WHERE key IN ({marks})", some)  # noqa: S608 - question marks only
        for key, value, checksum, last in rows:
            if _checksum(key, value) != checksum:
                damaged.append((key,))
                continue
            found[key] = value
            if last < now - REMEMBERED:
                used.append((now, key))
    if used or damaged:
        index.execute("BEGIN IMMEDIATE")
        index.executemany("UPDATE kept SET used = ? WHERE key = ?", used)
        index.executemany("DELETE FROM kept WHERE key = ?", damaged)
        index.execute("COMMIT")
    return found


def _write(index: sqlite3.Connection, rows: Collection[Row], limit: int) -> list[str]:
    now = int(time.time())
    index.execute("BEGIN IMMEDIATE")
    index.executemany("DELETE FROM kept WHERE key = ?", [(row.key,) for row in rows])
    index.executemany(
        "INSERT INTO kept VALUES (?, ?, ?, ?, ?)",
        [(row.key, row.value, _checksum(row.key, row.value), row.size, now) for row in rows],
    )
    gone = list(_make_room(index, limit))
    index.executemany("DELETE FROM kept WHERE key = ?", [(key,) for key in gone])
    index.execute("COMMIT")
    return gone


def _make_room(index: sqlite3.Connection, limit: int) -> Iterator[str]:
    surplus: int = index.execute("SELECT bytes FROM total").fetchone()[0] - limit
    if surplus <= 0:
        return
    surplus += int(limit * (1 - ROOM))
    for key, size in index.execute("SELECT key, size FROM kept ORDER BY used"):
        yield key
        surplus -= size
        if surplus <= 0:
            return


def _checksum(key: str, value: bytes) -> int:
    """What tells a value from one that a disk has damaged; nobody else writes here."""
    return zlib.crc32(value, zlib.crc32(key.encode()))

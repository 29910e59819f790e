"""What a database has had, migrations and accounts: one query each, without the ORM, so that all can afford to ask."""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance import migrations

APP = "appliance"  # Tortoise's label for our models
APPLIED = "SELECT name FROM tortoise_migrations WHERE app = ? ORDER BY id"
PATIENCE = 5.0  # seconds
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"


class Unreadable(Exception):
    """The file is no database, or a damaged one; `str()` is what SQLite says."""


@dataclass(frozen=True, slots=True)
class State:
    """How a database stands to this program: what it has had, what it lacks, and what only a newer program knows."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def current(self) -> bool:
        """Whether this program can use the database as it is."""
        return not self.pending and not self.unknown


def compare(applied: Iterable[str]) -> State:
    """Hold what a database has had against what this program knows."""
    had = tuple(applied)
    return State(
        applied=had,
        pending=tuple(name for name in migrations.NAMES if name not in had),
        unknown=tuple(name for name in had if name not in migrations.NAMES),
    )


@contextlib.contextmanager
def reading(database: Path, patience: float = PATIENCE) -> Iterator[sqlite3.Connection]:
    """The database, open to read for as long as the block takes; raises sqlite3.Error.

    `patience` is how many seconds to wait for a writer. Not `mode=ro` as a rule: whoever opens it like that leaves an
    empty log beside a database that nobody uses. Where this user may not write, there is to be no log of ours at all,
    and what stands in the file itself has to do.
    """
    writable = all(os.access(path, os.W_OK) for path in (database, database.absolute().parent))
    mode = "rw" if writable else "ro&immutable=1"
    address = f"{database.absolute().as_uri()}?mode={mode}"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=patience)) as connection:
        connection.execute("PRAGMA query_only = ON")
        yield connection


def look(database: Path) -> State:
    """The state of a database file, which is not changed; a missing one has had nothing. Raises Unreadable."""
    return compare(name for (name,) in _rows(database, "tortoise_migrations", APPLIED, APP))


def has_accounts(database: Path) -> bool:
    """Whether anybody may sign in by the database of that file, which is not changed. Raises Unreadable."""
    return bool(_rows(database, "account", "SELECT 1 FROM account LIMIT 1"))


def _rows(database: Path, table: str, query: str, *values: str) -> list[tuple[str, ...]]:
    """What a query of one table finds; nothing where the file or the table is missing. Raises Unreadable."""
    if not database.exists():
        return []
    try:
        with reading(database) as connection:
            if (table,) not in connection.execute(TABLES).fetchall():
                return []
            return connection.execute(query, values).fetchall()
    except sqlite3.Error as error:
        raise Unreadable(str(error)) from error

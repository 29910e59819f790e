"""What a database has had, migrations and accounts: one query each, without the ORM, so that all can afford to ask."""

import contextlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from appliance import migrations

APP = "appliance"  # Tortoise's label for our models
APPLIED = "SELECT name FROM tortoise_migrations WHERE app = ? ORDER BY id"
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
        with contextlib.closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if (table,) not in connection.execute(TABLES).fetchall():
                return []
            return connection.execute(query, values).fetchall()
    except sqlite3.Error as error:
        raise Unreadable(str(error)) from error

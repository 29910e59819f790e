"""Which migrations a database has had: one query, without the ORM, so that every start can afford to ask."""

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
    if not database.exists():
        return compare(())
    try:
        with contextlib.closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if ("tortoise_migrations",) not in connection.execute(TABLES).fetchall():
                return compare(())
            return compare(name for (name,) in connection.execute(APPLIED, (APP,)))
    except sqlite3.Error as error:
        raise Unreadable(str(error)) from error

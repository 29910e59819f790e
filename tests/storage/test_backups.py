"""Copies of the database: complete, private, the newest few."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.storage.backups import KEEP, Backups


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """A database in use: its newest rows are in the log only."""
    path = tmp_path / "dropdock.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE site (name TEXT)")
        connection.execute("INSERT INTO site VALUES ('docs')")
        connection.commit()
        yield path


@pytest.fixture
def backups(tmp_path: Path) -> Backups:
    return Backups(tmp_path / "backups")


def test_a_copy_has_everything_that_was_committed(backups: Backups, database: Path) -> None:
    copy = backups.take(database, "1.2.3")

    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT name FROM site").fetchall() == [("docs",)]


def test_a_copy_is_named_for_version_and_time_and_private(backups: Backups, database: Path) -> None:
    copy = backups.take(database, "1.2.3")

    assert copy.name.startswith("dropdock-1.2.3-2")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_the_newest_copies_are_kept_whatever_their_version(backups: Backups, database: Path) -> None:
    taken = [
        backups.take(database, version) for version in ("9.0.0", "1.0.0", "9.0.0", "1.0.0", "2.0.0", "1.5.0", "1.0.0")
    ]

    assert backups.all() == taken[-KEEP:]


def test_other_files_beside_the_copies_are_left_alone(backups: Backups, database: Path) -> None:
    backups.root.mkdir()
    (backups.root / "notes.txt").write_text("x")

    for _ in range(KEEP + 1):
        backups.take(database, "1.0.0")

    assert (backups.root / "notes.txt").exists()
    assert len(list(backups.root.iterdir())) == KEEP + 1


def test_a_copy_that_fails_leaves_nothing(backups: Backups, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"not a database" * 100)

    with pytest.raises(sqlite3.DatabaseError):
        backups.take(broken, "1.0.0")

    assert list(backups.root.iterdir()) == []

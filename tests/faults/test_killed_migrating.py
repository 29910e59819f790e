"""A server killed while it migrates the database leaves it as it was, and the next start migrates it."""

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import migrations, schema
from appliance.data_folder import DataFolder
from tests.builders import MAIN, ROOT, served
from tests.faults.program import arm, command

OLDER = 4  # migrations that the database has had
MAKE = """
import asyncio, sys
from pathlib import Path
from appliance import db, migrations
from appliance.data_folder import DataFolder
from appliance.upgrade import upgrade

migrations.NAMES = migrations.NAMES[:int(sys.argv[2])]
folder = DataFolder(Path(sys.argv[1]))
folder.create()
asyncio.run(upgrade(folder, db.config(folder, foreign_keys="OFF")))
"""
ACCOUNT = "INSERT INTO account (email, role, created_at) VALUES ('alice@example.org', 'user', '2026-01-01')"


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A data folder of an older version, with somebody in it."""
    made = DataFolder(tmp_path / "data")
    subprocess.run([sys.executable, "-c", MAKE, made.root, str(OLDER)], cwd=ROOT, check=True, timeout=120)
    with contextlib.closing(sqlite3.connect(made.database)) as connection, connection:
        connection.execute(ACCOUNT)
    return made


def rows(folder: DataFolder, query: str) -> list[tuple[str, ...]]:
    with contextlib.closing(sqlite3.connect(folder.database)) as connection:
        return connection.execute(query).fetchall()


RARER = [pytest.param(step, marks=pytest.mark.long) for step in ("migrate.backup", "migrate.backed-up")]


@pytest.mark.parametrize("step", ["migrate.commit", *RARER])
def test_a_kill_while_migrating_leaves_the_database_as_it_was_or_as_it_shall_be(
    folder: DataFolder, tmp_path: Path, step: str
) -> None:
    before = rows(folder, "SELECT sql FROM sqlite_master")
    when = tmp_path / "now"
    arm(when)

    with pytest.raises(AssertionError, match="did not start"), served(folder.root, program=command(step, "kill", when)):
        pass

    assert not when.exists()
    assert rows(folder, "SELECT sql FROM sqlite_master") == before
    assert schema.look(folder.database).applied == migrations.NAMES[:OLDER]
    with served(folder.root):
        assert schema.look(folder.database).current
        assert rows(folder, "SELECT email FROM account") == [("alice@example.org",)]
    assert list(folder.backups.glob("*.part")) == []


def test_a_damaged_database_is_refused_with_the_way_to_restore(folder: DataFolder) -> None:
    folder.database.write_bytes(b"no database at all, but long enough to be taken for one" * 100)

    done = subprocess.run(
        [sys.executable, str(MAIN), "serve", "--data", str(folder.root), "--listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 1
    assert f"{folder.database} cannot be read" in done.stderr
    assert f"restore a backup from {folder.backups}" in done.stderr

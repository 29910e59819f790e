"""Databases are for their owner alone, also those that were not at first."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.storage.private import keep_private, make_anew

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there files are open or closed in another way")


def test_nothing_of_it_is_for_others_whatever_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keep_private(tmp_path / "queue.db")
        with closing(sqlite3.connect(tmp_path / "queue.db")) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("CREATE TABLE task (name)")
            modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)

    assert modes == {"queue.db": 0, "queue.db-wal": 0, "queue.db-shm": 0}


def test_one_that_others_could_read_is_closed_and_keeps_what_it_has(tmp_path: Path) -> None:
    path, log = tmp_path / "queue.db", tmp_path / "queue.db-wal"
    for each in (path, log):
        each.write_bytes(b"as it was")
        each.chmod(0o666)

    keep_private(path)

    assert {(each.stat().st_mode & 0o777, each.read_bytes()) for each in (path, log)} == {(0o600, b"as it was")}


def test_one_that_is_made_anew_is_empty_and_has_no_log_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    for end in ("", "-wal", "-shm"):
        path.with_name(f"queue.db{end}").write_bytes(b"no database")

    make_anew(path)

    assert {each.name: (each.stat().st_mode & 0o777, each.read_bytes()) for each in tmp_path.iterdir()} == {
        "queue.db": (0o600, b"")
    }

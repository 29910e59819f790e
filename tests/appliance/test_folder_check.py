"""What `check` says of the data folder, which is left as it was."""

import os
import sqlite3
from pathlib import Path

import pytest

from appliance import db, folder_check
from appliance.data_folder import DataFolder, secret_key
from appliance.folder_check import findings
from tests.foreign import foreign


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.create()
    return made


def codes(folder: DataFolder) -> set[str]:
    return {finding.code for finding in findings(folder)}


async def test_nothing_is_found_where_all_is_well(folder: DataFolder) -> None:
    secret_key(folder)
    async with await db.open(folder):
        assert findings(folder) == []


def test_a_folder_that_is_not_there_yet_is_no_error(tmp_path: Path) -> None:
    (finding,) = findings(DataFolder(tmp_path / "later"))

    assert (finding.severity, finding.code) == ("note", "no_data_folder")
    assert not (tmp_path / "later").exists()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    (inside,) = findings(DataFolder(Path("/proc/dropdock/data")))
    (blocked,) = findings(DataFolder(tmp_path / "file" / "data"))

    assert (inside.severity, inside.code) == ("error", "not_writable")
    assert inside.message.startswith("/proc cannot be used: ")
    assert (blocked.severity, str(tmp_path / "file") in blocked.message) == ("error", True)


def test_a_new_folder_will_get_its_database(folder: DataFolder) -> None:
    (found,) = findings(folder)

    assert (found.severity, found.code) == ("note", "database_behind")
    assert found.message == f"{folder.database} is not there yet, or empty; the next start makes it."


def test_a_running_server_is_named(folder: DataFolder) -> None:
    with folder.claim():
        (said,) = (finding for finding in findings(folder) if finding.code == "server_running")

    assert (said.severity, str(os.getpid()) in said.message) == ("note", True)


@pytest.mark.parametrize(
    ("content", "code"), [(b"not a database" * 100, "database_unreadable"), (b"", "database_behind")]
)
def test_a_damaged_database_is_found(folder: DataFolder, content: bytes, code: str) -> None:
    folder.database.write_bytes(content)

    assert code in codes(folder)


async def test_a_newer_database_is_found(folder: DataFolder) -> None:
    async with await db.open(folder):
        pass
    with sqlite3.connect(folder.database) as connection:
        connection.execute("INSERT INTO tortoise_migrations VALUES (99, 'appliance', '9999_later', '2030-01-01')")
    connection.close()

    assert "database_newer" in codes(folder)


@pytest.mark.parametrize(("wanted", "needed", "severity"), [(2**62, 0, "warning"), (2**62, 2**62, "error")])
def test_little_space_is_found(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, wanted: int, needed: int, severity: str
) -> None:
    monkeypatch.setattr(folder_check, "SPACE_WANTED", wanted)
    monkeypatch.setattr(folder_check, "SPACE_NEEDED", needed)

    assert [finding.severity for finding in findings(folder) if finding.code == "little_space"] == [severity]


def test_secrets_others_can_read_are_found(folder: DataFolder) -> None:
    folder.certs.chmod(0o755)

    (found,) = (finding for finding in findings(folder) if finding.code == "readable_by_others")

    assert str(folder.certs) in found.message


def test_scratch_on_another_file_system_is_found(folder: DataFolder) -> None:
    folder.work.rmdir()
    folder.work.symlink_to("/proc")

    assert {"two_file_systems", "not_writable"} <= codes(folder)


def test_a_folder_of_another_user_is_found(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: folder.root.stat().st_uid + 1)

    assert "other_owner" in codes(folder)


@pytest.mark.parametrize("name", ["usage.db", "content.lock", "migrate.lock"])
def test_what_somebody_else_has_made_and_is_only_needed_later_is_a_warning(
    folder: DataFolder, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = foreign(folder.root / name, monkeypatch)

    (found,) = (finding for finding in findings(folder) if finding.code == "not_writable")

    assert (found.severity, found.message.startswith(f"No permission to use {theirs}: ")) == ("warning", True)


def test_what_cannot_even_be_looked_at_is_found(folder: DataFolder, tmp_path: Path) -> None:
    folder.lock.mkdir()

    assert "unreadable" in codes(folder)
    assert codes(DataFolder(tmp_path / ("x" * 300))) == {"unreadable"}

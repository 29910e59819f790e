"""Digests that were taken before: used while a file is as it was, never where an edit could hide."""

import json
import os
from pathlib import Path

import pytest

from appliance.cli import hashing
from appliance.cli.hashing import Known, hash_files
from appliance.cli.output import Progress
from appliance.cli.tree import walk
from tests.builders import folder_of

FILES = {"index.html": "one", "a/b.css": "two"}
FORGED = "f" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "site", FILES)


def digests(folder: Path) -> dict[str, str]:
    hashed = hash_files(walk(folder).files, Progress(), Known.of(folder))
    return {each.leaf.name: each.sha256 for each in hashed}


def forge(folder: Path) -> None:
    """Have every remembered digest tell that it was remembered."""
    path = Known.of(folder).path
    stored = json.loads(path.read_text())
    stored["files"] = {name: [*row[:-1], FORGED] for name, row in stored["files"].items()}
    path.write_text(json.dumps(stored))


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once."""
    monkeypatch.setattr(hashing, "SETTLED", -60.0)


@pytest.mark.usefixtures("settled")
def test_a_file_that_is_as_it_was_is_not_read_again(folder: Path) -> None:
    digests(folder)
    forge(folder)

    assert digests(folder) == {"a/b.css": FORGED, "index.html": FORGED}


@pytest.mark.usefixtures("settled")
def test_an_edit_that_keeps_size_and_time_is_noticed(folder: Path) -> None:
    first = digests(folder)
    page = folder / "index.html"
    before = page.stat()
    page.write_text("ONE")
    os.utime(page, ns=(before.st_atime_ns, before.st_mtime_ns))

    second = digests(folder)

    assert second["a/b.css"] == first["a/b.css"]
    assert second["index.html"] != first["index.html"]


@pytest.mark.usefixtures("settled")
def test_another_file_put_in_its_place_is_noticed(folder: Path) -> None:
    first = digests(folder)
    (folder / "other").write_text("new")
    (folder / "other").replace(folder / "index.html")

    assert digests(folder)["index.html"] != first["index.html"]


def test_what_was_written_just_now_is_not_remembered(folder: Path) -> None:
    digests(folder)

    assert Known.of(folder).digests == {}


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("damage", [b"", b"[]", b'{"format": 1, "files": {"index.html": [1]}}', b'{"format": 2}'])
def test_what_is_damaged_is_not_believed(folder: Path, damage: bytes) -> None:
    first = digests(folder)
    Known.of(folder).path.write_bytes(damage)

    assert digests(folder) == first


def test_where_nothing_can_be_kept_files_are_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert set(digests(folder)) == set(FILES)


@pytest.mark.usefixtures("settled")
def test_folders_not_deployed_for_longest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "MOST_FOLDERS", 2)
    folders = [folder_of(tmp_path / name, FILES) for name in "abc"]
    for age, folder in zip((30, 20, 10), folders, strict=True):
        digests(folder)
        path = Known.of(folder).path
        os.utime(path, (path.stat().st_mtime - age,) * 2)

    assert [bool(Known.of(folder).digests) for folder in folders] == [False, True, True]

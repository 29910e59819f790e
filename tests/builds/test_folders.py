"""A folder that a build has had goes, whatever it was made into."""

import os
from pathlib import Path

import pytest

from builds.folders import fresh, remove
from tests.builds.workbench import write


@pytest.mark.parametrize("depth", [100, 1_500, 5_000])
def test_folders_in_folders_go_however_deep(tmp_path: Path, depth: int) -> None:
    folder = write(tmp_path / "build", {"a": "x"})
    home = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("n", dir_fd=home)
        inner = os.open("n", os.O_RDONLY, dir_fd=home)
        os.close(home)
        home = inner
    os.close(home)

    remove(folder)

    assert not folder.exists()


def test_folders_that_may_not_be_entered_go(tmp_path: Path) -> None:
    folder = write(tmp_path / "build", {"closed/a": "x", "closed/again/b": "x"})
    (folder / "closed" / "again").chmod(0)
    (folder / "closed").chmod(0)

    remove(folder)

    assert not folder.exists()


def test_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"mine": "untouched"})
    folder = write(tmp_path / "build", {"a": "x"})
    (folder / "link").symlink_to(outside)

    remove(folder)
    (tmp_path / "build").symlink_to(outside)
    remove(tmp_path / "build")

    assert (outside / "mine").read_text() == "untouched"


def test_a_fresh_folder_is_empty_and_for_this_user_alone(tmp_path: Path) -> None:
    folder = write(tmp_path / "build", {"left/over": "x"})

    assert fresh(folder) == folder
    assert (list(folder.iterdir()), folder.stat().st_mode & 0o777) == ([], 0o700)

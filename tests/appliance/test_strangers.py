"""Root in somebody else's data folder: told before it leaves what that user's server cannot use."""

import os
from pathlib import Path

import pytest

from appliance import strangers
from appliance.data_folder import DataFolder, Unusable

NOBODY = 65534

pytestmark = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can use what is not its own")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    folder.database.touch()
    return folder


def test_root_is_told_whose_server_could_not_use_what_it_leaves(folder: DataFolder) -> None:
    os.chown(folder.database, NOBODY, NOBODY)

    with pytest.raises(Unusable, match=r"belongs to nobody, .* with `sudo -u nobody` before it\."):
        strangers.refuse(folder)


def test_a_user_without_a_name_is_told_by_number(folder: DataFolder) -> None:
    os.chown(folder.database, 48_123, 48_123)

    with pytest.raises(Unusable, match="with `sudo -u '#48123'` before it"):
        strangers.refuse(folder)


def test_roots_own_server_may_use_a_folder_that_somebody_else_made(folder: DataFolder) -> None:
    os.chown(folder.root, NOBODY, NOBODY)

    strangers.refuse(folder)


def test_nothing_is_lost_where_all_that_is_made_belongs_to_one_user(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(folder.database, NOBODY, NOBODY)
    monkeypatch.setattr(strangers, "_made_by_us", lambda _: NOBODY)

    strangers.refuse(folder)


def test_a_folder_without_a_database_is_nobodys_yet(tmp_path: Path) -> None:
    strangers.refuse(DataFolder(tmp_path / "new"))

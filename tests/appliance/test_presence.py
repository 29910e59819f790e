"""A server says where it is, for as long as it is there."""

import stat
from pathlib import Path

import pytest

from appliance import presence
from appliance.data_folder import DataFolder
from appliance.presence import Presence

HERE = Presence("127.0.0.1", 8080, "localhost", "http://localhost:8080/")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.create()
    return made


def test_a_server_is_found_while_it_is_shown(folder: DataFolder) -> None:
    with folder.claim(), presence.shown(folder, HERE):
        found = presence.find(folder)

    assert found == HERE


def test_nobody_else_may_read_where_it_is(folder: DataFolder) -> None:
    with presence.shown(folder, HERE):
        mode = stat.S_IMODE(folder.running.stat().st_mode)

    assert mode == 0o600


def test_a_server_that_has_stopped_is_not_found(folder: DataFolder) -> None:
    with folder.claim(), presence.shown(folder, HERE):
        pass

    assert presence.find(folder) is None
    assert not folder.running.exists()


def test_what_a_killed_server_left_does_not_count(folder: DataFolder) -> None:
    folder.running.write_text('{"host": "127.0.0.1", "port": 8080, "admin": "localhost", "url": ""}')

    assert presence.find(folder) is None


@pytest.mark.parametrize("left", ["", "{", "[]", '{"port": 8080}'])
def test_a_server_that_does_not_say_where_it_is_yet_is_not_found(folder: DataFolder, left: str) -> None:
    folder.running.write_text(left)

    with folder.claim():
        assert presence.find(folder) is None


@pytest.mark.parametrize(
    ("listens", "asked"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("192.0.2.7", "192.0.2.7")],  # noqa: S104 - nothing is bound here
)
def test_who_listens_everywhere_is_asked_on_this_machine(listens: str, asked: str) -> None:
    assert presence.reached_at(listens) == asked

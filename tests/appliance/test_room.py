"""How much room folders take."""

import os
from pathlib import Path

import pytest

from appliance import room
from appliance.room import Room
from tests.builders import folder_of


def test_files_and_bytes_are_counted_at_any_depth(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a": "123", "b/c/d": "4567", "b/empty": ""})

    assert room.measure(tmp_path) == Room(3, 7)


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_links_are_not_followed(tmp_path: Path) -> None:
    folder_of(tmp_path, {"inside/a": "1", "outside/large": "x" * 5000})
    (tmp_path / "inside" / "out").symlink_to(tmp_path / "outside")

    assert room.measure(tmp_path / "inside").bytes < 5000


def test_counting_ends_when_its_time_is_over(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a": "123", "b/c": "4567"})

    assert room.measure(tmp_path, seconds=-1.0) == Room(0, 0, whole=False)


def test_what_has_gone_meanwhile_is_not_counted(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a": "123"})

    assert room.of([tmp_path / "a", tmp_path / "gone"]) == Room(1, 3)
    assert room.measure(tmp_path / "nowhere") == Room()

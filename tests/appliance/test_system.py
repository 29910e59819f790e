"""How the installation is: only for operators, without secrets, and measured now and then."""

from pathlib import Path

import pytest

from appliance.data_folder import DataFolder
from appliance.errors import Forbidden
from appliance.settings import Settings
from appliance.system import Storage, described
from tests.builders import appliance, folder_of
from tests.cast import ADAM, OLGA

KEY = "s3cr3t-" * 8


async def test_only_operators_are_told_and_nobody_a_secret(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ADAM), secret_key=KEY) as server:
        everything = await server.parts.system.look(server.actors[OLGA.email])
        with pytest.raises(Forbidden):
            await server.parts.system.look(server.actors[ADAM.email])

    assert [each.value for each in everything.settings if each.name == "secret_key"] == ["(set)"]
    assert "s3cr3t" not in repr(everything)  # nor is it found by guessing: what is looked through is what is shown


async def test_only_operators_may_read_the_log(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ADAM)) as server:
        await server.parts.system.log(server.actors[OLGA.email])
        with pytest.raises(Forbidden):
            await server.parts.system.log(server.actors[ADAM.email])


def test_what_is_not_as_by_default_is_marked_also_where_it_is_secret() -> None:
    settings = described(Settings(secret_key=KEY, sandbox="process"))

    assert [each.name for each in settings if each.changed] == ["sandbox", "secret_key"]


async def test_storage_is_measured_now_and_then_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    storage = Storage(folder)
    folder_of(folder.blobs, {"ab/abc": "12345"})
    folder_of(folder.root, {"dropdock.db": "1234", "dropdock.db-wal": "12", "other": "1"})

    first = await storage.look()
    folder_of(folder.blobs, {"ab/abd": "12345"})
    soon = await storage.look()
    monkeypatch.setattr("appliance.system.MEASURED", -1.0)
    later = await storage.look()

    assert first is not None
    assert later is not None
    assert (first.blobs.bytes, first.database.bytes) == (5, 6)
    assert soon is first
    assert later.blobs.bytes == 10


async def test_a_store_that_takes_long_to_count_is_counted_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    monkeypatch.setattr("appliance.system.PATIENCE", -1.0)

    found = await Storage(folder).look()

    assert found is not None
    assert (found.blobs.whole, found.cache.whole, found.database.whole) == (False, False, True)


async def test_of_a_folder_that_is_away_nothing_is_said(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    storage = Storage(folder)
    known = await storage.look()

    folder.root.rename(tmp_path / "moved")
    away = await storage.look()
    (tmp_path / "moved").rename(folder.root)

    assert away is None
    assert known is not None
    assert await storage.look() == known

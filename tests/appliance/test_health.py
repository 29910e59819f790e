"""Alive is one thing, ready another; both are for everybody to ask."""

import asyncio
import errno
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from quart import Quart
from structlog.testing import capture_logs

from appliance import db, health
from appliance.access import Access
from appliance.api import edge
from appliance.data_folder import NOT_THERE, DataFolder
from appliance.health import Health
from appliance.settings import Settings
from tests.fresh import lay_database

WELL = {"database": "ok", "data_folder": "ok", "disk_space": "ok", "queue": "ok"}


class Wired:
    """An app with the health routes, and the switches of what they look at."""

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self.consumer_runs = True
        self.health = Health(folder, lambda: self.consumer_runs)
        app = Quart(__name__)
        edge.install(app, Access.of(Settings(), "k" * 40))
        app.register_blueprint(self.health.blueprint())
        self.client = app.test_client()


@pytest.fixture
async def wired(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Wired]:
    folder = DataFolder(tmp_path_factory.mktemp("data"))
    folder.create()
    lay_database(folder.root)
    async with await db.open(folder):
        yield Wired(folder)


async def checks(wired: Wired) -> tuple[int, dict[str, str]]:
    response = await wired.client.get("/readyz")
    body = await response.get_json()
    assert body["ready"] is (response.status_code == 200)
    return response.status_code, body["checks"]


async def test_a_living_process_says_so(wired: Wired) -> None:
    response = await wired.client.get("/healthz")

    assert (response.status_code, await response.get_data()) == (200, b"ok\n")
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_process_where_everything_works_is_ready(wired: Wired) -> None:
    assert await checks(wired) == (200, WELL)


async def test_a_queue_that_nobody_works_on_is_named(wired: Wired) -> None:
    wired.consumer_runs = False

    assert await checks(wired) == (503, WELL | {"queue": "nobody works on the queue"})


async def test_a_database_that_does_not_answer_is_named(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE", 1.0)
    held = asyncio.Event()

    async def busy() -> None:
        await held.wait()

    monkeypatch.setattr(db, "ask", busy)

    assert await checks(wired) == (503, WELL | {"database": "no answer in 1 s"})


async def test_a_database_that_fails_is_named_without_details(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = DataFolder(tmp_path_factory.mktemp("data"))
    folder.create()

    assert await checks(Wired(folder)) == (503, WELL | {"database": "failed; the log says how"})


async def test_a_data_folder_that_is_gone_is_named_and_logged_once(
    wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "RECENT", -1.0)
    wired.folder.root.rename(wired.folder.root.with_name("moved"))

    with capture_logs() as lines:
        found = [await checks(wired) for _ in range(3)]
        wired.folder.root.with_name("moved").rename(wired.folder.root)
        well = await checks(wired)

    away = {"data_folder": NOT_THERE, "disk_space": "cannot be told while the data folder is not there"}
    assert found == [(503, WELL | away)] * 3
    assert well == (200, WELL)
    assert [line["event"] for line in lines] == ["data_folder_lost", "data_folder_back"]


async def test_a_folder_that_cannot_be_written_to_is_logged_once(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(health, "RECENT", -1.0)
    monkeypatch.setattr(health, "write_probe", refuse)

    with capture_logs() as lines:
        found = [(await checks(wired))[1]["data_folder"] for _ in range(3)]

    assert found == ["cannot be written to"] * 3
    assert [line["event"] for line in lines] == ["data_folder_not_writable"]


async def test_a_full_disk_is_named(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SPACE_NEEDED", 2**62)

    status, found = await checks(wired)

    assert status == 503
    assert found["disk_space"].endswith(" MB left")


async def test_many_that_ask_at_once_cost_one_look(wired: Wired) -> None:
    first = await asyncio.gather(*(wired.health.look() for _ in range(20)))
    wired.consumer_runs = False

    assert all(found is first[0] for found in first)
    assert (await checks(wired))[0] == 200


async def test_what_was_found_is_forgotten_soon(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    await wired.health.look()
    monkeypatch.setattr(health, "RECENT", 0.0)
    wired.consumer_runs = False

    assert (await checks(wired))[0] == 503


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_only_reading_is_allowed(wired: Wired, path: str) -> None:
    assert (await wired.client.post(path)).status_code == 405

"""A data folder that is moved away from under a running server: nothing is stored meanwhile, and nothing is lost."""

import shutil
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance import health
from appliance.data_folder import NOT_THERE
from appliance.errors import Conflict
from appliance.whereabouts import NO_DATABASE, OTHER
from tests.builders import Appliance, appliance, deployed, page, zip_of
from tests.cast import OLGA

API = "/api/v1"
OLD = zip_of({"index.html": page("old")})
NEW = zip_of({"index.html": page("new")})
TEXT = b"sent ahead"
CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "an upload": ("POST", "sites/shop/deploys", {"content": NEW, "headers": {"content-type": "application/zip"}}),
    "content": ("PUT", f"contents/{sha256(TEXT).hexdigest()}", {"content": TEXT}),
    "a listing": ("POST", "sites/shop/listings", {"json": {"files": [["index.html", "0" * 64, 5]]}}),
    "a deploy again": ("POST", "deploys/{deploy}/redeploy", {}),
    "a site": ("POST", "sites", {"json": {"name": "other"}}),
}


class Ground:
    """A server whose folder can be taken away, with a site that has a deploy."""

    def __init__(self, server: Appliance, client: httpx.AsyncClient, deploy: str) -> None:
        self.server = server
        self.client = client
        self.deploy = deploy
        self.root = server.parts.settings.data
        self.aside = self.root.with_name("aside")

    def take_away(self) -> None:
        self.root.rename(self.aside)

    def bring_back(self) -> None:
        self.aside.rename(self.root)

    async def refusals(self) -> dict[str, tuple[int, str]]:
        return {what: await self.change(what) for what in CHANGES}

    async def change(self, what: str) -> tuple[int, str]:
        """The status, and what was said where it was refused."""
        verb, path, sent = CHANGES[what]
        answer = await self.client.request(verb, f"{API}/{path.format(deploy=self.deploy)}", **sent)
        return answer.status_code, "" if answer.is_success else answer.json()["detail"]

    async def ready(self) -> tuple[int, str]:
        answer = await self.client.get("/readyz")
        return answer.status_code, answer.json()["checks"]["data_folder"]


@pytest.fixture
async def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ground]:
    monkeypatch.setattr(health, "RECENT", -1.0)
    async with appliance(tmp_path / "data") as server, server.client(OLGA) as client:
        yield Ground(server, client, (await deployed(client, "shop", OLD))["id"])


async def test_nothing_is_stored_while_it_is_away_and_all_works_once_it_is_back(ground: Ground) -> None:
    ground.take_away()
    refused = await ground.refusals()
    away, made = await ground.ready(), ground.root.exists()
    ground.bring_back()

    said = f"{NOT_THERE}. That is for its operator to do, and nothing was changed: try again then."
    assert refused == dict.fromkeys(CHANGES, (503, f"The server's data folder {said}"))
    assert (away, made) == ((503, NOT_THERE), False)
    assert {status for status, _ in (await ground.refusals()).values()} <= {200, 201, 202}
    assert await ground.ready() == (200, "ok")
    assert (await deployed(ground.client, "shop", NEW))["live"]
    assert (await ground.server.fetch("shop.localhost")).text == page("new")


async def test_nothing_is_written_where_its_disk_was_mounted(ground: Ground) -> None:
    ground.take_away()
    ground.root.mkdir()
    refused = await ground.refusals()
    with pytest.raises(Conflict, match="is not there: mount its disk"):
        await ground.server.parts.sweeping.sweep()
    found = list(ground.root.iterdir())
    ground.root.rmdir()
    ground.bring_back()

    assert {status for status, _ in refused.values()} == {503}
    assert found == []


async def test_what_is_looked_for_meanwhile_is_not_said_to_be_a_crash(ground: Ground) -> None:
    ground.take_away()
    answer = await ground.client.get(f"{API}/deploys/{ground.deploy}/download")
    ground.bring_back()

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_failed")


async def test_an_operator_may_sign_in_meanwhile(ground: Ground) -> None:
    ground.take_away()
    answer = await ground.client.post(
        f"{API}/auth/sign-in", json={"email": OLGA.email, "password": OLGA.password}, headers={"authorization": ""}
    )
    ground.bring_back()

    assert answer.is_success


async def test_a_copy_of_it_asks_for_a_restart_as_the_server_has_another_database_open(ground: Ground) -> None:
    """What was moved to another disk and back was copied: what would be changed now is in a file that has no name."""
    ground.take_away()
    shutil.copytree(ground.aside, ground.root)

    ready, (status, said) = await ground.ready(), await ground.change("a site")

    assert ready == (503, OTHER)
    assert (status, OTHER in said) == (503, True)


async def test_a_folder_without_its_database_is_not_taken_for_one_that_is_well(ground: Ground) -> None:
    database = ground.root / "dropdock.db"
    database.rename(database.with_name("aside.db"))
    status, said = await ground.change("a site")
    database.with_name("aside.db").rename(database)

    assert (status, NO_DATABASE in said) == (503, True)
    assert (await ground.change("a site"))[0] == 201

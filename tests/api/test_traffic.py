"""Traffic over the API: what visitors asked of a site, for those who may see the site."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.builders import Appliance, appliance, deployed, page, zip_of
from tests.cast import ALICE, BOB, OLGA

ONE = zip_of({"index.html": page("one")})


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path / "data", people=(OLGA, ALICE, BOB)) as running:
        async with running.client(ALICE) as alice:
            await deployed(alice, "shop", ONE)
        yield running


async def visit(server: Appliance, target: str) -> httpx.Response:
    async with httpx.AsyncClient() as visitor:
        headers = {"host": f"shop.localhost:{server.port}"}
        return await visitor.get(f"http://127.0.0.1:{server.port}{target}", headers=headers)


async def test_visits_are_counted_with_what_was_missed(server: Appliance) -> None:
    sent = [len((await visit(server, target)).content) for target in ("/", "/", "/gone?x=y")]

    async with server.client(ALICE) as alice:
        answer = await alice.get("/api/v1/sites/shop/traffic")

    seen = answer.json()
    assert answer.status_code == 200
    assert seen.pop("since")
    assert seen == {
        "requests": 3,
        "bytes": sum(sent),
        "statuses": {"1xx": 0, "2xx": 2, "3xx": 0, "4xx": 1, "5xx": 0},
        "missed": [{"path": "/gone", "requests": 1}],
        "missed_more": 0,
    }


async def test_a_site_made_again_begins_at_nothing(server: Appliance) -> None:
    await visit(server, "/gone")

    async with server.client(ALICE) as alice:
        await alice.delete("/api/v1/sites/shop")
        await alice.delete("/api/v1/deleted-sites/shop")
        await alice.post("/api/v1/sites", json={"name": "shop"})
        seen = (await alice.get("/api/v1/sites/shop/traffic")).json()

    assert (seen["requests"], seen["missed"]) == (0, [])


async def test_operators_may_look_and_strangers_find_nothing(server: Appliance) -> None:
    async with server.client(OLGA) as olga, server.client(BOB) as bob, server.client() as nobody:
        answers = [await client.get("/api/v1/sites/shop/traffic") for client in (olga, bob, nobody)]

    assert [answer.status_code for answer in answers] == [200, 404, 401]


async def test_only_looking_is_possible(server: Appliance) -> None:
    async with server.client(ALICE) as alice:
        assert (await alice.post("/api/v1/sites/shop/traffic", json={})).status_code == 405

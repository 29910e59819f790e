"""Two changes at the same time come out as if one had come after the other, whichever was first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import httpx
import pytest

from appliance.data_folder import DataFolder
from tests.builders import Appliance, appliance, deployed, finished, page, uploaded, zip_of
from tests.cast import ALICE, OLGA

TIMES = [pytest.param(4, id="a few times"), pytest.param(60, id="many times", marks=pytest.mark.long)]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path / "data", (OLGA, ALICE)) as running:
        yield running


@pytest.fixture
async def client(server: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with server.client(ALICE) as made:
        yield made


def version(text: str) -> bytes:
    return zip_of({"index.html": page(text), "part.txt": text})


async def together(one: Awaitable[httpx.Response], other: Awaitable[httpx.Response]) -> tuple[int, int]:
    first, second = await asyncio.gather(one, other)
    return first.status_code, second.status_code


async def shown(server: Appliance, host: str) -> str | None:
    """What a visitor gets, whose parts belong to one another; None where there is nothing."""
    answer, part = await server.fetch(host), await server.fetch(host, "/part.txt")
    if answer.status_code == 404:
        return None
    assert (answer.status_code, answer.text) == (200, page(part.text))
    return part.text


@pytest.mark.parametrize("times", TIMES)
async def test_of_two_deploys_the_later_is_live(server: Appliance, client: httpx.AsyncClient, times: int) -> None:
    await deployed(client, "shop", version("first"))
    for number in range(times):
        texts = {f"{number} one", f"{number} other"}
        both = await asyncio.gather(*(uploaded(client, "shop", version(text), message=text) for text in texts))
        facts = [await finished(client, one["id"]) for one in both]

        later = max(facts, key=lambda one: int(one["number"]))
        assert later["state"] == "ready"
        assert later["live"]
        assert {one["state"] for one in facts} <= {"ready", "superseded"}
        assert await shown(server, "shop.localhost") == later["message"]


@pytest.mark.parametrize("times", TIMES)
async def test_a_deploy_and_the_removal_of_its_site_leave_nothing_of_either(
    server: Appliance, client: httpx.AsyncClient, times: int
) -> None:
    for number in range(times):
        site = f"shop{number}"
        await deployed(client, site, version("first"))
        sent = client.post(
            f"/api/v1/sites/{site}/deploys", content=version("second"), headers={"content-type": "application/zip"}
        )

        deploying, removing = await together(sent, client.delete(f"/api/v1/sites/{site}"))

        assert removing == 204
        assert deploying in {202, 404}
        assert (await client.get(f"/api/v1/sites/{site}")).status_code == 404
        assert await shown(server, f"{site}.localhost") is None
    folder = DataFolder(server.parts.settings.data)
    async with asyncio.timeout(60):
        while server.parts.deploys.under_way or [*folder.incoming.iterdir(), *folder.work.iterdir()]:  # noqa: ASYNC110 - a folder tells nobody
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("times", TIMES)
async def test_a_rollback_goes_to_a_deploy_that_is_there(
    server: Appliance, client: httpx.AsyncClient, times: int
) -> None:
    """The one it would go to is deleted at that moment: one of the two is too late."""
    for number in range(times):
        site = f"shop{number}"
        for text in ("oldest", "older", "new"):
            last = await deployed(client, site, version(text))
        older = (await client.get(f"/api/v1/sites/{site}/deploys")).json()["items"][1]
        back, gone = client.post(f"/api/v1/sites/{site}/rollback"), client.delete(f"/api/v1/deploys/{older['id']}")

        statuses = await together(back, gone) if number % 2 else (await together(gone, back))[::-1]

        now = await shown(server, f"{site}.localhost")
        there = (await client.get(f"/api/v1/deploys/{older['id']}")).status_code == 200
        assert (statuses, now, there) in {
            ((200, 409), "older", True),
            ((200, 204), "oldest", False),
            ((404, 204), "new", False),
            ((409, 204), "new", False),
        }, (statuses, now, there, last["number"])


@pytest.mark.parametrize("times", TIMES)
async def test_what_is_published_has_the_gate_that_was_set(
    server: Appliance, client: httpx.AsyncClient, times: int
) -> None:
    for number in range(times):
        site = f"shop{number}"
        first = await deployed(client, site, version("first"))
        await deployed(client, site, version("second"))

        statuses = await together(
            client.post(f"/api/v1/sites/{site}/publish", json={"deploy": first["id"]}),
            client.patch(f"/api/v1/sites/{site}/gate", json={"covers": "everything", "password": "only for friends"}),
        )

        inside = await server.fetch(f"{site}.localhost", "/part.txt", auth=("friend", "only for friends"))
        assert statuses == (200, 200)
        assert (await server.fetch(f"{site}.localhost", "/part.txt")).status_code == 401
        assert (inside.status_code, inside.text) == (200, "first")

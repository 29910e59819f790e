"""Too many uploads at once: every client is told so in its own form, and when to come back; nothing is stored."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from appliance.clients import cloudflare
from appliance.errors import TooMany
from appliance.intake import COME_BACK
from tests.builders import Appliance, appliance, page, tar_of, zip_of
from tests.cast import ALICE, OLGA
from tests.clients.waiting import until

ZIP = zip_of({"index.html": page("one")})
ZIPPED = {"Content-Type": "application/zip"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path / "data", [OLGA, ALICE], uploads_at_once=1) as running:
        async with of(running, "") as client:
            (await client.post("/api/v1/sites", json={"name": "blog"})).raise_for_status()
        yield running


@pytest.fixture
async def full(server: Appliance) -> AsyncIterator[Appliance]:
    """A server on which the only upload there may be is under way."""
    goes_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield ZIP[:10]
        await goes_on.wait()
        yield ZIP[10:]

    incoming = server.parts.settings.data / "incoming"

    async def begun() -> bool | None:
        return any(incoming.iterdir()) or None

    async with of(server, "") as client:
        upload = asyncio.create_task(client.post("/api/v1/sites/blog/deploys", content=slow(), headers=ZIPPED))
        await until(begun)
        yield server
        goes_on.set()
        assert (await upload).status_code == 202


def of(server: Appliance, path: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {server.tokens[ALICE.email]}"}
    return httpx.AsyncClient(base_url=f"http://localhost:{server.port}{path}", headers=headers, timeout=60)


async def test_the_native_api_says_when_to_come_back(full: Appliance) -> None:
    async with of(full, "/api/v1") as client:
        refused = await client.post("/sites/blog/deploys", content=ZIP, headers=ZIPPED)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_uploads")
    assert refused.json()["limit"] == {"name": "uploads_at_once", "value": "1"}
    assert refused.headers["Retry-After"] == str(COME_BACK)


async def test_netlify_is_told_the_time_at_which_to_come_back(full: Appliance) -> None:
    asked = int(time.time())
    async with of(full, "/netlify") as client:
        refused = await client.post("/sites/blog/deploys", content=ZIP, headers=ZIPPED)

    assert (refused.status_code, refused.json()["code"]) == (429, 429)
    assert "uploads" in refused.json()["message"]
    assert asked + COME_BACK <= int(refused.headers["X-RateLimit-Reset"]) <= time.time() + COME_BACK
    assert refused.headers["Retry-After"] == str(COME_BACK)


async def test_surge_is_told_why(full: Appliance) -> None:
    project = tar_of({"project/index.html": page("one")}, "gz")
    base = f"http://localhost:{full.port}/surge"
    async with httpx.AsyncClient(base_url=base, auth=("token", full.tokens[ALICE.email]), timeout=60) as client:
        refused = await client.put("/blog.localhost", content=project)

    assert refused.status_code == 429
    assert "uploads" in refused.headers["Reason"]
    assert refused.headers["Retry-After"] == str(COME_BACK)


def test_cloudflare_is_told_in_its_envelope() -> None:
    """Its uploads wait for their turn instead; where something else refuses, this is how."""
    asked = int(time.time())

    refused = cloudflare._render(TooMany("Too much.", retry_after=7))

    assert refused.status_code == 429
    assert asked + 7 <= int(refused.headers["X-RateLimit-Reset"]) <= time.time() + 7
    assert refused.headers["Retry-After"] == "7"


async def test_once_there_is_room_the_same_request_is_taken(server: Appliance) -> None:
    async with of(server, "/netlify") as client:
        assert (await client.post("/sites/blog/deploys", content=ZIP, headers=ZIPPED)).is_success

"""Plain deploys called off while they wait, while they are worked on, or at whatever moment: nothing is left."""

import asyncio
import random
from pathlib import Path

import httpx
import psutil
import pytest

from appliance.data_folder import DataFolder
from tests.appliance.test_jobs import left_over
from tests.build_children import until
from tests.builders import appliance, deployed, finished, page, uploaded, zip_of
from tests.cast import ALICE, OLGA
from tests.held_child import Gate
from tests.presses import presses

PEOPLE = (OLGA, ALICE)
ONE = zip_of({"index.html": page("one")})
MANY = {f"{number}.html": page(f"page {number} " * 500) for number in range(300)}


async def called_off(client: httpx.AsyncClient, deploy: str) -> httpx.Response:
    return await client.post(f"/api/v1/deploys/{deploy}/cancel")


def processes() -> set[int]:
    """What this server has started, but for the presses that tests share."""
    return {child.pid for child in psutil.Process().children(recursive=True)} - set(presses().pids)


async def test_one_that_is_worked_on(tmp_path: Path) -> None:
    data, gate = tmp_path / "data", Gate(tmp_path / "gate")
    async with appliance(data, PEOPLE, build_command=gate.command(data)) as server, server.client(ALICE) as client:
        gate.hold_next()
        deploy = (await uploaded(client, "shop", ONE))["id"]
        await gate.held(deploy)

        facts = (await called_off(client, deploy)).raise_for_status().json()

        assert (facts["state"], facts["live"], facts["error"]["code"]) == ("cancelled", False, "cancelled")
        assert left_over(data) == []
        await until(lambda: processes() == set())
        assert (await deployed(client, "shop", ONE))["live"]


async def test_one_that_waits(tmp_path: Path) -> None:
    data, gate = tmp_path / "data", Gate(tmp_path / "gate")
    async with (
        appliance(data, PEOPLE, build_command=gate.command(data), deploys_at_once=1) as server,
        server.client(ALICE) as client,
    ):
        gate.hold_next()
        first = (await uploaded(client, "shop", ONE))["id"]
        await gate.held(first)
        waiting = (await uploaded(client, "other", ONE))["id"]

        facts = (await called_off(client, waiting)).raise_for_status().json()
        after = left_over(data)
        gate.let_go(first)

        assert facts["state"] == "cancelled"
        assert waiting not in after
        assert (await finished(client, first))["live"]
        assert (await server.fetch("other.localhost")).status_code == 404


@pytest.mark.long
async def test_one_at_whatever_moment(tmp_path: Path) -> None:
    data, moments = tmp_path / "data", random.Random(4)
    async with appliance(data, PEOPLE, force_minify="on") as server, server.client(ALICE) as client:
        await deployed(client, "shop", ONE)
        for attempt in range(8):
            upload = zip_of(MANY | {"index.html": page(f"attempt {attempt}")})
            deploy = (await uploaded(client, "shop", upload))["id"]
            await asyncio.sleep(moments.uniform(0, 1.5))  # any moment will do: what holds, holds at each
            answer = await called_off(client, deploy)
            facts = await finished(client, deploy)

            assert facts["state"] == ("cancelled" if answer.status_code == 200 else "ready")
            shown = (await server.fetch("shop.localhost")).text
            assert (f"attempt {attempt}" in shown) == facts["live"] == (facts["state"] == "ready")
            await until(lambda: left_over(data) == [])

        assert (await deployed(client, "shop", ONE))["live"]
    assert processes() == set()
    assert not any(path.name.startswith(".") for path in DataFolder(data).blobs.rglob("*"))

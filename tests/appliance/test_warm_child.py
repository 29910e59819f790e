"""The build child that is kept ready: for which uploads, how long, and that it ends with the server."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from builds.presses import LARGE_UPLOAD
from tests.build_children import build_children, until
from tests.builders import appliance, deployed, finished, page, zip_of
from tests.cast import ALICE, OLGA

ONE = zip_of({"index.html": page("one")})
PEOPLE = (OLGA, ALICE)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def test_a_warm_child_waits_for_the_first_upload_and_for_the_next(data: Path) -> None:
    async with appliance(data, PEOPLE, child_idle=3600) as server, server.client(ALICE) as client:
        warm = build_children()
        await deployed(client, "shop", ONE)
        after = build_children()

    assert len(warm) == 1
    assert after == warm


@pytest.mark.parametrize(("changes", "presses"), [({}, True), ({"variants": False}, False)], ids=["some", "nothing"])
async def test_while_a_large_upload_is_on_its_way_its_child_gets_ready_to_optimise(
    data: Path, changes: dict[str, Any], presses: bool
) -> None:
    upload = zip_of({"index.html": page("one"), "noise.bin": random.Random(4).randbytes(LARGE_UPLOAD)})
    ready = False

    async with appliance(data, PEOPLE, **changes) as server, server.client(ALICE) as client:
        [warm] = build_children()

        async def slowly() -> AsyncIterator[bytes]:
            nonlocal ready
            yield upload[:1000]
            if presses:
                await until(lambda: bool(warm.children()))
            ready = bool(warm.children())
            yield upload[1000:]

        await client.post("/api/v1/sites", json={"name": "shop"})
        sent = {"content-type": "application/zip", "content-length": str(len(upload))}
        answer = await client.post("/api/v1/sites/shop/deploys", content=slowly(), headers=sent)
        assert (await finished(client, answer.json()["id"]))["state"] == "ready"

    assert ready == presses


async def test_a_warm_child_ends_after_its_time(data: Path) -> None:
    async with appliance(data, PEOPLE, child_idle=0.1) as server, server.client(ALICE) as client:
        await deployed(client, "shop", ONE)

        await until(lambda: build_children() == [])


async def test_no_process_is_left_after_a_stop(data: Path) -> None:
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        await deployed(client, "shop", ONE)
        assert len(build_children()) == 1

    assert build_children() == []

"""A disk that is full or read-only: each client is told so in its own form, and once it is mended the same goes."""

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import Appliance, appliance, page, tar_of, zip_of
from tests.cast import OLGA
from tests.faults.disks import SmallDisk, small_disk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is mounted here is Linux's")

MEGABYTES = 32
TEXT = page("one").encode()
KEY = "0123456789abcdef0123456789abcdef"
ZIPPED = {"Content-Type": "application/zip"}
REASONS = ("could not store", "could not be used", "is not there: mount its disk")
KINDS = ["full", pytest.param("read-only", marks=pytest.mark.long), "unmounted"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "data", MEGABYTES) as mounted:
        yield mounted


@pytest.fixture
async def server(disk: SmallDisk) -> AsyncIterator[Appliance]:
    async with appliance(disk.root, [OLGA]) as running:
        async with of(running, "") as client:
            (await client.post("/api/v1/sites", json={"name": "blog"})).raise_for_status()
        yield running


def of(server: Appliance, path: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {server.tokens[OLGA.email]}"}
    return httpx.AsyncClient(base_url=f"http://localhost:{server.port}{path}", headers=headers, timeout=60)


def failing(disk: SmallDisk, kind: str) -> AbstractContextManager[None]:
    if kind == "full":
        return disk.filled(0)
    return disk.unmounted() if kind == "unmounted" else disk.read_only()


def is_told(sentence: str) -> bool:
    return any(reason in sentence for reason in REASONS)


@pytest.mark.parametrize("kind", KINDS)
async def test_netlify_is_told_in_its_message(server: Appliance, disk: SmallDisk, kind: str) -> None:
    async with of(server, "/netlify") as client:
        listing = {"files": {"/index.html": hashlib.sha1(TEXT, usedforsecurity=False).hexdigest()}}
        opened = (await client.post("/sites/blog/deploys", json=listing)).raise_for_status().json()
        file = f"/deploys/{opened['id']}/files/index.html"
        binary = {"Content-Type": "application/octet-stream"}
        with failing(disk, kind):
            answers = [
                await client.put(file, content=TEXT, headers=binary),
                await client.post("/sites/blog/deploys", content=zip_of({"index.html": TEXT}), headers=ZIPPED),
                *([await client.post("/sites", json={"name": "other"})] if kind != "read-only" else []),
            ]
        again = await client.put(file, content=TEXT, headers=binary)

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(503, 503)] * len(answers)
    assert all(is_told(one.json()["message"]) for one in answers), [one.text for one in answers]
    assert again.is_success


@pytest.mark.parametrize("kind", KINDS)
async def test_cloudflare_is_told_in_its_envelope(server: Appliance, disk: SmallDisk, kind: str) -> None:
    async with of(server, "/cloudflare") as client:
        account = (await client.get("/accounts")).json()["result"][0]["id"]
        projects = f"/accounts/{account}/pages/projects"
        jwt = (await client.get(f"{projects}/blog/upload-token")).raise_for_status().json()["result"]["jwt"]
        permit = {"Authorization": f"Bearer {jwt}"}
        assets = [{"key": KEY, "value": TEXT.hex(), "base64": False}]
        with failing(disk, kind):
            answers = [
                await client.post("/pages/assets/upload", json=assets, headers=permit),
                *([await client.post(projects, json={"name": "other"})] if kind != "read-only" else []),
            ]
        again = await client.post("/pages/assets/upload", json=assets, headers=permit)

    for one in answers:
        told = one.json()
        assert (one.status_code, told["success"]) == (503, False)
        assert told["errors"][0]["code"] == 8000000
        assert is_told(told["errors"][0]["message"]), one.text
    assert again.is_success


@pytest.mark.parametrize("kind", KINDS)
async def test_surge_is_told_by_an_event(server: Appliance, disk: SmallDisk, kind: str) -> None:
    project = tar_of({"project/index.html": page("one")}, "gz")
    base = f"http://localhost:{server.port}/surge"
    sites = ["/blog.localhost", *(["/new.localhost"] if kind != "read-only" else [])]
    async with httpx.AsyncClient(base_url=base, auth=("token", server.tokens[OLGA.email]), timeout=60) as client:
        with failing(disk, kind):
            answers = [await client.put(site, content=project) for site in sites]
        again = await client.put("/blog.localhost", content=project)

    assert all(is_told(last_event(one)["error"]["message"]) for one in answers), [one.text for one in answers]
    assert last_event(again)["type"] == "info"


@pytest.mark.long
async def test_a_database_that_another_process_locks_is_told_with_the_time_to_come_back(
    server: Appliance, disk: SmallDisk
) -> None:
    locking = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOCK, str(disk.root / "dropdock.db"), stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert locking.stdout is not None
    assert await locking.stdout.readline() == b"locked\n"
    async with of(server, "/netlify") as client:
        refused = await client.post("/sites", json={"name": "other"})
        await locking.communicate(b"\n")
        again = await client.post("/sites", json={"name": "other"})

    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (503, True)
    assert is_told(refused.json()["message"])
    assert again.is_success


LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""


def last_event(answer: httpx.Response) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(answer.text.splitlines()[-1])
    return event

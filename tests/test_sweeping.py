"""Sweeping beside a running server: disk is freed, and nothing that a deploy has or is about to have."""

import asyncio
import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.data_folder import DataFolder
from appliance.errors import Conflict
from appliance.file_lock import FileLock
from appliance.storage.sweep import Swept
from tests.builders import MAIN, Appliance, appliance, deployed, finished, page, uploaded, zip_of
from tests.cast import ALICE, OLGA

DAY = 86_400.0  # seconds
ROOT = Path(__file__).parents[1]


def age(data: Path) -> None:
    """Everything stored was last used, and found to be unnamed, a day ago."""
    then = time.time() - DAY
    for folder in ("blobs", "manifests", "sweep/unnamed"):
        for path in (data / folder).rglob("*"):
            with contextlib.suppress(FileNotFoundError):  # swept meanwhile
                if path.is_file():
                    os.utime(path, (then, then))


def stored(data: Path) -> set[str]:
    return {path.name for path in (data / "blobs").glob("??/*")} | {
        path.name for path in (data / "manifests").iterdir()
    }


async def swept(server: Appliance, data: Path) -> Swept:
    """Sweep as if a day had passed since everything was last used."""
    age(data)
    await server.parts.sweeping.sweep()
    age(data)
    return await server.parts.sweeping.sweep()


async def delete(client: httpx.AsyncClient, deploy: dict[str, Any]) -> None:
    (await client.delete(f"/api/v1/deploys/{deploy['id']}")).raise_for_status()


async def with_something_to_sweep(server: Appliance, client: httpx.AsyncClient, data: Path) -> set[str]:
    """What is stored once a deploy was deleted, and found by a sweep to be named by nothing for a day."""
    old = await deployed(client, "shop", content("old"))
    await deployed(client, "shop", content("new"))
    await delete(client, old)
    await server.parts.sweeping.sweep()
    before = stored(data)
    age(data)
    return before


def content(text: str) -> bytes:
    return zip_of({"index.html": page(text), "shared.txt": "shared " * 500, f"{text}.txt": f"{text} " * 500})


async def test_a_deleted_deploy_frees_what_only_it_had_and_the_rest_is_served_as_before(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with appliance(data, (OLGA, ALICE)) as server, server.client(ALICE) as client:
        old = await deployed(client, "shop", content("old"))
        before = stored(data)
        await deployed(client, "shop", content("new"))
        await deployed(client, "other", content("new"))
        await delete(client, old)
        freed = await swept(server, data)
        again = await swept(server, data)
        got = [
            await server.fetch(f"{site}.localhost", path, headers={"accept-encoding": coding})
            for site in ("shop", "other")
            for path in ("/", "/shared.txt", "/new.txt")
            for coding in ("identity", "br", "zstd", "gzip")
        ]
        metrics = (await server.fetch("localhost", "/metrics")).text

    only_old = hashlib.sha256(("old " * 500).encode()).hexdigest()
    shared = hashlib.sha256(("shared " * 500).encode()).hexdigest()
    assert (only_old in before, only_old in stored(data), shared in stored(data)) == (True, False, True)
    assert freed.manifests == 1
    assert freed.bytes > 2000
    assert again == Swept()
    assert {answer.status_code for answer in got} == {200}
    assert {answer.text for answer in got} == {page("new"), "shared " * 500, "new " * 500}
    assert f"dropdock_swept_bytes_total {freed.bytes:.1f}" in metrics


async def test_a_deleted_site_keeps_its_content_until_it_is_removed_for_good(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with appliance(data, (OLGA, ALICE)) as server, server.client(ALICE) as client:
        await deployed(client, "shop", content("one"))
        await deployed(client, "shop", content("two"))
        kept = stored(data)
        (await client.delete("/api/v1/sites/shop")).raise_for_status()
        await swept(server, data)
        restorable = stored(data)
        (await client.delete("/api/v1/deleted-sites/shop")).raise_for_status()
        await swept(server, data)

    assert restorable == kept
    assert stored(data) == set()


async def test_deploys_and_sweeps_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    """Each uses again what one before it had, while sweeps go on without a pause."""
    data = tmp_path / "data"
    over = asyncio.Event()

    async def keep_sweeping(server: Appliance) -> None:
        while not over.is_set():
            await server.parts.sweeping.sweep()

    async with appliance(data, (OLGA, ALICE)) as server, server.client(ALICE) as client:
        sweeping = asyncio.create_task(keep_sweeping(server))
        last: list[dict[str, Any]] = []
        for number in range(4):
            await asyncio.to_thread(age, data)  # a day passes while no deploy is under way
            made = await asyncio.gather(
                *(deployed(client, site, content(f"{site}-{number % 2}")) for site in ("shop", "other"))
            )
            assert [facts["state"] for facts in made] == ["ready", "ready"]
            for facts in last:
                await delete(client, facts)
            last = made
            for site in ("shop", "other"):
                text = f"{site}-{number % 2}"
                expected = {"/": page(text), "/shared.txt": "shared " * 500, f"/{text}.txt": f"{text} " * 500}
                assert {path: (await server.fetch(f"{site}.localhost", path)).text for path in expected} == expected
        over.set()
        await sweeping


async def test_nothing_is_swept_while_a_backup_is_taken(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with appliance(data, (OLGA, ALICE)) as server, server.client(ALICE) as client:
        before = await with_something_to_sweep(server, client, data)
        with FileLock(DataFolder(data).content_lock) as backup:
            backup.take()
            sweeping = asyncio.create_task(server.parts.sweeping.sweep())
            done, _ = await asyncio.wait({sweeping}, timeout=0.5)
            meanwhile = stored(data)
            with pytest.raises(Conflict, match="under way"):
                await server.parts.sweeping.sweep()
        freed = await sweeping

    assert not done
    assert meanwhile == before
    assert freed.manifests == 1


async def test_a_clock_that_is_set_meanwhile_ends_the_sweep_and_nothing_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stored after the clock was set back may look as if nobody had used it since long before the sweep."""
    data = tmp_path / "data"
    async with appliance(data, (OLGA, ALICE)) as server, server.client(ALICE) as client:
        before = await with_something_to_sweep(server, client, data)
        with FileLock(DataFolder(data).content_lock) as backup:
            backup.take()
            sweeping = asyncio.create_task(server.parts.sweeping.sweep())
            await asyncio.wait({sweeping}, timeout=0.5)
            monkeypatch.setattr("appliance.sweeping.time", BackAnHour())
        with pytest.raises(Conflict, match="clock was set"):
            await sweeping
        meanwhile = stored(data)
        age(data)
        freed = await server.parts.sweeping.sweep()

    assert meanwhile == before
    assert freed.manifests == 1


class BackAnHour:
    """The module `time`, once the clock was set."""

    def time(self) -> float:
        return time.time() - 3600

    def monotonic(self) -> float:
        return time.monotonic()


async def test_a_server_that_stops_ends_the_sweep_that_waits(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with FileLock(DataFolder(data).content_lock) as backup:
        backup.take()
        async with appliance(data, sweep_every=0.05):
            async with asyncio.timeout(30):
                while not (data / "sweep" / "unnamed").exists():  # noqa: ASYNC110 - a folder tells nobody
                    await asyncio.sleep(0.02)
        left = FileLock(data / "sweep" / "lock").holder()

    assert left is None


async def test_a_sweep_that_is_killed_has_done_no_harm_and_the_next_ends_its_work(tmp_path: Path) -> None:
    data = tmp_path / "data"
    many = {"index.html": page("old")} | {f"{number}.bin": os.urandom(64) for number in range(200)}
    async with appliance(data, (OLGA, ALICE)) as server, server.client(ALICE) as client:
        old = await deployed(client, "shop", zip_of(many))
        await deployed(client, "shop", content("new"))
        keep = await deployed(client, "shop", content("newer"))
        await delete(client, old)
        await server.parts.sweeping.sweep()
        age(data)
        before = len(stored(data))
        await asyncio.to_thread(killed_sweep, data)
        half = len(stored(data))
        answer = await server.fetch("shop.localhost", "/newer.txt")
        await server.parts.sweeping.sweep()
        after = len(stored(data))
        uploads = await uploaded(client, "shop", zip_of(many))
        again = await finished(client, uploads["id"])
        served = [(await server.fetch("shop.localhost", f"/{name}")).content for name in many if name != "index.html"]

    assert before > half > after
    assert (keep["state"], again["state"], answer.text) == ("ready", "ready", "newer " * 500)
    assert served == [stored for name, stored in many.items() if name != "index.html"]


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv.pop(1))
from appliance.storage.guard import Guard
usual, left = Guard.remove, [100]
def remove(self, path, before):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return usual(self, path, before)
Guard.remove = remove
import main
sys.exit(main.main(["sweep", "--data", sys.argv[1]]))
"""


def killed_sweep(data: Path) -> None:
    """Sweep from the command line, killed at the hundredth file it looks at."""
    ended = subprocess.run([sys.executable, "-c", KILLED, str(ROOT), str(data)], timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL


async def test_the_command_says_what_would_be_freed_and_frees_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with appliance(data, (OLGA, ALICE)) as server, server.client(ALICE) as client:
        before = await with_something_to_sweep(server, client, data)

    would, kept = sweep(data, "--dry-run"), stored(data)
    did = sweep(data)

    assert kept == before
    assert would.startswith("Would free ")
    assert did == would.replace("Would free", "Freed")
    assert stored(data) < before


def sweep(data: Path, *options: str) -> str:
    command = [sys.executable, str(MAIN), "sweep", "--data", str(data), *options]
    return subprocess.run(command, timeout=60, check=True, capture_output=True, text=True).stdout

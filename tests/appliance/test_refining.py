"""Better compressed forms in the background: what visitors get then, and that nothing else changes."""

import asyncio
import gzip
import random
import sys
from pathlib import Path
from typing import Any

import brotli
import httpx
import pytest
import zstandard

from appliance.deploys import DeployFacts
from appliance.models.deploy import Deploy, Refinement
from builds import compress
from tests.builders import Appliance, appliance, deployed, zip_of
from tests.cast import ALICE, OLGA

UNDO = {"zstd": zstandard.decompress, "br": brotli.decompress, "gzip": gzip.decompress}
WORDS = [f"word{number}" for number in range(300)]


def text(seed: int, words: int = 4_000) -> str:
    """Text on which levels make a difference."""
    return " ".join(random.Random(seed).choices(WORDS, k=words))


ONE = {"index.html": "<!doctype html><title>one</title>", "a.txt": text(1)}


async def refined(server: Appliance, deploy: str) -> DeployFacts:
    """The deploy once nothing is left to do for it in the background."""
    async with asyncio.timeout(60):
        while await Refinement.exists(deploy_id=deploy):  # noqa: ASYNC110 - the work itself tells nobody
            await asyncio.sleep(0.05)
    return await server.parts.deploys.get(server.actors[ALICE.email], deploy)


async def taken_up(deploy: str) -> None:
    """Return once it is being worked on."""
    async with asyncio.timeout(60):
        while not await Refinement.exists(deploy_id=deploy, attempts=1):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)


async def form(server: Appliance, coding: str, host: str = "shop.localhost") -> tuple[bytes, str]:
    """The bytes of `a.txt` as sent in a coding, and their entity tag."""
    async with (
        httpx.AsyncClient(timeout=30) as client,
        client.stream(
            "GET",
            f"http://127.0.0.1:{server.port}/a.txt",
            headers={"host": f"{host}:{server.port}", "accept-encoding": coding},
        ) as answer,
    ):
        assert answer.headers["content-encoding"] == coding
        return b"".join([piece async for piece in answer.aiter_raw()]), answer.headers["etag"]


def server_in(data: Path, **changes: Any) -> Any:
    return appliance(data, changes.pop("people", (OLGA, ALICE)), **{"best_variants": True} | changes)


@pytest.mark.parametrize("workers", [1, 2])
async def test_visitors_get_the_best_forms_soon_without_a_new_deploy(tmp_path: Path, workers: int) -> None:
    async with server_in(tmp_path / "data", workers=workers) as server, server.client(ALICE) as client:
        first = await deployed(client, "shop", zip_of(ONE))
        facts = await refined(server, first["id"])
        sent = {coding: await form(server, coding) for coding in UNDO}
        log = (await client.get(f"/api/v1/deploys/{first['id']}")).json()["log"]

    best = compress.forms(ONE["a.txt"].encode(), compress.BEST)
    assert {coding: body for coding, (body, _) in sent.items()} == best
    assert (facts.live, facts.number, facts.state) == (True, 1, "ready")
    assert facts.bytes_saved > first["bytes_saved"] > 0
    assert [line["text"] for line in log][-1].startswith("Made smaller in the background: ")


async def test_other_bytes_have_another_tag_and_the_file_itself_keeps_its_own(tmp_path: Path) -> None:
    async with server_in(tmp_path / "data", best_variants=False) as server, server.client(ALICE) as client:
        await deployed(client, "shop", zip_of(ONE))
        before = {coding: await form(server, coding) for coding in UNDO}
        plain = (await server.fetch("shop.localhost", "/a.txt", headers={"accept-encoding": "identity"})).headers
        await Refinement.create(deploy_id=(await Deploy.first()).id)  # type: ignore[union-attr]  # it was just made
    async with server_in(tmp_path / "data", before=server) as server:
        await refined(server, (await Deploy.first()).id)  # type: ignore[union-attr]  # as above
        after = {coding: await form(server, coding) for coding in UNDO}
        same = (await server.fetch("shop.localhost", "/a.txt", headers={"accept-encoding": "identity"})).headers
        known = await server.fetch(
            "shop.localhost", "/a.txt", headers={"accept-encoding": "br", "if-none-match": before["br"][1]}
        )

    assert all(len(after[coding][0]) < len(before[coding][0]) for coding in UNDO)
    assert all(after[coding][1] != before[coding][1] for coding in UNDO)
    assert {coding: UNDO[coding](body) for coding, (body, _) in after.items()} == dict.fromkeys(
        UNDO, ONE["a.txt"].encode()
    )
    assert (same["etag"], same["last-modified"]) == (plain["etag"], plain["last-modified"])
    assert known.status_code == 200


async def test_what_was_published_meanwhile_stays_live_and_what_is_rolled_back_to_is_refined(tmp_path: Path) -> None:
    async with server_in(tmp_path / "data") as server, server.client(ALICE) as client:
        one = await deployed(client, "shop", zip_of(ONE))
        two = await deployed(client, "shop", zip_of(ONE | {"a.txt": text(2)}))
        await asyncio.gather(refined(server, one["id"]), refined(server, two["id"]))
        live, _ = await form(server, "br")
        await client.post("/api/v1/sites/shop/rollback")
        back, _ = await form(server, "br")
        preview, _ = await form(server, "br", f"{two['id']}--shop.localhost")

    assert live == preview == compress.forms(text(2).encode(), compress.BEST)["br"]
    assert back == compress.forms(text(1).encode(), compress.BEST)["br"]


async def test_rollbacks_in_the_midst_of_it_never_show_another_deploys_files(tmp_path: Path) -> None:
    async with server_in(tmp_path / "data") as server, server.client(ALICE) as client:
        deploys = [await deployed(client, "shop", zip_of(ONE | {"a.txt": text(n)})) for n in (1, 2)]
        waiting = asyncio.gather(*(refined(server, each["id"]) for each in deploys))
        moves = 0
        while not waiting.done() or moves < 4:
            number = moves % 2 + 1
            await client.post("/api/v1/sites/shop/publish", json={"deploy": str(number)})
            body, _ = await form(server, "gzip")
            assert gzip.decompress(body) == text(number).encode()
            moves += 1
        await waiting


async def test_an_alias_and_a_deploys_own_host_get_them_too(tmp_path: Path) -> None:
    async with server_in(tmp_path / "data", best_variants=False) as server, server.client(ALICE) as client:
        made = await deployed(client, "shop", zip_of(ONE))
        await client.put("/api/v1/sites/shop/aliases/staging", json={"deploy": made["id"]})
        await Refinement.create(deploy_id=made["id"])
    async with server_in(tmp_path / "data", before=server) as server:
        hosts = ("staging--shop.localhost", f"{made['id']}--shop.localhost")
        before = [await form(server, "br", host) for host in hosts]
        await refined(server, made["id"])
        after = [await form(server, "br", host) for host in hosts]

    best = compress.forms(ONE["a.txt"].encode(), compress.BEST)["br"]
    assert [body for body, _ in after] == [best, best]
    assert before != after


async def test_a_deploy_of_the_same_files_has_them_from_the_start(tmp_path: Path) -> None:
    async with server_in(tmp_path / "data") as server, server.client(ALICE) as client:
        one = await deployed(client, "shop", zip_of(ONE))
        await refined(server, one["id"])
        again = await deployed(client, "other", zip_of(ONE | {"index.html": "<!doctype html><title>two</title>"}))

        body, _ = await form(server, "br", "other.localhost")

    assert body == compress.forms(ONE["a.txt"].encode(), compress.BEST)["br"]
    assert again["bytes_saved"] > one["bytes_saved"]


async def test_a_site_that_is_deleted_meanwhile_waits_until_it_is_restored(tmp_path: Path) -> None:
    long = {f"{number}.txt": text(number, 40_000) for number in range(40)}
    async with server_in(tmp_path / "data") as server, server.client(ALICE) as client:
        large = await deployed(client, "shop", zip_of(ONE | long))
        await client.delete("/api/v1/sites/shop")
        small = await deployed(client, "small", zip_of(ONE))
        await refined(server, small["id"])  # its turn comes soon: the other would take half a minute more
        left = await Refinement.get(deploy_id=large["id"])

        await client.post("/api/v1/deleted-sites/shop/restore")
        await taken_up(large["id"])

    assert left.attempts == 0


async def test_a_site_that_goes_for_good_ends_it(tmp_path: Path) -> None:
    long = {f"{number}.txt": text(number, 40_000) for number in range(40)}
    async with server_in(tmp_path / "data") as server, server.client(ALICE) as client:
        await deployed(client, "shop", zip_of(ONE | long))
        await client.delete("/api/v1/sites/shop")
        await client.delete("/api/v1/deleted-sites/shop")
        small = await deployed(client, "small", zip_of(ONE))
        await refined(server, small["id"])

        assert not await Refinement.exists()


async def test_a_stop_in_the_middle_leaves_the_site_as_it_was_and_the_next_start_goes_on(tmp_path: Path) -> None:
    long = {f"{number}.txt": text(number, 20_000) for number in range(6)}
    async with server_in(tmp_path / "data") as server, server.client(ALICE) as client:
        made = await deployed(client, "shop", zip_of(ONE | long))
        before, _ = await form(server, "gzip")
        manifest = (await Deploy.get(id=made["id"])).manifest
    async with server_in(tmp_path / "data", best_variants=False, before=server) as server:
        row = await Refinement.get(deploy_id=made["id"])
        still, _ = await form(server, "gzip")
        assert (row.attempts, (await Deploy.get(id=made["id"])).manifest, still) == (0, manifest, before)
    async with server_in(tmp_path / "data", before=server) as server:
        await refined(server, made["id"])
        after, _ = await form(server, "gzip")

    assert len(after) < len(before)


async def test_what_its_process_dies_over_is_given_up_and_nothing_changes(tmp_path: Path) -> None:
    dies = [sys.executable, "-c", "raise SystemExit(9)"]
    async with server_in(tmp_path / "data", refine_command=dies) as server, server.client(ALICE) as client:
        made = await deployed(client, "shop", zip_of(ONE))
        facts = await refined(server, made["id"])

    assert facts.bytes_saved == made["bytes_saved"] > 0

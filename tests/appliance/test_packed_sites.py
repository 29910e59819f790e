"""A large site that is live from packs: what visitors, downloads and examinations see, then and once it is refined."""

import asyncio
import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance import refining
from appliance.data_folder import DataFolder
from appliance.models.deploy import Deploy, Refinement
from appliance.safekeeping.examining import Pace, examine
from appliance.storage.manifest import Manifest
from appliance.storage.packs import places
from builds.transform import MANY
from tests.builders import Appliance, appliance, deployed, zip_of
from tests.cast import ALICE, OLGA

PAGES = {f"p{number:03}.html": f"<p>\n  <b>{number}</b> {'word   ' * 300}" for number in range(MANY)}
SITE = {"index.html": "<!doctype html><title>shop</title>", "gone.css": "a {  color : red }\n" * 90} | PAGES
HOST = "shop.localhost"

Held = Callable[..., Any]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    """A server on a data folder that refines nothing, though it will once it is started without this."""

    def start(data: Path, **changes: Any) -> Any:
        monkeypatch.setattr(refining, "REST", 3_600.0)
        return appliance(data, (OLGA, ALICE), best_variants=True, force_minify="site", **changes)

    return start


async def manifest_of(folder: DataFolder) -> Manifest:
    deploy = await Deploy.all().order_by("-created_at").first()
    assert deploy is not None
    assert deploy.manifest is not None
    return folder.stored_manifests.get(deploy.manifest)


async def answers(server: Appliance, coding: str, *paths: str, **headers: str) -> dict[str, tuple[str, bytes]]:
    """Of each path its tag and what is sent in a coding, undone."""
    got = {}
    for path in paths:
        answer = await server.fetch(HOST, f"/{path}", headers={"accept-encoding": coding, **headers})
        assert answer.status_code in {200, 206}
        got[path] = (answer.headers["etag"], answer.content)
    return got


async def refined() -> None:
    async with asyncio.timeout(60):
        while await Refinement.exists():  # noqa: ASYNC110 - the work itself tells nobody
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("workers", [1, 2])
async def test_pages_in_packs_are_sent_like_files_and_get_files_of_their_own_soon(
    tmp_path: Path, held: Held, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    some = ["p000.html", "p007.html", f"p{MANY - 1:03}.html"]
    async with held(tmp_path / "data", workers=workers) as server, server.client(ALICE) as client:
        await deployed(client, "shop", zip_of(SITE))
        packed = await manifest_of(DataFolder(tmp_path / "data"))
        plain, coded = [await answers(server, coding, *some) for coding in ("identity", "gzip")]
        parts = await answers(server, "identity", *some, range="bytes=3-20")
        twice = await answers(server, "gzip", *PAGES)  # whole packs are in memory by then
    monkeypatch.undo()
    async with appliance(tmp_path / "data", best_variants=True, before=server) as server:
        await refined()
        loose = await manifest_of(DataFolder(tmp_path / "data"))
        after, best = [await answers(server, coding, *some) for coding in ("identity", "gzip")]

    inside = places(packed.packs)
    assert all(packed.entries[path].sha256 in inside for path in some)
    assert {path: body for path, (_, body) in coded.items()} == {path: body for path, (_, body) in plain.items()}
    assert all(b"<b>%d</b>" % int(path[1:4]) in body and b"   " not in body for path, (_, body) in twice.items())
    assert {path: body[3:21] for path, (_, body) in plain.items()} == {path: body for path, (_, body) in parts.items()}
    assert after == plain
    assert {path: body for path, (_, body) in best.items()} == {path: body for path, (_, body) in plain.items()}
    assert loose.packs == {}
    assert all(len(loose.entries[path].variants) == 3 for path in some)


async def test_a_download_of_a_packed_site_is_what_was_uploaded(tmp_path: Path, held: Held) -> None:
    async with held(tmp_path / "data") as server, server.client(ALICE) as client:
        made = await deployed(client, "shop", zip_of(SITE))
        answer = await client.get(f"/api/v1/deploys/{made['id']}/download")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {name: archive.read(name).decode() for name in SITE} == SITE


async def test_a_packed_site_deployed_again_is_the_same_and_stays_packed(tmp_path: Path, held: Held) -> None:
    async with held(tmp_path / "data") as server, server.client(ALICE) as client:
        await deployed(client, "shop", zip_of(SITE))
        before = await manifest_of(DataFolder(tmp_path / "data"))
        await asyncio.sleep(1)  # what was learned is kept once nobody waits for it
        changed = {"p000.html": f"<p>{'another   ' * 300}"}
        again = await deployed(client, "shop", zip_of(SITE | changed))
        after = await manifest_of(DataFolder(tmp_path / "data"))
        (_, body), *_ = (await answers(server, "gzip", "p000.html")).values()

    same = before.entries.keys() - changed
    assert {path: after.entries[path] for path in same} == {path: before.entries[path] for path in same}
    assert after.packs.keys() <= before.packs.keys()
    assert again["state"] == "ready"
    assert b"another another" in body


async def test_an_asset_of_an_earlier_deploy_answers_from_its_pack(tmp_path: Path, held: Held) -> None:
    late = {f"s{number:03}.css": f"b {{  width : {number}px }}\n" * 90 for number in range(MANY)}
    async with held(tmp_path / "data") as server, server.client(ALICE) as client:
        await deployed(client, "shop", zip_of({"index.html": "one"} | late))
        first = await manifest_of(DataFolder(tmp_path / "data"))
        await deployed(client, "shop", zip_of({"index.html": "two"}))
        answer = await server.fetch(HOST, "/s007.css", headers={"accept-encoding": "gzip"})

    assert first.entries["s007.css"].sha256 in places(first.packs)
    assert answer.text.startswith("b{width:7px}")


async def test_an_examination_says_which_pages_a_damaged_pack_has(tmp_path: Path, held: Held) -> None:
    async with held(tmp_path / "data") as server, server.client(ALICE) as client:
        await deployed(client, "shop", zip_of(SITE))
        manifest = await manifest_of(DataFolder(tmp_path / "data"))
        pack, inside = next(iter(manifest.packs.items()))
        path = DataFolder(tmp_path / "data").blobs / pack[:2] / pack
        path.chmod(0o644)
        path.write_bytes(gzip.compress(b"other bytes").ljust(inside.size, b"\0"))
        found = list(examine(DataFolder(tmp_path / "data"), Pace()))

    lying = {name for name, entry in manifest.entries.items() if entry.sha256 in inside.offsets}
    assert lying
    assert lying <= {damage.path for damage in found}
    assert {damage.what for damage in found} == {f"blobs/{pack[:2]}/{pack}"}
    assert {damage.site for damage in found} == {"shop"}

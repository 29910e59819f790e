"""From one deploy to the next on a whole server: old assets, codings, cache classes, and what the report says."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.data_folder import DataFolder
from appliance.live import LiveSites, Prepared
from appliance.models.deploy import Publication
from appliance.pointer import Pointer
from appliance.storage.manifest import Manifest
from tests.builders import Appliance, appliance, deployed, finished, page, uploaded, zip_of
from tests.cast import ALICE, OLGA

PEOPLE = (OLGA, ALICE)
STYLE = "body { color: red }\n" * 200
APP = "app.3f2a1b9c.js"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def site(number: int, **more: str) -> bytes:
    return zip_of({"index.html": page(str(number)), f"{number}.js": f"run({number})", "old.html": page("old"), **more})


async def status(server: Appliance, path: str, host: str = "shop.localhost") -> int:
    return (await server.fetch(host, path)).status_code


async def test_open_tabs_survive_deploys_and_a_rollback(data: Path) -> None:
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        first = await deployed(client, "shop", site(1, **{"gone.html": "gone"}))
        await deployed(client, "shop", site(2))
        await deployed(client, "shop", site(3))

        kept = await server.fetch("shop.localhost", "/1.js")
        assert (kept.status_code, kept.text, kept.headers["x-robots-tag"]) == (200, "run(1)", "noindex")
        assert [await status(server, path) for path in ("/2.js", "/3.js", "/gone.html")] == [200, 200, 404]
        preview = f"{first['id']}--shop.localhost"
        assert [await status(server, path, preview) for path in ("/1.js", "/2.js")] == [200, 404]

        await client.post("/api/v1/sites/shop/rollback")
        assert [await status(server, path) for path in ("/1.js", "/2.js", "/3.js")] == [200, 200, 200]

    async with appliance(data, before=server) as server:
        assert [await status(server, path) for path in ("/1.js", "/2.js", "/3.js")] == [200, 200, 200]


async def test_drafts_are_no_earlier_deploys(data: Path) -> None:
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        await deployed(client, "shop", site(1), draft="true")
        await deployed(client, "shop", site(2))

        assert await status(server, "/1.js") == 404


@pytest.mark.parametrize(("changes", "kept"), [({"grace_deploys": 1}, [404, 200]), ({"grace_deploys": 0}, [404, 404])])
async def test_only_so_many_deploys_back(data: Path, changes: dict[str, Any], kept: list[int]) -> None:
    async with appliance(data, PEOPLE, **changes) as server, server.client(ALICE) as client:
        for number in (1, 2, 3):
            await deployed(client, "shop", site(number))

        assert [await status(server, path) for path in ("/1.js", "/2.js")] == kept


async def test_what_was_locked_stays_so_when_its_lock_has_gone(data: Path) -> None:
    lock = "/members/*\n  Basic-Auth: ann:password\n"
    members = {"members/one.js": "1", "one.js": "1"}
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        await deployed(client, "shop", site(1, _headers=lock, **members))
        await deployed(client, "shop", site(2, _headers=lock))
        ann = httpx.BasicAuth("ann", "password")
        behind = await server.fetch("shop.localhost", "/members/one.js", auth=ann)
        await deployed(client, "shop", site(3))

        assert behind.text == "1"
        assert [await status(server, path) for path in ("/members/one.js", "/one.js")] == [404, 200]


async def test_only_so_long_after_being_replaced(data: Path) -> None:
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        for number in (1, 2):
            await deployed(client, "shop", site(number))
        await Publication.all().update(at=datetime.now(UTC) - timedelta(days=8))
        await deployed(client, "shop", site(3))

        assert [await status(server, path) for path in ("/1.js", "/2.js")] == [404, 200]


async def test_an_unreadable_earlier_manifest_costs_its_assets_and_immutability_only(data: Path) -> None:
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        await deployed(client, "shop", site(1, **{APP: "a"}))
        for manifest in DataFolder(data).manifests.iterdir():
            manifest.unlink()
        second = await deployed(client, "shop", site(2, **{APP: "a"}))

        assert [await status(server, path) for path in ("/1.js", "/2.js", "/")] == [404, 200, 200]
        assert [problem["code"] for problem in second["problems"]] == ["history_lost"]
        assert "immutable" not in (await server.fetch("shop.localhost", f"/{APP}")).headers["cache-control"]


async def test_a_name_that_lies_about_its_content_is_reported_even_after_a_rollback(data: Path) -> None:
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        await deployed(client, "shop", site(1))
        await deployed(client, "shop", site(2, **{APP: "a"}))
        before = (await server.fetch("shop.localhost", f"/{APP}")).headers["cache-control"]
        await client.post("/api/v1/sites/shop/rollback")
        third = await deployed(client, "shop", site(3, **{APP: "b"}))
        after = (await server.fetch("shop.localhost", f"/{APP}")).headers["cache-control"]

    assert before == "public, max-age=31536000, immutable"
    assert [(problem["code"], problem["path"]) for problem in third["problems"]] == [("immutable_lost", APP)]
    assert after == "public, max-age=0, must-revalidate"


async def test_a_path_that_changed_since_is_not_kept_for_ever_when_an_older_deploy_is_live_again(data: Path) -> None:
    async def kept(server: Appliance) -> str:
        return (await server.fetch("shop.localhost", f"/{APP}")).headers["cache-control"]

    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        await deployed(client, "shop", site(1, **{APP: "a"}))
        draft = await deployed(client, "shop", site(2, **{APP: "a"}), draft="true")
        before = await kept(server)
        third = await deployed(client, "shop", site(3, **{APP: "b"}))
        changed = await kept(server)
        await client.post("/api/v1/sites/shop/rollback")
        back = await kept(server)
        await client.post("/api/v1/sites/shop/publish", json={"deploy": draft["id"]})
        older = await kept(server)
        await client.post("/api/v1/sites/shop/publish", json={"deploy": third["id"]})
        again = await kept(server)
        await client.post("/api/v1/sites/shop/rollback")
        first = server
    async with appliance(data, before=first) as server:
        restarted = await kept(server)

    assert "immutable" in before
    assert {changed, back, older, again, restarted} == {"public, max-age=0, must-revalidate"}


async def test_an_asset_of_an_earlier_deploy_is_not_kept_for_ever_once_its_path_changed(data: Path) -> None:
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        first = await deployed(client, "shop", site(1, **{APP: "a"}))
        await deployed(client, "shop", site(2, **{APP: "b"}))
        without = await deployed(client, "shop", site(3))
        for deploy in (first, without):  # the last one before `without` is the first again
            await client.post("/api/v1/sites/shop/publish", json={"deploy": deploy["id"]})
        answer = await server.fetch("shop.localhost", f"/{APP}")

    assert (answer.text, answer.headers["cache-control"]) == ("a", "public, max-age=0, must-revalidate")


async def test_deploys_that_become_ready_at_once_know_of_each_other(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = asyncio.Queue[str]()
    prepare = LiveSites.prepare

    async def counted(self: LiveSites, pointer: Pointer, manifest: Manifest | None = None) -> Prepared:
        made = await prepare(self, pointer, manifest)
        prepared.put_nowait(pointer.deploy)
        return made

    monkeypatch.setattr(LiveSites, "prepare", counted)
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        draft = await deployed(client, "shop", site(1, **{APP: "a"}), draft="true")
        assert await prepared.get() == draft["id"]
        async with server.parts.publishing.moving(), asyncio.timeout(60):
            publishing = asyncio.create_task(client.post("/api/v1/sites/shop/publish", json={"deploy": draft["id"]}))
            assert await prepared.get() == draft["id"]
            sent = await uploaded(client, "shop", site(2, **{APP: "b"}))
            assert await prepared.get() == sent["id"]
        (await publishing).raise_for_status()
        second = await finished(client, sent["id"])
        answer = await server.fetch("shop.localhost", f"/{APP}")

    assert answer.text == "b"
    assert answer.headers["cache-control"] == "public, max-age=0, must-revalidate"
    lost = [problem["path"] for problem in second["problems"] if problem["code"] == "immutable_lost"]
    assert lost == [APP]


@pytest.mark.parametrize(("switch", "coding"), [(True, "zstd"), (False, None)])
async def test_files_are_sent_compressed_unless_that_is_switched_off(
    data: Path, switch: bool, coding: str | None
) -> None:
    async with appliance(data, PEOPLE, variants=switch) as server, server.client(ALICE) as client:
        for number in (1, 2):  # what is live has its forms already
            await deployed(client, "shop", site(number, **{"style.css": STYLE}))
            answer = await server.fetch("shop.localhost", "/style.css", headers={"Accept-Encoding": "gzip, zstd"})

            assert answer.headers.get("content-encoding") == coding
            assert answer.text == STYLE

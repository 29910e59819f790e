"""What plans refuse through the whole server: uploads, content, builds; by archive and by listing."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import httpx
import pytest

from appliance.deploys import Listed, Listing, Name, NewDeploy
from appliance.plan import Plan, plans
from tests.builders import Appliance, appliance, deployed, page, zip_of
from tests.cast import ALICE, BOB, OLGA
from tests.test_builds import HUGO

TINY = plans("tiny sites=9 storage=200KB upload=120KB build_time=0s, pro")
API = "/api/v1"


def noise(size: int, seed: int) -> str:
    """Text that compression makes nothing much of."""
    return Random(seed).randbytes(size // 2).hex()


def files(size: int, seed: int) -> dict[str, str]:
    return {"index.html": page(str(seed)), "data.bin": noise(size, seed)}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path / "data", (OLGA, ALICE, BOB), plans=TINY, default_plan="tiny") as running:
        yield running


@pytest.fixture
async def alice(server: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with server.client(ALICE) as client:
        yield client


async def test_an_upload_that_is_too_large_is_refused_and_leaves_nothing(
    server: Appliance, alice: httpx.AsyncClient, tmp_path: Path
) -> None:
    await alice.post(f"{API}/sites", json={"name": "shop"})
    archive = zip_of({"data.bin": noise(260_000, 1)})

    async def pieces() -> AsyncIterator[bytes]:
        yield archive

    zipped = {"content-type": "application/zip"}
    declared = await alice.post(f"{API}/sites/shop/deploys", content=archive, headers=zipped)
    streamed = await alice.post(f"{API}/sites/shop/deploys", content=pieces(), headers=zipped)

    assert len(archive) > 120_000
    for answer in (declared, streamed):
        told = answer.json()
        assert (answer.status_code, told["code"]) == (413, "plan_upload")
        assert told["limit"] == {"name": "plans.tiny.upload", "value": "120KB"}
    assert list((tmp_path / "data/incoming").iterdir()) == []


async def test_content_that_does_not_fit_fails_its_deploy_and_what_is_live_stays(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    first = await deployed(alice, "shop", zip_of(files(110_000, 1)))
    second = await deployed(alice, "shop", zip_of(files(110_000, 2)))
    again = await deployed(alice, "blog", zip_of(files(110_000, 1)))  # what is there already takes no room

    assert (first["state"], again["state"]) == ("ready", "ready")
    assert (second["state"], second["error"]["code"]) == ("failed", "plan_storage")
    assert second["error"]["limit"] == {"name": "plans.tiny.storage", "value": "200KB"}
    assert "The plan tiny has 200KB of storage (plans.tiny.storage)" in second["error"]["detail"]
    assert (await server.fetch("shop.localhost")).text == page("1")


async def test_who_is_full_is_told_before_anything_is_sent(server: Appliance, alice: httpx.AsyncClient) -> None:
    async with server.client(OLGA) as olga:
        person = f"{API}/accounts/{server.actors[ALICE.email].id}"
        (await olga.patch(person, json={"plan": "pro"})).raise_for_status()
        for seed in (1, 2):
            assert (await deployed(alice, "shop", zip_of(files(110_000, seed))))["state"] == "ready"
        (await olga.patch(person, json={"plan": ""})).raise_for_status()

    listing = await alice.post(f"{API}/sites/shop/listings", json={"files": []})
    upload = await alice.post(
        f"{API}/sites/shop/deploys", content=zip_of({"a.txt": "a"}), headers={"content-type": "application/zip"}
    )

    assert (listing.status_code, listing.json()["code"]) == (413, "plan_storage")
    assert (upload.status_code, upload.json()["code"]) == (413, "plan_storage")
    assert (await server.fetch("shop.localhost")).text == page("2")


async def test_what_is_sent_for_a_listing_is_an_upload_too(server: Appliance, alice: httpx.AsyncClient) -> None:
    await alice.post(f"{API}/sites", json={"name": "shop"})
    content = noise(150_000, 3).encode()
    sha256 = hashlib.sha256(content).hexdigest()

    said = await alice.post(f"{API}/sites/shop/listings", json={"files": [["a.bin", sha256, len(content)]]})
    unsaid, actor = NewDeploy(), server.actors[ALICE.email]  # as clients list files that say no sizes
    await server.parts.listings.begin(actor, "shop", unsaid, Listing((Listed("a.bin", Name("sha256", sha256)),)))
    await alice.put(f"{API}/contents/{sha256}", content=content)
    finished = await alice.post(f"{API}/listings/{unsaid.id}/finish")

    assert (said.status_code, said.json()["code"]) == (413, "plan_upload")
    assert (finished.status_code, finished.json()["code"]) == (413, "plan_upload")


async def test_a_build_without_time_left_fails_before_it_begins(alice: httpx.AsyncClient) -> None:
    built = await deployed(alice, "shop", zip_of(HUGO), build="hugo")

    assert (built["state"], built["error"]["code"]) == ("failed", "plan_build_time")
    assert built["error"]["limit"] == {"name": "plans.tiny.build_time", "value": "0s"}
    standing = (await alice.get(f"{API}/plan")).json()
    assert standing["build_time"] > 0  # what it took to find that out


async def test_everybody_sees_the_plans_and_how_they_stand_to_theirs(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    await deployed(alice, "shop", zip_of(files(50_000, 1)))

    listed, standing = (await alice.get(f"{API}/plans")).json(), (await alice.get(f"{API}/plan")).json()
    usage = (await alice.get(f"{API}/usage")).json()

    assert [plan["name"] for plan in listed["items"]] == ["tiny", "pro"]
    assert standing["plan"] == listed["items"][0]
    assert (standing["plan"]["storage"], standing["plan"]["deploys"]) == (200_000, None)
    assert (standing["sites"], standing["storage"]) == (1, usage["bytes"])


async def test_a_site_counts_for_its_owner_whoever_deploys_to_it(server: Appliance, alice: httpx.AsyncClient) -> None:
    assert Plan("pro") in TINY
    await alice.post(f"{API}/sites", json={"name": "shop"})
    (await alice.put(f"{API}/sites/shop/members/{BOB.email}")).raise_for_status()
    async with server.client(OLGA) as olga:
        bob = f"{API}/accounts/{server.actors[BOB.email].id}"
        (await olga.patch(bob, json={"plan": "pro"})).raise_for_status()
    async with server.client(BOB) as client:
        large = await client.post(
            f"{API}/sites/shop/deploys",
            content=zip_of({"data.bin": noise(260_000, 1)}),
            headers={"content-type": "application/zip"},
        )
        (await client.get(f"{API}/plan")).raise_for_status()

    assert large.json()["code"] == "plan_upload"

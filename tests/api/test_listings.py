"""The API of deploys that send only what changed, of aliases, locks, differences and downloads."""

import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard

from tests.builders import Appliance, appliance, deployed, finished, page, zip_of
from tests.cast import ALICE, BOB, OLGA

ONE = {"index.html": page("one"), "about.html": page("about"), "app.js": "let one"}
TWO = ONE | {"index.html": page("two"), "new.html": page("new")}
API = "/api/v1"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path / "data", (OLGA, ALICE, BOB)) as made:
        yield made


@pytest.fixture
async def alice(server: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    """Alice's client; she has a shop in which one deploy is live."""
    async with server.client(ALICE) as client:
        await deployed(client, "shop", zip_of(ONE))
        yield client


@pytest.fixture
async def bob(server: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with server.client(BOB) as client:
        yield client


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def body_of(texts: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"files": [[path, sha256(text), len(text.encode())] for path, text in texts.items()], **more}


def bundle_of(*texts: str) -> bytes:
    return b"".join(len(text.encode()).to_bytes(8, "big") + text.encode() for text in texts)


async def listed(client: httpx.AsyncClient, texts: dict[str, str], **options: Any) -> dict[str, Any]:
    """A finished deploy of these texts."""
    begun = await client.post(f"{API}/sites/shop/listings", json=body_of(texts), **options)
    opened = begun.raise_for_status().json()
    missing = [text for text in texts.values() if sha256(text) in opened["missing"]]
    (await client.post(f"{API}/contents", content=bundle_of(*missing), headers=BYTES)).raise_for_status()
    (await client.post(f"{API}/listings/{opened['id']}/finish")).raise_for_status()
    return await finished(client, opened["id"])


BYTES = {"content-type": "application/octet-stream"}


async def test_a_listing_names_what_is_missing_and_is_finished_once_that_was_sent(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    begun = await alice.post(f"{API}/sites/shop/listings", json=body_of(TWO), params={"message": "Two"})
    opened = begun.json()

    early = await alice.post(f"{API}/listings/{opened['id']}/finish")
    one = await alice.put(f"{API}/contents/{sha256(page('two'))}", content=page("two").encode(), headers=BYTES)
    left = (await alice.get(f"{API}/listings/{opened['id']}")).json()
    many = await alice.post(f"{API}/contents", content=bundle_of(page("new")), headers=BYTES)
    done = await alice.post(f"{API}/listings/{opened['id']}/finish")

    assert (begun.status_code, opened["files"]) == (201, 4)
    assert sorted(opened["missing"]) == sorted([sha256(page("two")), sha256(page("new"))])
    assert opened["missing_bytes"] == len(page("two")) + len(page("new"))
    assert (early.status_code, early.json()["code"]) == (409, "content_missing")
    assert one.json() == {"sha256": sha256(page("two")), "size": len(page("two"))}
    assert left["missing"] == [sha256(page("new"))]
    assert many.json() == {"contents": [sha256(page("new"))]}
    assert (done.status_code, done.json()["id"]) == (202, opened["id"])
    facts = await finished(alice, opened["id"])
    assert (facts["live"], facts["message"], facts["files"]) == (True, "Two", 4)
    assert (await server.fetch("shop.localhost")).text == page("two")


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.ZstdCompressor().compress)])
async def test_listings_and_bundles_may_come_compressed(alice: httpx.AsyncClient, coding: str, pack: Any) -> None:
    headers = {"content-type": "application/json", "content-encoding": coding}

    begun = await alice.post(
        f"{API}/sites/shop/listings", content=pack(json.dumps(body_of(TWO)).encode()), headers=headers
    )
    sent = await alice.post(
        f"{API}/contents", content=pack(bundle_of("a", "")), headers=BYTES | {"content-encoding": coding}
    )

    assert begun.status_code == 201
    assert sent.json() == {"contents": [sha256("a"), sha256("")]}


async def test_what_becomes_larger_than_allowed_is_refused_however_small_it_is_packed(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ALICE), listing_size=100_000) as made, made.client(ALICE) as alice:
        for coding, pack in (("gzip", gzip.compress), ("zstd", zstandard.ZstdCompressor().compress)):
            headers = BYTES | {"content-encoding": coding}

            answer = await alice.post(f"{API}/contents", content=pack(bytes(50_000_000)), headers=headers)

            assert (answer.status_code, answer.json()["limit"]["name"]) == (413, "listing_size")


@pytest.mark.parametrize("damaged", [b"\x1f\x8b nothing", gzip.compress(bundle_of("abc"))[:-9]])
async def test_a_damaged_bundle_is_refused(alice: httpx.AsyncClient, damaged: bytes) -> None:
    answer = await alice.post(f"{API}/contents", content=damaged, headers=BYTES | {"content-encoding": "gzip"})

    assert (answer.status_code, answer.json()["code"]) == (400, "damaged")


async def test_a_bundle_that_ends_early_is_refused(alice: httpx.AsyncClient) -> None:
    answer = await alice.post(f"{API}/contents", content=bundle_of("abc")[:-1], headers=BYTES)

    assert (answer.status_code, answer.json()["code"]) == (400, "cut_short")


async def test_a_hash_gives_nobody_what_another_account_has(alice: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    await bob.post(f"{API}/sites", json={"name": "blog"})

    begun = await bob.post(f"{API}/sites/blog/listings", json=body_of(ONE))
    compared = await bob.post(f"{API}/sites/blog/comparison", json=body_of(ONE))
    patched = await bob.post(f"{API}/sites/blog/listings", json=body_of({}, base="1"))

    assert len(begun.json()["missing"]) == 3
    assert compared.json()["send"] == sum(map(len, ONE.values()))
    assert patched.status_code == 404
    assert (await bob.post(f"{API}/listings/{begun.json()['id']}/finish")).status_code == 409


async def test_a_dry_run_says_what_would_change_and_changes_nothing(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    texts = {path: text for path, text in TWO.items() if path != "app.js"}

    compared = (await alice.post(f"{API}/sites/shop/comparison", json=body_of(texts))).json()

    assert [each["path"] for each in compared["added"]] == ["new.html"]
    assert compared["removed"] == [{"path": "app.js", "bytes": 7}]
    assert compared["changed"] == [{"path": "index.html", "before": len(page("one")), "after": len(page("two"))}]
    assert (compared["unchanged"], compared["send"]) == (1, len(page("two")) + len(page("new")))
    assert (await alice.get(f"{API}/sites/shop/deploys")).json()["total"] == 1


async def test_an_alias_has_an_address_of_its_own_that_moves(server: Appliance, alice: httpx.AsyncClient) -> None:
    facts = await listed(alice, TWO, params={"alias": "staging", "branch": "next", "commit": "abc123"})

    assert (facts["live"], facts["branch"], facts["commit"]) == (False, "next", "abc123")
    assert [alias["name"] for alias in facts["aliases"]] == ["staging"]
    shown = await server.fetch("staging--shop.localhost")
    assert (shown.text, shown.headers["x-robots-tag"]) == (page("two"), "noindex")
    assert (await server.fetch("shop.localhost")).text == page("one")

    moved = await alice.put(f"{API}/sites/shop/aliases/staging", json={"deploy": "1"})

    assert (moved.status_code, moved.json()["number"]) == (200, 1)
    assert (await server.fetch("staging--shop.localhost")).text == page("one")
    assert [a["name"] for a in (await alice.get(f"{API}/sites/shop/aliases")).json()["items"]] == ["staging"]

    assert (await alice.delete(f"{API}/sites/shop/aliases/staging")).status_code == 204
    assert (await server.fetch("staging--shop.localhost")).status_code == 404


async def test_a_gate_before_previews_stands_before_aliases_too(server: Appliance, alice: httpx.AsyncClient) -> None:
    await alice.put(f"{API}/sites/shop/aliases/staging", json={"deploy": "1"})
    await alice.patch(f"{API}/sites/shop/gate", json={"covers": "previews", "password": "come in, whoever"})

    shown = await server.fetch("staging--shop.localhost")

    assert page("one") not in shown.text
    assert shown.status_code == 401


async def test_an_alias_and_a_deploy_are_explained(alice: httpx.AsyncClient, server: Appliance) -> None:
    await alice.put(f"{API}/sites/shop/aliases/staging", json={"deploy": "1"})
    url = f"http://staging--shop.localhost:{server.port}/about"

    explained = await alice.get(f"{API}/sites/shop/explain", params={"url": url})

    assert (explained.status_code, explained.json()["number"], explained.json()["preview"]) == (200, 1, True)


@pytest.mark.parametrize("alias", ["-a", "a--b", "A", "a.b", "xn", "ü", "a" * 58])
async def test_an_alias_that_no_host_can_have_is_refused(alice: httpx.AsyncClient, alias: str) -> None:
    answer = await alice.put(f"{API}/sites/shop/aliases/{alias}", json={"deploy": "1"})

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_alias")


async def test_an_alias_cannot_take_a_deploys_address(alice: httpx.AsyncClient) -> None:
    [deploy] = (await alice.get(f"{API}/sites/shop/deploys")).json()["items"]

    answer = await alice.put(f"{API}/sites/shop/aliases/{deploy['id']}", json={"deploy": "1"})

    assert (answer.status_code, answer.json()["code"]) == (409, "bad_alias")


async def test_a_locked_site_says_who_locked_it_and_deploys_wait(server: Appliance, alice: httpx.AsyncClient) -> None:
    locked = await alice.put(f"{API}/sites/shop/lock", json={"reason": "Black Friday"})

    facts = await listed(alice, TWO)
    refused = await alice.post(f"{API}/sites/shop/publish", json={"deploy": "2"})

    assert locked.json()["account"] == ALICE.email
    assert (facts["state"], facts["live"]) == ("ready", False)
    assert [problem["code"] for problem in facts["problems"]] == ["locked"]
    assert (refused.status_code, refused.json()["code"]) == (409, "locked")
    assert ALICE.email in refused.json()["detail"]
    assert "Black Friday" in refused.json()["detail"]
    assert (await alice.get(f"{API}/sites/shop")).json()["locked"]["reason"] == "Black Friday"
    assert (await alice.put(f"{API}/sites/shop/lock", json={})).status_code == 409
    assert (await alice.delete(f"{API}/sites/shop/lock")).status_code == 204
    assert (await alice.post(f"{API}/sites/shop/publish", json={"deploy": "2"})).json()["live"]
    assert (await server.fetch("shop.localhost")).text == page("two")


async def test_a_race_for_the_live_pointer_is_lost_with_409(alice: httpx.AsyncClient) -> None:
    await listed(alice, TWO)
    stale, fresh = {"if-match": '"1"'}, {"if-match": '"2"'}

    lost = await alice.post(f"{API}/sites/shop/publish", json={"deploy": "1"}, headers=stale)
    upload = await alice.post(
        f"{API}/sites/shop/deploys", content=zip_of(ONE), headers=stale | {"content-type": "application/zip"}
    )
    listing = await alice.post(f"{API}/sites/shop/listings", json=body_of(ONE), headers=stale)
    none = await alice.post(f"{API}/sites/shop/listings", json=body_of(ONE), headers={"if-none-match": "*"})
    won = await alice.post(f"{API}/sites/shop/publish", json={"deploy": "1"}, headers=fresh)

    assert [(each.status_code, each.json()["code"]) for each in (lost, upload, listing, none)] == [
        (409, "live_changed")
    ] * 4
    assert won.json()["live"]


async def test_a_deploy_that_loses_the_race_on_its_way_is_ready_and_not_live(alice: httpx.AsyncClient) -> None:
    begun = (await alice.post(f"{API}/sites/shop/listings", json=body_of(ONE), headers={"if-match": '"1"'})).json()
    slow = (await alice.post(f"{API}/listings/{begun['id']}/finish")).json()
    await finished(alice, slow["id"])  # live now: deploy 2
    begun = (await alice.post(f"{API}/sites/shop/listings", json=body_of(ONE), headers={"if-match": '"2"'})).json()
    await alice.post(f"{API}/sites/shop/rollback")

    late = await alice.post(f"{API}/listings/{begun['id']}/finish")

    assert (late.status_code, late.json()["code"]) == (409, "live_changed")


async def test_the_same_key_makes_one_deploy(alice: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "ci-run-42", "content-type": "application/zip"}

    made = [await alice.post(f"{API}/sites/shop/deploys", content=zip_of(TWO), headers=headers) for _ in range(2)]

    assert [each.status_code for each in made] == [202, 202]
    assert len({each.json()["id"] for each in made}) == 1
    assert (await alice.get(f"{API}/sites/shop/deploys")).json()["total"] == 2
    await finished(alice, made[0].json()["id"])


async def test_two_deploys_are_compared_down_to_their_rules(alice: httpx.AsyncClient) -> None:
    rules = {"_redirects": "/old /about 302\n", "_headers": "/*\n  X-Thing: one\n"}
    await listed(alice, TWO | rules)

    found = (await alice.get(f"{API}/sites/shop/diff", params={"before": "1", "after": "2"})).json()

    assert sorted(each["path"] for each in found["added"]) == ["_headers", "_redirects", "new.html"]
    assert [each["path"] for each in found["changed"]] == ["index.html"]
    assert found["redirects"] == {"added": ["/old /about 302"], "removed": []}
    assert found["headers"] == {"added": ["/*  x-thing: one"], "removed": []}


async def test_a_download_is_what_was_uploaded_and_its_manifest(alice: httpx.AsyncClient) -> None:
    [deploy] = (await alice.get(f"{API}/sites/shop/deploys")).json()["items"]

    answer = await alice.get(f"{API}/deploys/{deploy['id']}/download")

    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="shop-1.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    about = json.loads(texts.pop(".dropdock/manifest.json"))
    assert texts == ONE
    assert (about["site"], about["number"]) == ("shop", 1)
    assert {file["path"]: file["sha256"] for file in about["files"]} == {p: sha256(t) for p, t in ONE.items()}
    again = await deployed(alice, "shop", answer.content)
    assert again["files"] == 3


async def test_a_deploy_is_deleted_unless_something_points_to_it(server: Appliance, alice: httpx.AsyncClient) -> None:
    [first] = (await alice.get(f"{API}/sites/shop/deploys")).json()["items"]
    await alice.put(f"{API}/sites/shop/aliases/old", json={"deploy": "1"})

    live = await alice.delete(f"{API}/deploys/{first['id']}")
    await listed(alice, TWO)
    aliased = await alice.delete(f"{API}/deploys/{first['id']}")
    await alice.delete(f"{API}/sites/shop/aliases/old")
    host = f"{first['id']}--shop.localhost"
    assert (await server.fetch(host)).status_code == 200
    gone = await alice.delete(f"{API}/deploys/{first['id']}")

    assert [(each.status_code, each.json()["code"]) for each in (live, aliased)] == [
        (409, "is_live"),
        (409, "has_alias"),
    ]
    assert gone.status_code == 204
    assert (await server.fetch(host)).status_code == 404
    assert (await alice.get(f"{API}/deploys/{first['id']}")).status_code == 404
    assert (await server.fetch("shop.localhost")).text == page("two")


async def test_what_is_somebody_elses_is_not_there(alice: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    [deploy] = (await alice.get(f"{API}/sites/shop/deploys")).json()["items"]
    begun = (await alice.post(f"{API}/sites/shop/listings", json=body_of(TWO))).json()

    answers = [
        await bob.get(f"{API}/deploys/{deploy['id']}/download"),
        await bob.delete(f"{API}/deploys/{deploy['id']}"),
        await bob.get(f"{API}/sites/shop/diff", params={"before": "1", "after": "1"}),
        await bob.get(f"{API}/sites/shop/aliases"),
        await bob.put(f"{API}/sites/shop/aliases/a", json={"deploy": "1"}),
        await bob.put(f"{API}/sites/shop/lock", json={}),
        await bob.delete(f"{API}/sites/shop/lock"),
        await bob.post(f"{API}/sites/shop/listings", json=body_of(TWO)),
        await bob.post(f"{API}/sites/shop/comparison", json=body_of(TWO)),
        await bob.get(f"{API}/listings/{begun['id']}"),
        await bob.post(f"{API}/listings/{begun['id']}/finish"),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)


async def test_deploys_are_listed_by_state_branch_and_purpose(alice: httpx.AsyncClient) -> None:
    await listed(alice, TWO, params={"branch": "next", "alias": "next"})
    await deployed(alice, "shop", b"PK\3\4 not really")

    async def numbers(**query: str) -> list[int]:
        found = (await alice.get(f"{API}/sites/shop/deploys", params=query)).raise_for_status().json()
        assert found["total"] == len(found["items"])
        return [each["number"] for each in found["items"]]

    assert await numbers() == [3, 2, 1]
    assert await numbers(state="failed") == [3]
    assert await numbers(branch="next") == [2]
    assert await numbers(production="false") == [2]
    assert await numbers(state="ready", production="true") == [1]


async def test_nothing_at_an_alias_is_kept_for_ever(server: Appliance, alice: httpx.AsyncClient) -> None:
    """It may hold other bytes once the alias has moved."""
    texts = ONE | {"app-0123456789abcdef.js": "let app"}
    facts = await listed(alice, texts, params={"alias": "staging"})

    own = await server.fetch(f"{facts['id']}--shop.localhost", "/app-0123456789abcdef.js")
    alias = await server.fetch("staging--shop.localhost", "/app-0123456789abcdef.js")

    assert "immutable" in own.headers["cache-control"]
    assert "immutable" not in alias.headers["cache-control"]
    assert own.headers["x-robots-tag"] == alias.headers["x-robots-tag"] == "noindex"

"""Sites over the API: the four who ask, what they may, and what the answers look like."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.units import Size
from tests.builders import Appliance, appliance, deployed, page, zip_of
from tests.cast import ALICE, BOB, OLGA

ONE = zip_of({"index.html": page("one")})
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path / "data", people=(OLGA, ALICE, BOB)) as running:
        yield running


@pytest.fixture
async def alice(server: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with server.client(ALICE) as client:
        yield client


async def test_a_site_is_made_shown_and_listed(server: Appliance, alice: httpx.AsyncClient) -> None:
    made = await alice.post("/api/v1/sites", json={"name": "shop"})

    site = made.json()
    assert made.status_code == 201
    assert INSTANT.fullmatch(site.pop("created_at"))
    assert site == {
        "name": "shop",
        "url": f"http://shop.localhost:{server.port}/",
        "owner": ALICE.email,
        "options": {
            "dialect": "netlify",
            "html": "natural",
            "spa": False,
            "minify": True,
            "any_case": False,
            "head_snippet": "",
        },
        "live": None,
        "deploys": 0,
        "locked": None,
        "latest": None,
        "production_branch": "main",
    }
    assert (await alice.get("/api/v1/sites/shop")).json() == made.json()
    assert (await alice.get("/api/v1/sites")).json() == {
        "items": [made.json()], "page": 1, "per_page": 50, "total": 1
    }  # fmt: skip


async def test_a_site_with_something_live_says_what_and_since_when(alice: httpx.AsyncClient) -> None:
    deploy = await deployed(alice, "shop", ONE)

    site = (await alice.get("/api/v1/sites/shop")).json()

    assert site["deploys"] == 1
    assert (site["live"]["deploy"], site["live"]["number"]) == (deploy["id"], 1)
    assert INSTANT.fullmatch(site["live"]["published_at"])


async def test_listing_is_paged(alice: httpx.AsyncClient) -> None:
    for name in ("c", "a", "b"):
        await alice.post("/api/v1/sites", json={"name": name})

    second = (await alice.get("/api/v1/sites", params={"page": 2, "per_page": 2})).json()

    assert ([site["name"] for site in second["items"]], second["total"]) == (["c"], 3)


@pytest.mark.parametrize("query", [{"page": "0"}, {"per_page": "201"}, {"per_page": "x"}, {"colour": "red"}])
async def test_a_page_that_cannot_be_is_refused(query: dict[str, str], alice: httpx.AsyncClient) -> None:
    answer = await alice.get("/api/v1/sites", params=query)

    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == set(query)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "No Name"}, 422, "bad_name"),
        ({"name": "admin"}, 422, "bad_name"),
        ({"name": "taken"}, 409, "name_taken"),
        ({"name": 7}, 422, "invalid"),
        ({"name": "x" * 101}, 422, "invalid"),
        ({}, 422, "invalid"),
        ({"name": "shop", "colour": "red"}, 422, "invalid"),
    ],
)
async def test_a_site_that_cannot_be_is_refused_and_it_is_said_why(
    body: dict[str, Any], status: int, code: str, alice: httpx.AsyncClient
) -> None:
    await alice.post("/api/v1/sites", json={"name": "taken"})

    answer = await alice.post("/api/v1/sites", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await alice.get("/api/v1/sites")).json()["total"] == 1


async def test_options_are_changed_and_the_rest_stays(alice: httpx.AsyncClient) -> None:
    await alice.post("/api/v1/sites", json={"name": "shop"})

    answer = await alice.patch("/api/v1/sites/shop", json={"spa": True, "html": "noslash", "any_case": True})

    assert answer.status_code == 200
    assert answer.json()["options"] == {
        "dialect": "netlify",
        "html": "noslash",
        "spa": True,
        "minify": True,
        "any_case": True,
        "head_snippet": "",
    }


async def test_a_snippet_longer_than_the_operator_allows_is_refused(tmp_path: Path) -> None:
    async with (
        appliance(tmp_path / "small", (OLGA, ALICE), snippet_size=Size(10)) as server,
        server.client(ALICE) as alice,
    ):
        await alice.post("/api/v1/sites", json={"name": "shop"})
        await alice.patch("/api/v1/sites/shop", json={"head_snippet": "<meta a=b>"})

        answer = await alice.patch(
            "/api/v1/sites/shop", json={"head_snippet": "<meta a=\N{LATIN SMALL LETTER E WITH ACUTE}>"}
        )

        assert (answer.status_code, answer.json()["code"]) == (422, "snippet_too_long")
        assert answer.json()["limit"] == {"name": "snippet_size", "value": "10B"}
        assert (await alice.get("/api/v1/sites/shop")).json()["options"]["head_snippet"] == "<meta a=b>"


@pytest.mark.parametrize(
    "body", [{"spa": None}, {"spa": "yes"}, {"html": "pretty"}, {"dialect": "apache"}, {"name": "x"}]
)
async def test_an_option_that_cannot_be_is_refused(body: dict[str, Any], alice: httpx.AsyncClient) -> None:
    before = (await alice.post("/api/v1/sites", json={"name": "shop"})).json()

    answer = await alice.patch("/api/v1/sites/shop", json=body)

    assert answer.status_code == 422
    assert (await alice.get("/api/v1/sites/shop")).json() == before


async def test_a_deleted_site_is_gone_for_everybody_at_once(server: Appliance, alice: httpx.AsyncClient) -> None:
    deploy = await deployed(alice, "shop", ONE)
    hosts = ["shop.localhost", f"{deploy['id']}--shop.localhost"]
    assert [(await server.fetch(host)).status_code for host in hosts] == [200, 200]

    answer = await alice.delete("/api/v1/sites/shop")

    assert (answer.status_code, answer.content) == (204, b"")
    assert [(await server.fetch(host)).status_code for host in hosts] == [404, 404]
    assert (await alice.get("/api/v1/sites/shop")).status_code == 404
    assert (await alice.get(f"/api/v1/deploys/{deploy['id']}")).status_code == 404
    assert (await alice.delete("/api/v1/sites/shop")).status_code == 404


async def test_a_deleted_site_is_listed_and_restored_with_what_was_live(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    await deployed(alice, "shop", ONE)
    before = (await alice.get("/api/v1/sites/shop")).json()
    await alice.delete("/api/v1/sites/shop")

    listed = (await alice.get("/api/v1/deleted-sites")).json()
    taken = await alice.post("/api/v1/sites", json={"name": "shop"})
    restored = await alice.post("/api/v1/deleted-sites/shop/restore")

    (facts,) = listed["items"]
    assert (facts["name"], facts["by"], facts["deploys"], listed["total"]) == ("shop", ALICE.email, 1, 1)
    assert INSTANT.fullmatch(facts["until"])
    assert (taken.status_code, taken.json()["code"]) == (409, "name_deleted")
    assert (restored.status_code, restored.json()) == (200, before)
    assert (await server.fetch("shop.localhost")).text == page("one")
    assert (await alice.get("/api/v1/deleted-sites")).json()["items"] == []


async def test_a_restored_site_is_behind_the_gate_it_had(server: Appliance, alice: httpx.AsyncClient) -> None:
    await deployed(alice, "shop", ONE)
    gate = {"covers": "everything", "password": "let them in, all"}
    (await alice.patch("/api/v1/sites/shop/gate", json=gate)).raise_for_status()
    closed = await server.fetch("shop.localhost")

    await alice.delete("/api/v1/sites/shop")
    await alice.post("/api/v1/deleted-sites/shop/restore")

    assert (await server.fetch("shop.localhost")).status_code == closed.status_code == 401


async def test_a_name_is_free_once_its_site_is_removed_for_good(alice: httpx.AsyncClient) -> None:
    await alice.post("/api/v1/sites", json={"name": "shop"})
    await alice.delete("/api/v1/sites/shop")

    ended = await alice.delete("/api/v1/deleted-sites/shop")

    assert (ended.status_code, ended.content) == (204, b"")
    assert (await alice.post("/api/v1/deleted-sites/shop/restore")).status_code == 404
    assert (await alice.post("/api/v1/sites", json={"name": "shop"})).status_code == 201


STRANGERS_ASK = [
    ("GET", "/sites/shop", None),
    ("PATCH", "/sites/shop", {"spa": True}),
    ("DELETE", "/sites/shop", None),
    ("GET", "/sites/shop/deploys", None),
    ("POST", "/sites/shop/deploys", b"PK"),
    ("POST", "/sites/shop/publish", {"deploy": "1"}),
    ("POST", "/sites/shop/rollback", None),
    ("GET", "/deploys/{deploy}", None),
    ("GET", "/deploys/{deploy}/events", None),
]


async def ask(client: httpx.AsyncClient, method: str, path: str, body: Any) -> httpx.Response:
    if isinstance(body, bytes):
        return await client.request(method, path, content=body, headers={"content-type": "application/zip"})
    return await client.request(method, path, json=body)


async def test_a_strangers_site_is_not_there_whatever_is_asked(server: Appliance, alice: httpx.AsyncClient) -> None:
    deploy = await deployed(alice, "shop", ONE)
    before = (await alice.get("/api/v1/sites/shop")).json()

    async with server.client(BOB) as bob:
        answers = {
            (method, path): (await ask(bob, method, "/api/v1" + path.format(deploy=deploy["id"]), body)).status_code
            for method, path, body in STRANGERS_ASK
        }
        seen = (await bob.get("/api/v1/sites")).json()

    assert set(answers.values()) == {404}, answers
    assert seen["total"] == 0
    assert (await alice.get("/api/v1/sites/shop")).json() == before


async def test_nobody_may_ask_without_an_account(server: Appliance, alice: httpx.AsyncClient) -> None:
    deploy = await deployed(alice, "shop", ONE)

    async with server.client() as nobody:
        answers = {
            (method, path): (await ask(nobody, method, "/api/v1" + path.format(deploy=deploy["id"]), body)).status_code
            for method, path, body in [*STRANGERS_ASK, ("GET", "/sites", None), ("POST", "/sites", {"name": "x"})]
        }

    assert set(answers.values()) == {401}, answers


async def test_an_operator_may_see_and_change_every_site(server: Appliance, alice: httpx.AsyncClient) -> None:
    await alice.post("/api/v1/sites", json={"name": "shop"})

    async with server.client(OLGA) as olga:
        seen = (await olga.get("/api/v1/sites")).json()
        changed = await olga.patch("/api/v1/sites/shop", json={"spa": True})

    assert [site["owner"] for site in seen["items"]] == [ALICE.email]
    assert changed.json()["options"]["spa"] is True


@pytest.mark.parametrize(("method", "path"), [("PUT", "/sites/shop"), ("DELETE", "/sites"), ("POST", "/sites/shop")])
async def test_a_wrong_method_is_told_the_right_ones(method: str, path: str, alice: httpx.AsyncClient) -> None:
    answer = await alice.request(method, f"/api/v1{path}")

    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]

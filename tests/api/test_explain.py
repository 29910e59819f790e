"""Explain over the API: what is said of an address is what visitors of it get; who may ask, and about what."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.builders import Appliance, appliance, deployed, page, zip_of
from tests.cast import ALICE, BOB, OLGA

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "open sesame please"
FILES = {
    "index.html": page("home"),
    "a b/caf\u00e9.html": page("caf\u00e9"),
    "big.css": "body { color: red }\n" * 500,
    "_redirects": "/old /fr 302 Language=fr\n/old /new 302\n/in /index.html 200 Cookie=seen\n",
    "_headers": "/*\n  X-All: yes\n",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path_factory.mktemp("explain") / "data", (OLGA, ALICE, BOB)) as running:
        async with running.client(ALICE) as alice:
            await deployed(alice, "shop", zip_of(FILES))
            await deployed(alice, "other", zip_of(FILES))
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def alice(server: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with server.client(ALICE) as client:
        yield client


async def ask(client: httpx.AsyncClient, url: str, site: str = "shop", **visitor: str) -> httpx.Response:
    return await client.get(f"/api/v1/sites/{site}/explain", params={"url": url, **visitor})


async def explained(client: httpx.AsyncClient, url: str, site: str = "shop", **visitor: str) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(client, url, site, **visitor)).raise_for_status().json()
    return found


@pytest.mark.parametrize(
    ("path", "visitor", "headers"),
    [
        ("/", {}, {}),
        ("/?utm=1", {}, {}),
        ("/old?x=1", {}, {}),
        ("/old", {"language": "fr"}, {"accept-language": "fr"}),
        ("/in", {"cookie": "seen=1"}, {"cookie": "seen=1"}),
        ("/in", {}, {}),
        ("/a b/caf\u00e9", {}, {}),
        ("/big.css", {"accept_encoding": "br"}, {"accept-encoding": "br"}),
        ("/big.css", {"accept_encoding": ""}, {"accept-encoding": "identity"}),
    ],
)
async def test_what_is_explained_is_what_a_visitor_gets(
    server: Appliance, alice: httpx.AsyncClient, path: str, visitor: dict[str, str], headers: dict[str, str]
) -> None:
    browser = {"accept-encoding": "gzip, deflate, br, zstd"} | headers

    found = await explained(alice, f"http://shop.localhost:{server.port}{path}#part", **visitor)

    got = await server.fetch("shop.localhost", path, headers=browser)
    sent = {name: value for name, value in got.headers.items() if name not in {"date", "connection"}}
    assert (found["status"], {one["name"]: one["value"] for one in found["headers"]}) == (got.status_code, sent)


async def test_deploy_rule_blocks_and_file_are_named(alice: httpx.AsyncClient) -> None:
    live = (await alice.get("/api/v1/sites/shop")).json()["live"]

    moved, home = await explained(alice, "http://shop.localhost/old"), await explained(alice, "https://shop.localhost")

    assert (moved["deploy"], moved["number"], moved["preview"]) == (live["deploy"], live["number"], False)
    assert (moved["rule"]["file"], moved["rule"]["line"]) == ("_redirects", 2)
    assert [(one["line"], one["why_not"]) for one in moved["passed_over"]] == [(1, "condition")]
    assert [(one["file"], one["line"], one["sets"]) for one in home["blocks"]] == [("_headers", 1, ["x-all"])]
    assert (home["file"], home["caching"], home["guard"]) == ("index.html", "revalidate", "")
    assert home["steps"][-1] == {"step": "send file", "said": "The file is sent.", "answered": True}


async def test_a_deploys_own_address_is_explained(server: Appliance, alice: httpx.AsyncClient) -> None:
    made = await deployed(alice, "shop", zip_of({"index.html": "x", "draft.html": "draft"}), draft="true")

    found = await explained(alice, f"{made['deploy_url']}draft")

    assert (found["deploy"], found["preview"], found["file"]) == (made["id"], True, "draft.html")
    assert {"name": "x-robots-tag", "value": "noindex"} in found["headers"]


async def test_a_gated_site_is_explained_behind_its_gate_and_tells_no_secret(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    await deployed(alice, "gated", zip_of(FILES))
    await alice.patch("/api/v1/sites/gated/gate", json={"covers": "everything", "password": PASSWORD})

    answer = await ask(alice, "http://gated.localhost/")

    found = (await ask(alice, "http://gated.localhost/", "gated")).json()
    visited = await server.fetch("gated.localhost", auth=("me", PASSWORD))
    assert answer.status_code == 422
    assert (found["guard"], found["status"], found["file"], found["caching"]) == ("gate", 200, "index.html", "private")
    assert {"name": "cache-control", "value": visited.headers["cache-control"]} in found["headers"]
    assert PASSWORD not in str(found)
    assert "argon2" not in str(found)


async def test_a_name_that_is_no_unicode_can_be_told(alice: httpx.AsyncClient) -> None:
    answer = await ask(alice, "http://shop.localhost/%FF%ED%A0%80")

    assert (answer.status_code, answer.json()["status"]) == (200, 404)


@pytest.mark.parametrize(
    "url",
    [
        "http://other.localhost/",
        "http://localhost/",
        "http://shop.example.org/",
        "http://shop.localhost.evil.example/",
        "http://d1--other.localhost/",
        "http://[::1/",
        "http://-/",
        "ftp://shop.localhost/",
        "shop.localhost",
        "/about",
    ],
)
async def test_another_address_is_refused(alice: httpx.AsyncClient, url: str) -> None:
    answer = await ask(alice, url)

    assert answer.status_code == 422
    assert answer.json()["fields"].keys() == {"url"}


async def test_what_is_not_there_is_not_found(alice: httpx.AsyncClient) -> None:
    await alice.post("/api/v1/sites", json={"name": "empty"})

    answers = [
        await ask(alice, "http://empty.localhost/", "empty"),
        await ask(alice, "http://0000000000--shop.localhost/"),
        await ask(alice, "http://nobody.localhost/", "nobody"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert [answer.json()["code"] for answer in answers] == ["nothing_there", "nothing_there", "no_such_site"]


async def test_operators_may_ask_and_strangers_find_nothing(server: Appliance) -> None:
    async with server.client(OLGA) as olga, server.client(BOB) as bob, server.client() as nobody:
        answers = [await ask(client, "http://shop.localhost/") for client in (olga, bob, nobody)]

    assert [answer.status_code for answer in answers] == [200, 404, 401]


async def test_asking_leaves_what_is_ready_as_it_was(server: Appliance, alice: httpx.AsyncClient) -> None:
    before = (await server.fetch("shop.localhost")).headers["etag"]

    for _ in range(3):
        await explained(alice, "http://shop.localhost/")

    assert (await server.fetch("shop.localhost")).headers["etag"] == before

"""Netlify's protocol without netlify-cli: digests, states, publishing, refusals in its own form."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import Appliance, appliance, page, zip_of
from tests.cast import ALICE, BOB, OLGA
from tests.clients.waiting import until

INDEX = page("By digest").encode()
RULES = b'[[redirects]]\nfrom = "/old"\nto = "/"\nstatus = 302\n'


def sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path / "data", [OLGA, ALICE, BOB], file_size=100_000) as running:
        yield running


@pytest.fixture
async def netlify(server: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with of(server, ALICE.email) as client:
        (await client.post("/dropdock/sites", json={"name": "blog"})).raise_for_status()
        yield client


def of(server: Appliance, email: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {server.tokens[email]}"}
    return httpx.AsyncClient(base_url=f"http://localhost:{server.port}/netlify", headers=headers, timeout=60)


async def opened(netlify: httpx.AsyncClient, files: dict[str, bytes], **new: Any) -> dict[str, Any]:
    """A deploy with its files listed."""
    made = (await netlify.post("/sites/blog/deploys", json=new)).raise_for_status().json()
    digests = {path: sha1(content) for path, content in files.items()}
    filled = await netlify.put(f"/sites/blog/deploys/{made['id']}", json={"files": digests, **new})
    return filled.raise_for_status().json()  # type: ignore[no-any-return]


async def sent(netlify: httpx.AsyncClient, deploy: str, path: str, content: bytes) -> httpx.Response:
    async def pieces() -> AsyncIterator[bytes]:  # without a length, as the client sends it
        yield content

    return await netlify.put(f"/deploys/{deploy}/files/{path}", content=pieces())


async def ready(netlify: httpx.AsyncClient, deploy: str) -> dict[str, Any]:
    async def finished() -> dict[str, Any] | None:
        found: dict[str, Any] = (await netlify.get(f"/deploys/{deploy}")).json()
        return found if found["state"] in {"ready", "error"} else None

    return await until(finished)


async def test_only_what_is_missing_is_asked_for_and_the_last_of_it_finishes(
    server: Appliance, netlify: httpx.AsyncClient
) -> None:
    files = {"/index.html": INDEX, "copy/index.html": INDEX, "netlify.toml": RULES}
    deploy = await opened(netlify, files)
    assert deploy["state"] == "prepared"
    assert sorted(deploy["required"]) == sorted({sha1(INDEX), sha1(RULES)})

    assert (await sent(netlify, deploy["id"], "index.html", INDEX)).status_code == 200
    assert (await netlify.get(f"/deploys/{deploy['id']}")).json()["required"] == [sha1(RULES)]
    assert (await sent(netlify, deploy["id"], "netlify.toml", RULES)).status_code == 200
    again = await sent(netlify, deploy["id"], "copy/index.html", INDEX)  # the client sends it for each of its paths

    assert again.status_code == 200
    assert (await ready(netlify, deploy["id"]))["state"] == "ready"
    assert "By digest" in (await server.fetch("blog.localhost", "/copy/")).text
    assert (await server.fetch("blog.localhost", "/old")).status_code == 302
    assert (await server.fetch("blog.localhost", "/netlify.toml")).status_code == 404

    unchanged = await opened(netlify, files)
    assert unchanged["required"] == []
    assert (await ready(netlify, unchanged["id"]))["state"] == "ready"


@pytest.mark.parametrize(
    ("new", "is_live", "host"),
    [
        ({}, True, None),
        ({"draft": True}, False, None),
        ({"branch": "main"}, True, None),
        ({"branch": "Docs/New"}, False, "docs-new--blog.localhost"),
    ],
)
async def test_published_is_what_is_no_draft_and_of_no_other_branch(
    server: Appliance, netlify: httpx.AsyncClient, new: dict[str, Any], is_live: bool, host: str | None
) -> None:
    deploy = await opened(netlify, {"index.html": INDEX}, **new)
    await sent(netlify, deploy["id"], "index.html", INDEX)
    await ready(netlify, deploy["id"])

    live = (await netlify.get("/sites/blog")).json()["published_deploy"]
    assert (live is not None) == is_live
    if host:
        assert "By digest" in (await server.fetch(host)).text


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({}, ["failed", "draft", "branch", "live"]),
        ({"state": "ready"}, ["draft", "branch", "live"]),
        ({"state": "error"}, ["failed"]),
        ({"state": "uploading"}, []),
        ({"branch": "next"}, ["branch"]),
        ({"production": "true"}, ["failed", "live"]),
        ({"production": "true", "state": "ready"}, ["live"]),
        ({"page": "2", "per_page": "3"}, ["live"]),
        ({"page": "x", "per_page": "-1"}, ["failed", "draft", "branch", "live"]),
    ],
)
async def test_deploys_are_listed_by_state_branch_and_purpose(
    netlify: httpx.AsyncClient, query: dict[str, str], titles: list[str]
) -> None:
    kinds: dict[str, dict[str, Any]] = {"live": {}, "branch": {"branch": "next"}, "draft": {"draft": True}}
    for title, new in kinds.items():
        deploy = await opened(netlify, {"index.html": INDEX}, title=title, **new)
        await sent(netlify, deploy["id"], "index.html", INDEX)
        await ready(netlify, deploy["id"])
    broken = await netlify.post(
        "/sites/blog/deploys?title=failed", content=b"x", headers={"Content-Type": "application/zip"}
    )
    await ready(netlify, broken.json()["id"])

    listed = (await netlify.get("/sites/blog/deploys", params=query)).json()

    assert [deploy["title"] for deploy in listed] == titles


async def test_a_zip_is_a_deploy(server: Appliance, netlify: httpx.AsyncClient) -> None:
    archive = zip_of({"index.html": page("Zipped")})

    made = await netlify.post("/sites/blog/deploys", content=archive, headers={"Content-Type": "application/zip"})

    assert (await ready(netlify, made.json()["id"]))["state"] == "ready"
    assert "Zipped" in (await server.fetch("blog.localhost")).text


@pytest.mark.parametrize("key", ["functions", "edge_functions", "server"])
async def test_functions_are_refused(netlify: httpx.AsyncClient, key: str) -> None:
    made = (await netlify.post("/sites/blog/deploys", json={})).json()

    answer = await netlify.put(f"/sites/blog/deploys/{made['id']}", json={"files": {}, key: {"hello": sha1(b"x")}})

    assert answer.status_code == 422
    assert "not supported: static sites only" in answer.json()["message"]


async def test_content_that_is_something_else_is_final(netlify: httpx.AsyncClient) -> None:
    deploy = await opened(netlify, {"index.html": INDEX})

    answer = await sent(netlify, deploy["id"], "index.html", b"something else")

    assert answer.status_code in {400, 422}
    assert (await netlify.get(f"/deploys/{deploy['id']}")).json()["state"] == "prepared"


async def test_a_file_too_large_is_final_and_names_the_setting(netlify: httpx.AsyncClient) -> None:
    large = b"x" * 100_001
    deploy = await opened(netlify, {"index.html": large})

    answer = await sent(netlify, deploy["id"], "index.html", large)

    assert answer.status_code == 422
    assert "file_size" in answer.json()["message"]


async def test_a_canceled_deploy_is_gone(netlify: httpx.AsyncClient) -> None:
    deploy = await opened(netlify, {"index.html": INDEX})

    canceled = await netlify.post(f"/deploys/{deploy['id']}/cancel")

    assert canceled.json()["state"] == "error"
    assert (await sent(netlify, deploy["id"], "index.html", INDEX)).status_code == 404


async def test_a_name_that_is_taken_is_a_422(server: Appliance, netlify: httpx.AsyncClient) -> None:
    async with of(server, BOB.email) as bob:
        taken = await bob.post("/sites", json={"name": "blog"})
        unseen = await bob.get("/sites/blog")
        listed = await bob.get("/sites", params={"name": "blog"})

    assert taken.status_code == 422
    assert unseen.status_code == 404
    assert listed.json() == []


async def test_a_site_is_found_by_the_name_that_was_asked_and_removed_without_a_type(
    netlify: httpx.AsyncClient,
) -> None:
    (found,) = (await netlify.get("/sites", params={"name": "blog", "filter": "all"})).json()

    removed = await netlify.delete(f"/sites/{found['id']}")

    assert found["name"] == "blog"
    assert removed.status_code == 204
    assert "content-type" not in removed.headers


async def test_what_the_client_asks_the_root_is_an_empty_list_for_anyone(server: Appliance) -> None:
    async with server.client() as client:
        team = await client.get("/team/1/integrations/installations/meta/blog")
        safe = await client.get("/site/blog/integrations/safe")

    assert team.json() == safe.json() == []


async def test_the_build_step_that_drops_the_path_finds_the_account(
    server: Appliance, netlify: httpx.AsyncClient
) -> None:
    address = f"http://localhost:{server.port}/api/v1/accounts"
    found = await netlify.get(address, params={"minimal": "true"})
    async with server.client() as stranger:
        refused = await stranger.get(address, params={"minimal": "true"})
    own = await netlify.get(address)

    assert [account["slug"] for account in found.json()] == ["dropdock"]
    assert refused.status_code == 401
    assert own.status_code == 403  # as it is for every account that runs no others


async def test_cookies_do_not_count(server: Appliance) -> None:
    async with server.client() as browser:
        await browser.post("/api/v1/auth/sign-in", json={"email": ALICE.email, "password": ALICE.password})
        answer = await browser.get("/netlify/sites")

    assert answer.status_code == 401
    assert "personal token" in answer.json()["message"]


async def test_no_call_of_another_kind_is_answered(netlify: httpx.AsyncClient) -> None:
    instances = await netlify.get("/sites/blog/service-instances")
    env = await netlify.get("/accounts/dropdock/env", params={"site_id": "blog"})

    assert instances.status_code == 404
    assert "/sites/blog/service-instances" in instances.json()["message"]
    assert env.json() == []

"""Surge's protocol without surge: who is let in, and in which form what goes wrong is said."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance import tokens
from appliance.actor import Actor
from appliance.deploys import DeployFacts
from tests.builders import Appliance, appliance, page, tar_of
from tests.cast import ALICE, BOB, OLGA

PROJECT = tar_of({"project/index.html": page("Surged"), "project/a/b.html": page("Deep")}, "gz")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path / "data", [OLGA, ALICE, BOB], upload_size=50_000) as running:
        yield running


def terminal(server: Appliance, token: str, path: str = "/surge") -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://localhost:{server.port}{path}", auth=("token", token), timeout=60)


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize("path", ["/surge", ""])  # the client drops the last part of its endpoint when it publishes
async def test_an_archive_is_published_and_told_of(server: Appliance, path: str) -> None:
    async with terminal(server, server.tokens[ALICE.email], path) as surge:
        answer = await surge.put("/blog.localhost", content=PROJECT)

    *progress, last = events(answer)
    assert answer.status_code == 200
    assert {event["type"] for event in progress} == {"progress"}
    assert last["type"] == "info"
    assert last["metadata"]["publicFileCount"] == 2
    assert "Surged" in (await server.fetch("blog.localhost")).text
    assert "Deep" in (await server.fetch("blog.localhost", "/a/b.html")).text


async def test_cookies_and_other_tokens_do_not_count(server: Appliance) -> None:
    async with server.client() as browser:
        signed = await browser.post("/api/v1/auth/sign-in", json={"email": ALICE.email, "password": ALICE.password})
        by_cookie = await browser.get("/surge/account")
    async with terminal(server, signed.json()["access_token"]) as surge:
        by_session = await surge.get("/account")

    assert by_cookie.status_code == by_session.status_code == 401


@pytest.mark.parametrize("header", ["Basic", "Basic %", "Basic bm8tY29sb24=", "Bearer x", "Basic /w=="])
async def test_an_unsound_header_is_a_stranger(server: Appliance, header: str) -> None:
    async with server.client() as client:
        answer = await client.put("/surge/blog.localhost", headers={"Authorization": header}, content=PROJECT)

    assert answer.status_code == 401
    assert "personal token" in answer.headers["Reason"]


async def test_somebody_elses_site_stays_theirs(server: Appliance) -> None:
    async with terminal(server, server.tokens[ALICE.email]) as alice:
        await alice.put("/blog.localhost", content=PROJECT)

    async with terminal(server, server.tokens[BOB.email]) as bob:
        published = await bob.put("/blog.localhost", content=PROJECT)
        removed = await bob.delete("/blog.localhost")
        listed = await bob.get("/list")

    assert published.status_code == 403
    assert "taken" in published.headers["Reason"]
    assert removed.status_code == 404
    assert listed.json() == []


async def test_what_the_client_shows_no_status_of_is_told_in_the_stream(server: Appliance) -> None:
    async with terminal(server, server.tokens[ALICE.email]) as surge:
        answer = await surge.put("/blog.localhost", content=b"x" * 60_000)

    (event,) = events(answer)
    assert event["type"] == "error"
    assert "upload_size" in event["error"]["message"]


async def test_an_address_nobody_answers_is_said_in_the_clients_form(server: Appliance) -> None:
    async with terminal(server, server.tokens[ALICE.email]) as surge:
        answer = await surge.get("/blog.localhost/analytics")

    assert answer.status_code == 404
    assert "/blog.localhost/analytics" in answer.json()["messages"][0]


async def test_what_is_told_ends_with_the_token_it_began_with(
    server: Appliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = server.actors[ALICE.email]
    kept = server.parts.deploys.watch

    async def watched(actor: Actor, deploy: str) -> AsyncIterator[DeployFacts]:
        """As it is, but the token goes before what there is to tell of the end."""
        async for facts in kept(actor, deploy):
            if facts.is_finished:
                for token in (await tokens.listing(alice, 1, 9))[0]:
                    await tokens.remove(alice, token.id)
            yield facts

    monkeypatch.setattr(type(server.parts.deploys), "watch", lambda _, actor, deploy: watched(actor, deploy))

    async with terminal(server, server.tokens[ALICE.email]) as surge:
        answer = await surge.put("/blog.localhost", content=PROJECT)

    *_, last = events(answer)
    assert last["type"] == "error"
    assert "This token was taken back" in last["error"]["message"]
    assert "Surged" in (await server.fetch("blog.localhost")).text

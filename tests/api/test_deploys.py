"""Deploys over the API: every way to upload, following one to its end, publishing and going back."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard

from appliance import tokens
from appliance.api.deploys import UPLOAD_TYPES
from appliance.models.deploy import Deploy
from appliance.storage.manifest import Manifests
from appliance.units import Size
from tests.builders import Appliance, appliance, deployed, finished, page, tar_of, uploaded, zip_of
from tests.cast import ALICE, OLGA
from tests.held_child import Gate

FILES = {"index.html": page("one"), "css/a.css": "p{}"}
ONE, TWO = zip_of(FILES), zip_of({"index.html": page("two")})
TAR = tar_of(FILES)
BODIES = {
    "application/zip": ONE,
    "application/x-zip-compressed": ONE,
    "application/x-tar": TAR,
    "application/gzip": gzip.compress(TAR),
    "application/x-gzip": gzip.compress(TAR),
    "application/zstd": zstandard.compress(TAR),
    "application/octet-stream": ONE,
}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


@pytest.fixture
async def server(tmp_path: Path, gate: Gate) -> AsyncIterator[Appliance]:
    data = tmp_path / "data"
    async with appliance(data, (OLGA, ALICE), build_command=gate.command(data)) as running:
        yield running


@pytest.fixture
async def alice(server: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    """Alice, who has a site."""
    async with server.client(ALICE) as client:
        (await client.post("/api/v1/sites", json={"name": "shop"})).raise_for_status()
        yield client


async def upload(client: httpx.AsyncClient, body: bytes, kind: str, **query: str) -> httpx.Response:
    return await client.post(
        "/api/v1/sites/shop/deploys", params=query, content=body, headers={"content-type": kind} if kind else {}
    )


@asynccontextmanager
async def followed(client: httpx.AsyncClient, deploy: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The events of a deploy, as they come; those of its log are only looked at."""

    async def events(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
        kind = ""
        async for line in lines:
            name, _, value = line.partition(": ")
            if name == "event":
                assert value in {"deploy", "log"}
                kind = value
            if name == "data" and kind == "deploy":
                yield json.loads(value)

    async with client.stream("GET", f"/api/v1/deploys/{deploy}/events") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store"
        yield events(answer.aiter_lines())


# ── uploading ──


async def test_an_upload_is_answered_before_it_is_worked_on(server: Appliance, alice: httpx.AsyncClient) -> None:
    answer = await upload(alice, ONE, "application/zip", message="first", filename="shop.zip")

    deploy = answer.json()
    host = f"shop.localhost:{server.port}/"
    assert answer.status_code == 202
    assert (deploy["site"], deploy["number"], deploy["message"], deploy["author"]) == ("shop", 1, "first", ALICE.email)
    assert (deploy["url"], deploy["deploy_url"]) == (f"http://{host}", f"http://{deploy['id']}--{host}")
    assert (deploy["state"], deploy["live"], deploy["draft"]) == ("queued", False, False)
    assert INSTANT.fullmatch(deploy["created_at"])
    assert deploy["finished_at"] is None
    assert [step["name"] for step in deploy["steps"]] == ["receive", "unpack", "check", "store", "publish"]
    assert deploy["steps"][0]["state"] == "done"
    await finished(alice, deploy["id"])


@pytest.mark.parametrize("kind", BODIES)
async def test_every_kind_of_archive_is_taken(kind: str, server: Appliance, alice: httpx.AsyncClient) -> None:
    answer = await upload(alice, BODIES[kind], kind)

    facts = await finished(alice, answer.json()["id"])

    assert (facts["state"], facts["files"], facts["problems"]) == ("ready", 2, [])
    assert (await server.fetch("shop.localhost", "/css/a.css")).text == "p{}"


async def test_a_form_with_a_folders_files_is_a_site(server: Appliance, alice: httpx.AsyncClient) -> None:
    parts = [("files", (f"my-site/{path}", content.encode())) for path, content in FILES.items()]

    answer = await alice.post("/api/v1/sites/shop/deploys", files=parts)

    facts = await finished(alice, answer.json()["id"])
    assert (facts["state"], facts["files"]) == ("ready", 2)
    assert (await server.fetch("shop.localhost")).text == page("one")
    assert (await server.fetch("shop.localhost", "/css/a.css")).text == "p{}"


async def test_a_form_with_a_single_zip_is_what_is_in_it(server: Appliance, alice: httpx.AsyncClient) -> None:
    answer = await alice.post("/api/v1/sites/shop/deploys", files={"file": ("shop.zip", ONE)})

    assert (await finished(alice, answer.json()["id"]))["files"] == 2
    assert (await server.fetch("shop.localhost")).text == page("one")


async def test_a_single_file_is_a_site_under_its_name(server: Appliance, alice: httpx.AsyncClient) -> None:
    answer = await upload(alice, page("one").encode(), "application/octet-stream", filename="index.html")

    assert (await finished(alice, answer.json()["id"]))["files"] == 1
    assert (await server.fetch("shop.localhost")).text == page("one")


@pytest.mark.parametrize("kind", ["text/html", "application/json", "application/zip2", ""])
async def test_another_media_type_is_refused_and_the_right_ones_are_named(kind: str, alice: httpx.AsyncClient) -> None:
    answer = await upload(alice, ONE, kind)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_type")
    assert all(one in answer.json()["detail"] for one in UPLOAD_TYPES)
    assert (await alice.get("/api/v1/sites/shop/deploys")).json()["total"] == 0


@pytest.mark.parametrize(
    "query", [{"draft": "maybe"}, {"message": "x" * 501}, {"filename": "x" * 256}, {"colour": "red"}]
)
async def test_an_upload_with_a_wish_that_cannot_be_is_refused(query: dict[str, str], alice: httpx.AsyncClient) -> None:
    answer = await upload(alice, ONE, "application/zip", **query)

    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == set(query)


async def test_a_message_of_any_script_is_kept(alice: httpx.AsyncClient) -> None:
    message = "Preise 🍋 “neu” \N{COMBINING ACUTE ACCENT}"

    facts = await deployed(alice, "shop", ONE, message=message)

    assert facts["message"] == message


async def test_a_failed_deploy_says_code_sentence_and_limit(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ALICE), entries=1) as server, server.client(ALICE) as alice:
        facts = await deployed(alice, "shop", ONE)

        assert (facts["state"], facts["live"], facts["files"]) == ("failed", False, 0)
        assert facts["error"]["limit"] == {"name": "entries", "value": "1"}
        assert facts["error"]["detail"].endswith(".")
        assert facts["error"]["retry"] is False
        assert facts["log"][-1]["text"] == facts["error"]["detail"]
        assert INSTANT.fullmatch(facts["log"][-1]["at"])
        assert INSTANT.fullmatch(facts["finished_at"])


async def test_what_was_found_is_told_with_the_deploy(alice: httpx.AsyncClient) -> None:
    facts = await deployed(alice, "shop", zip_of({"index.html": "x", ".DS_Store": "junk"}))

    [problem] = facts["problems"]
    assert (problem["code"], problem["count"], problem["line"]) == ("left_out", 1, None)


# ── following ──


async def test_following_a_deploy_tells_the_first_at_once_then_each_step_until_it_is_live(
    gate: Gate, alice: httpx.AsyncClient
) -> None:
    gate.hold_next()
    deploy = (await uploaded(alice, "shop", ONE))["id"]
    await gate.held(deploy)
    async with asyncio.timeout(20), followed(alice, deploy) as events:
        first = await anext(events)
        gate.let_go(deploy)

        rest = [event async for event in events]

    assert (first["id"], first["state"]) == (deploy, "working")
    assert {event["state"] for event in rest[:-1]} <= {"working"}
    assert (rest[-1]["state"], rest[-1]["live"]) == ("ready", True)
    assert [step["state"] for step in rest[-1]["steps"]] == ["done"] * 5
    assert rest[-1] | {"log": []} == (await alice.get(f"/api/v1/deploys/{deploy}")).json() | {"log": []}


async def test_following_a_deploy_that_fails_ends_with_why(gate: Gate, alice: httpx.AsyncClient) -> None:
    gate.hold_next()
    deploy = (await uploaded(alice, "shop", b"PK\3\4 not really"))["id"]
    await gate.held(deploy)
    async with asyncio.timeout(20), followed(alice, deploy) as events:
        await anext(events)
        gate.let_go(deploy)

        rest = [event async for event in events]

    assert (rest[-1]["state"], rest[-1]["error"]["code"]) == ("failed", "damaged")


async def test_following_a_deploy_finished_long_ago_tells_it_once(alice: httpx.AsyncClient) -> None:
    facts = await deployed(alice, "shop", ONE)

    async with asyncio.timeout(20), followed(alice, facts["id"]) as events:
        told = [event async for event in events]

    assert [(event["id"], event["state"]) for event in told] == [(facts["id"], "ready")]


async def test_following_ends_when_the_site_is_deleted(gate: Gate, alice: httpx.AsyncClient) -> None:
    gate.hold_next()
    deploy = (await uploaded(alice, "shop", ONE))["id"]
    await gate.held(deploy)
    async with asyncio.timeout(20), followed(alice, deploy) as events:
        await anext(events)
        await alice.delete("/api/v1/sites/shop")
        gate.let_go(deploy)

        assert {event["state"] async for event in events} <= {"working"}


async def test_following_ends_with_the_token_it_began_with(
    server: Appliance, gate: Gate, alice: httpx.AsyncClient
) -> None:
    actor = server.actors[ALICE.email]
    gate.hold_next()
    deploy = (await uploaded(alice, "shop", ONE))["id"]
    await gate.held(deploy)
    async with asyncio.timeout(60), followed(alice, deploy) as events:
        await anext(events)
        await tokens.remove(actor, (await tokens.listing(actor, 1, 1))[0][0].id)
        gate.let_go(deploy)

        assert [event async for event in events] == []


async def test_one_who_stops_following_is_no_trouble(gate: Gate, alice: httpx.AsyncClient) -> None:
    gate.hold_next()
    deploy = (await uploaded(alice, "shop", ONE))["id"]
    await gate.held(deploy)
    async with followed(alice, deploy) as events:
        await anext(events)
    gate.let_go(deploy)

    assert (await finished(alice, deploy))["state"] == "ready"


@pytest.mark.parametrize("deploy", ["nosuchone", "x" * 60, "1"])
async def test_a_deploy_that_is_not_there_is_not_found(deploy: str, alice: httpx.AsyncClient) -> None:
    answers = [await alice.get(f"/api/v1/deploys/{deploy}{rest}") for rest in ("", "/events")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "no_such_deploy")] * 2


# ── what visitors get ──


async def test_a_draft_is_ready_at_its_own_address_and_not_live(server: Appliance, alice: httpx.AsyncClient) -> None:
    draft = await deployed(alice, "shop", ONE, draft="true")

    assert (draft["state"], draft["live"], draft["draft"]) == ("ready", False, True)
    assert (await server.fetch("shop.localhost")).status_code == 404
    assert (await server.fetch(f"{draft['id']}--shop.localhost")).text == page("one")


async def test_rolling_back_and_publishing_forward_by_number_and_id(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    first, second = await deployed(alice, "shop", ONE), await deployed(alice, "shop", TWO)

    back = await alice.post("/api/v1/sites/shop/rollback")
    shown_back = (await server.fetch("shop.localhost")).text
    forward = await alice.post("/api/v1/sites/shop/publish", json={"deploy": "2"})
    shown_forward = (await server.fetch("shop.localhost")).text
    again = await alice.post("/api/v1/sites/shop/publish", json={"deploy": first["id"]})

    assert [answer.status_code for answer in (back, forward, again)] == [200, 200, 200]
    assert [answer.json()["id"] for answer in (back, forward, again)] == [first["id"], second["id"], first["id"]]
    assert all(answer.json()["live"] for answer in (back, forward, again))
    assert (shown_back, shown_forward) == (page("one"), page("two"))


async def test_there_must_be_something_to_go_back_to(alice: httpx.AsyncClient) -> None:
    empty = await alice.post("/api/v1/sites/shop/rollback")
    await deployed(alice, "shop", ONE)
    first = await alice.post("/api/v1/sites/shop/rollback")

    assert [(answer.status_code, answer.json()["code"]) for answer in (empty, first)] == [
        (409, "nothing_live"),
        (409, "no_earlier"),
    ]


async def test_only_a_ready_deploy_can_be_published(gate: Gate, alice: httpx.AsyncClient) -> None:
    failed = await deployed(alice, "shop", b"PK\3\4 not really")
    gate.hold_next()
    working = (await uploaded(alice, "shop", ONE))["id"]
    await gate.held(working)

    answers = [await alice.post("/api/v1/sites/shop/publish", json={"deploy": one}) for one in (failed["id"], "2")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "not_ready")] * 2
    gate.let_go(working)
    await finished(alice, working)


@pytest.mark.parametrize(
    ("body", "status"),
    [({"deploy": "9"}, 404), ({"deploy": "x" * 32}, 404), ({"deploy": ""}, 422), ({"deploy": 1}, 422), ({}, 422)],
)
async def test_publishing_needs_a_deploy_of_the_site(
    body: dict[str, Any], status: int, alice: httpx.AsyncClient
) -> None:
    assert (await alice.post("/api/v1/sites/shop/publish", json=body)).status_code == status


async def test_deploys_are_listed_newest_first_in_pages(alice: httpx.AsyncClient) -> None:
    for archive in (ONE, b"PK\3\4 not really", TWO):
        await deployed(alice, "shop", archive)

    first = (await alice.get("/api/v1/sites/shop/deploys", params={"per_page": 2})).json()
    second = (await alice.get("/api/v1/sites/shop/deploys", params={"per_page": 2, "page": 2})).json()

    listed = [(deploy["number"], deploy["state"], deploy["live"]) for deploy in first["items"] + second["items"]]
    assert listed == [(3, "ready", True), (2, "failed", False), (1, "ready", False)]
    assert (first["total"], first["page"], second["page"], second["per_page"]) == (3, 1, 2, 2)


async def test_options_go_into_the_next_deploy_only(server: Appliance, alice: httpx.AsyncClient) -> None:
    await deployed(alice, "shop", ONE)
    await alice.patch("/api/v1/sites/shop", json={"spa": True})
    await deployed(alice, "shop", ONE)

    stored = Manifests(server.parts.settings.data / "manifests")
    recorded = [stored.get(deploy.manifest or "").options.spa for deploy in await Deploy.all().order_by("number")]

    assert recorded == [False, True]


async def test_a_client_that_sends_all_of_a_refused_upload_still_gets_to_read_why(tmp_path: Path) -> None:
    async with (
        appliance(tmp_path / "data", (OLGA,), upload_size=Size(1_000_000)) as server,
        server.client(OLGA) as olga,
    ):
        await olga.post("/api/v1/sites", json={"name": "docs"})

        answer = await olga.post(
            "/api/v1/sites/docs/deploys", content=bytes(60_000_000), headers={"content-type": "application/zip"}
        )

    assert answer.status_code == 413
    assert answer.json()["limit"] == {"name": "upload_size", "value": "1MB"}

"""The audit log over the API, as changes over every surface write it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.builders import Appliance, appliance, deployed, page, zip_of
from tests.cast import ALICE, BOB, OLGA

ONE = zip_of({"index.html": page("one")})
SECRET = "correct horse battery staple"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path / "data", people=(OLGA, ALICE, BOB)) as running:
        yield running


async def actions(client: httpx.AsyncClient, **query: str) -> list[str]:
    answer = await client.get("/api/v1/audit", params={"per_page": "200", **query})
    assert answer.status_code == 200, answer.text
    return [entry["action"] for entry in reversed(answer.json()["items"])]


async def test_a_site_s_life_is_told_in_order(server: Appliance) -> None:
    async with server.client(ALICE) as alice:
        first = await deployed(alice, "shop", ONE)
        await deployed(alice, "shop", zip_of({"index.html": page("two")}))
        site = "/api/v1/sites/shop"
        for method, path, body in (
            ("POST", f"{site}/rollback", None),
            ("PATCH", site, {"spa": True}),
            ("PUT", f"{site}/aliases/staging", {"deploy": first["id"]}),
            ("DELETE", f"{site}/aliases/staging", None),
            ("PATCH", f"{site}/gate", {"password": SECRET}),
            ("PUT", f"{site}/build/variables/TOKEN", {"value": SECRET}),
            ("DELETE", site, None),
        ):
            answer = await alice.request(method, path, json=body)
            assert answer.status_code < 300, (path, answer.text)

        told = await actions(alice, site="shop")
        whole = (await alice.get("/api/v1/audit/export")).text

    assert told == [
        "site.create",
        "deploy.create",
        "deploy.live",
        "deploy.create",
        "deploy.live",
        "deploy.rollback",
        "site.change",
        "alias.set",
        "alias.delete",
        "gate.change",
        "variable.set",
        "site.delete",
    ]
    assert SECRET not in whole


async def test_an_entry_names_the_token_and_the_address_it_came_from(server: Appliance) -> None:
    async with server.client(ALICE) as alice:
        await alice.post("/api/v1/sites", json={"name": "shop"})
        entry = (await alice.get("/api/v1/audit", params={"action": "site.create"})).json()["items"][0]

    assert entry["who"] == ALICE.email
    assert entry["via"].startswith("token ")
    assert entry["address"] in {"127.0.0.1", "::1"}


async def test_another_user_sees_nothing_of_it(server: Appliance) -> None:
    async with server.client(ALICE) as alice, server.client(BOB) as bob, server.client(OLGA) as olga:
        await alice.post("/api/v1/sites", json={"name": "private"})

        assert await actions(bob, site="private") == []
        assert await actions(olga, site="private") == ["site.create"]
        export = await bob.get("/api/v1/audit/export", params={"site": "private"})

    assert export.text == ""
    assert export.headers["content-type"] == "application/x-ndjson"


async def test_an_export_is_one_json_value_a_line(server: Appliance) -> None:
    async with server.client(OLGA) as olga:
        for name in ("one", "two"):
            await olga.post("/api/v1/sites", json={"name": name})
        lines = (await olga.get("/api/v1/audit/export", params={"action": "site"})).text.splitlines()

    assert [json.loads(line)["site"] for line in lines] == ["one", "two"]


@pytest.mark.parametrize("query", [{"since": "yesterday"}, {"since": "2026-01-01T00:00:00"}, {"action": "nonsense"}])
async def test_a_question_that_makes_no_sense_is_refused(server: Appliance, query: dict[str, str]) -> None:
    async with server.client(OLGA) as olga:
        answer = await olga.get("/api/v1/audit", params=query)

    assert answer.status_code == 422
    assert next(iter(query)) in answer.json()["fields"]

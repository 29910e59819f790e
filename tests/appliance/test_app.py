"""The app as a whole: what holds for every answer of the admin's host, and what a failing database looks like."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from quart import Quart
from tortoise.connection import get_connection

from admin_ui import blueprints
from appliance import guard
from appliance.uploads import HOOK_BODY, HOOK_PATHS, STRANGERS_BODY, STRANGERS_PATHS
from tests.builders import appliance
from tests.cast import ALICE, OLGA


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/sites", "/api/openapi.json", "/api/docs", "/healthz", "/no"])
async def test_no_answer_is_taken_for_what_it_does_not_say_it_is(tmp_path: Path, path: str) -> None:
    async with appliance(tmp_path / "data") as server, server.client(OLGA) as olga:
        answer = await olga.get(path)

    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_database_that_cannot_be_written_is_busy_and_not_a_crash(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ALICE)) as server, server.client(ALICE) as alice:
        await alice.get("/api/v1/me")  # notes when the token was last used, which is a write
        await get_connection("default").execute_script("PRAGMA query_only = ON")

        refused = await alice.post("/api/v1/sites", json={"name": "blog"})
        await get_connection("default").execute_script("PRAGMA query_only = OFF")
        taken = await alice.post("/api/v1/sites", json={"name": "blog"})

    assert (refused.status_code, refused.json()["code"]) == (503, "database_failed")
    assert "readonly" not in refused.text
    assert taken.status_code == 201


@pytest.mark.parametrize("path", ["/api/v1/auth/sign-in", "/api/v1/auth/refresh", "/sign-in"])
async def test_strangers_may_not_send_much(tmp_path: Path, path: str) -> None:
    kind = {"content-type": "application/json" if path.startswith("/api/") else "application/x-www-form-urlencoded"}
    async with appliance(tmp_path / "data", admin=blueprints) as server, server.client() as stranger:
        declared = await stranger.post(path, content=b"x" * (STRANGERS_BODY + 1), headers=kind)
        streamed = await stranger.post(path, content=pieces(), headers=kind)
        taken = await stranger.post(path, content=b"x" * STRANGERS_BODY, headers=kind)

    assert [answer.status_code for answer in (declared, streamed)] == [413, 413]
    assert declared.json()["detail"] == "This request's body is larger than 32KiB."
    assert "limit" not in declared.json()
    assert taken.status_code in {400, 401}


async def test_a_webhook_may_not_send_much_either(tmp_path: Path) -> None:
    kind = {"content-type": "application/json"}
    async with appliance(tmp_path / "data", admin=blueprints) as server, server.client() as stranger:
        refused = await stranger.post("/api/v1/sites/blog/git/hook", content=b"x" * (HOOK_BODY + 1), headers=kind)
        taken = await stranger.post("/api/v1/sites/blog/git/hook", content=b"x" * HOOK_BODY, headers=kind)

    assert refused.status_code == 413
    assert taken.status_code in {403, 404}


async def pieces() -> AsyncIterator[bytes]:
    for _ in range(5):
        yield bytes(STRANGERS_BODY // 4)


async def test_the_longest_passwords_fit_into_what_strangers_may_send(tmp_path: Path) -> None:
    password = "\N{GRINNING FACE}" * 1024
    form = {"token": "t" * 1024, "email": "e" * 250 + "@x.y", "password": password, "again": password}
    async with appliance(tmp_path / "data", (), admin=blueprints) as server, server.client() as stranger:
        answer = await stranger.post("/setup", data=form)

    assert answer.status_code == 403  # looked at, and the token is not the right one


async def test_every_form_that_is_open_to_strangers_is_kept_small(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", admin=blueprints) as server:
        rules = open_to_posts(server.running.app)

    assert rules
    assert [rule for rule in rules if not rule.endswith(STRANGERS_PATHS + HOOK_PATHS)] == []


def open_to_posts(app: Quart) -> list[str]:
    return [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and guard.is_open(rule.endpoint, app.view_functions[rule.endpoint])
    ]

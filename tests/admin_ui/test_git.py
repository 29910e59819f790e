"""The page of a site's repository: set, shown without its token, a webhook's secret once, taken away."""

import pytest

from tests.admin_ui.desk import Desk, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

URL = "https://git.example.org/me/site.git"


async def set_up(alice: Desk, site: str, **more: str) -> str:
    async with alice.server.client(alice.person) as api:
        (await api.post("/api/v1/sites", json={"name": site})).raise_for_status()
    path = f"/sites/{site}/git"
    answer = await alice.submit(path, url=URL, branch="main", folder="public", **more)
    assert answer.status_code == 303
    return path


async def test_a_repository_is_set_and_its_token_not_shown(alice: Desk) -> None:
    path = await set_up(alice, "git-set", token="a-secret-token", previews="on")

    shown = (await alice.get(path)).text

    assert URL in shown
    assert "There is one; leave this empty to keep it." in shown
    assert "a-secret-token" not in shown


async def test_what_cannot_be_is_said_beside_its_field(alice: Desk) -> None:
    path = await set_up(alice, "git-bad")

    answer = await alice.submit(path, url="http://example.org/x")

    assert answer.status_code == 422
    assert "is no HTTPS address of a repository" in answer.text


async def test_what_was_typed_beside_what_is_refused_is_not_lost(alice: Desk) -> None:
    path = await set_up(alice, "git-mistyped", previews="on")
    typed = {"url": "http://example.org/x", "branch": "next", "folder": "docs", "username": "alice"}

    answer = await alice.submit(path, **typed, token="a-secret-token")

    inputs = {known["name"]: known for tag, known in Page(answer.text).tags if tag == "input" and "name" in known}
    assert {name: inputs[name].get("value") for name in typed} == typed
    assert "checked" not in inputs["previews"]
    assert "a-secret-token" not in answer.text


async def test_a_webhook_s_secret_is_shown_once(alice: Desk) -> None:
    path = await set_up(alice, "git-secret")

    made = await alice.submit(f"{path}/secret")
    again = (await alice.get(path)).text

    assert 'class="secret"' in made.text
    assert 'class="secret"' not in again
    assert "There is a secret; a new one takes its place." in again


async def test_deploying_from_git_ends(alice: Desk) -> None:
    path = await set_up(alice, "git-gone")

    await alice.submit(f"{path}/delete", sure="on")

    assert "Deploy now" not in (await alice.page(path)).text

"""What every page of the admin has: headers, shipped files, and pages for what goes wrong."""

import re

import pytest

from admin_ui.assets import Assets
from appliance.sites import Sites
from tests.admin_ui.desk import Desk, Page
from tests.admin_ui.themes import shipped_themes

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("path", ["/", "/account", "/help", "/sites/nothing", "/nothing"])
async def test_a_page_may_load_only_what_is_shipped(alice: Desk, path: str) -> None:
    headers = (await alice.get(path)).headers

    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


async def test_shipped_files_are_kept_for_ever_under_an_address_of_their_own(stranger: Desk) -> None:
    shown = await stranger.page("/sign-in")
    sheet = next(known["href"] for tag, known in shown.tags if known.get("rel") == "stylesheet")

    answer = await stranger.get(sheet)

    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("name", ["nothing.css", "css/", "../app.py", "css/tokens.css"])
async def test_nothing_else_is_a_shipped_file(stranger: Desk, name: str) -> None:
    answer = await stranger.get(f"{Assets.load(shipped_themes()).prefix}/{name}")

    assert answer.status_code == 404


async def test_a_wrong_address_is_a_page_for_browsers(stranger: Desk) -> None:
    answer = await stranger.get("/nothing/here")

    assert answer.status_code == 404
    assert "There is nothing at this address" in Page(answer.text).text


async def test_a_page_that_crashes_says_under_which_id_the_log_has_it(
    alice: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(Sites, "get", crash)

    answer = await alice.get("/sites/any")

    assert answer.status_code == 500
    assert f"<code>{answer.headers['x-request-id']}</code>" in answer.text


@pytest.mark.parametrize(
    ("path", "accept"), [("/nothing", "*/*"), ("/api/v1/nothing", "text/html"), ("/api/v1/sites", "text/html")]
)
async def test_programs_are_answered_in_json(stranger: Desk, path: str, accept: str) -> None:
    answer = await stranger.client.get(path, headers={"Accept": accept})

    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_form_that_is_too_large_names_the_limit(alice: Desk) -> None:
    answer = await alice.submit("/sites", name="x" * 2_000_000)

    assert answer.status_code == 413
    assert re.search(r"The limit: request_body, 1MB", answer.text)


async def test_a_notice_is_one_of_ours(alice: Desk) -> None:
    assert 'id="notice"' in (await alice.get("/account?done=saved")).text
    assert 'id="notice"' not in (await alice.get("/account?done=you+have+won")).text

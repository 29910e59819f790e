"""A site's settings, and deleting it."""

import pytest

from tests.admin_ui.desk import Desk
from tests.builders import page

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_options_are_saved(alice: Desk) -> None:
    await alice.submit("/sites", name="options")

    answer = await alice.submit(
        "/sites/options/settings",
        html="slash",
        dialect="cloudflare",
        spa="on",
        any_case="on",
        head_snippet=" <meta name=a> ",
    )

    assert answer.headers["location"] == "/sites/options/settings?done=saved"
    async with alice.server.client(alice.person) as api:
        options = (await api.get("/api/v1/sites/options")).json()["options"]
    assert options == {
        "dialect": "cloudflare",
        "html": "slash",
        "spa": True,
        "minify": False,
        "any_case": True,
        "head_snippet": "<meta name=a>",
    }
    shown = await alice.page("/sites/options/settings?done=saved")
    assert "Saved." in shown.text
    assert [known["value"] for tag, known in shown.tags if "selected" in known] == ["slash", "cloudflare"]


async def test_a_snippet_that_is_too_long_is_shown_again_with_what_is_wrong(alice: Desk) -> None:
    await alice.submit("/sites", name="long-snippet")
    snippet = f"<!-- {'x' * 8_000} -->"

    answer = await alice.submit("/sites/long-snippet/settings", html="slash", dialect="netlify", head_snippet=snippet)

    assert answer.status_code == 422
    assert "snippet_size" in answer.text
    assert "x" * 8_000 in answer.text


async def test_an_option_that_is_none_is_refused(alice: Desk) -> None:
    await alice.submit("/sites", name="odd-options")

    answer = await alice.submit("/sites/odd-options/settings", html="upside-down", dialect="netlify")

    assert answer.status_code == 422


async def test_a_site_goes_when_its_name_is_typed(alice: Desk) -> None:
    await alice.deploy("doomed", {"index.html": page("one")})

    answer = await alice.submit("/sites/doomed/delete", confirm="doomed")

    assert answer.headers["location"] == "/deleted-sites?done=deleted"
    assert (await alice.get("/sites/doomed")).status_code == 404
    assert (await alice.server.fetch("doomed.localhost")).status_code == 404


@pytest.mark.parametrize("typed", ["", "safe ly", "SAFE"])
async def test_a_site_stays_when_its_name_is_not_typed(alice: Desk, typed: str) -> None:
    await alice.submit("/sites", name="safe")

    answer = await alice.submit("/sites/safe/delete", confirm=typed)

    assert answer.status_code == 422
    assert "Nothing was done" in answer.text
    assert (await alice.get("/sites/safe")).status_code == 200

"""Rules of a source's netlify.toml, through the whole server: they hold for the site that was built of it."""

from pathlib import Path

import pytest

from tests.builders import deployed, page, zip_of
from tests.test_builds import HUGO, building, cache

__all__ = ["cache"]  # a fixture

RULES = """
[build]
publish = "public"

[[redirects]]
from = "/old"
to = "/first/"
status = 302

[[redirects]]
from = "/both"
to = "/of-the-source"

[[headers]]
for = "/*"
[headers.values]
X-Baked = "today"
"""


@pytest.mark.needs("bubblewrap")
async def test_rules_beside_a_source_hold_for_its_site_after_those_of_the_output(tmp_path: Path, cache: Path) -> None:
    source = HUGO | {
        "netlify.toml": RULES,
        "static/netlify.toml": RULES.replace("/first/", "/wrong").replace("today", "yesterday"),
        "static/_redirects": "/both /of-the-output 302\n",
        "static/_headers": "/first/\n  X-Shop: open\n",
    }
    async with building(tmp_path / "data", cache) as (server, client):
        await deployed(client, "shop", zip_of(source), build="hugo")
        answers = [await server.fetch("shop.localhost", path) for path in ("/old", "/both", "/first/", "/netlify.toml")]

    old, both, first, itself = answers
    assert (old.status_code, old.headers["location"]) == (302, "/first/")
    assert (both.status_code, both.headers["location"]) == (302, "/of-the-output")
    assert (first.status_code, first.headers["x-baked"], first.headers["x-shop"]) == (200, "today", "open")
    assert itself.status_code == 404


async def test_rules_beside_a_folder_of_finished_pages_hold_for_them(tmp_path: Path, cache: Path) -> None:
    files = {"netlify.toml": RULES, "public/index.html": page("finished"), "readme.txt": "not published"}
    async with building(tmp_path / "data", cache) as (server, client):
        await deployed(client, "shop", zip_of(files))
        old, home, other = [await server.fetch("shop.localhost", path) for path in ("/old", "/", "/readme.txt")]

    assert (old.status_code, home.text, home.headers["x-baked"]) == (302, page("finished"), "today")
    assert other.status_code == 404

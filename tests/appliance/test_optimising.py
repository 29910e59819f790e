"""What a visitor gets of what was uploaded, as the site and the operator want it."""

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.deploys import Listing, NewDeploy
from tests.appliance.listed import settled
from tests.builders import Appliance, appliance, deployed, zip_of
from tests.cast import ALICE, OLGA

AIR = "\n\n      <!-- nothing said here -->\n\n   " * 4
PAGE = f"<!doctype html><html><head><title>t</title></head><body>{AIR}<p>word</p>{AIR}</body></html>"
SMALL = "<!doctype html><html><head><title>t</title></head><body>\n<p>word</p>\n</body></html>"
SITE = zip_of({"index.html": PAGE})


async def seen(server: Appliance, client: httpx.AsyncClient) -> str:
    """The page, after a deploy of the site."""
    facts = await deployed(client, "shop", SITE)
    assert facts["state"] == "ready"
    return (await server.fetch("shop.localhost")).text


@pytest.mark.parametrize(
    ("operator", "site", "page"),
    [
        ("site", True, SMALL),
        ("site", False, PAGE),
        ("on", False, SMALL),
        ("off", True, PAGE),
    ],
)
async def test_the_operators_word_goes_before_the_sites(tmp_path: Path, operator: str, site: bool, page: str) -> None:
    async with (
        appliance(tmp_path / "data", (OLGA, ALICE), force_minify=operator) as server,
        server.client(ALICE) as client,
    ):
        await client.post("/api/v1/sites", json={"name": "shop"})
        await client.patch("/api/v1/sites/shop", json={"minify": site})

        assert await seen(server, client) == page


async def test_switched_off_the_next_deploy_is_the_original_and_the_one_before_is_as_it_was(tmp_path: Path) -> None:
    async with (
        appliance(tmp_path / "data", (OLGA, ALICE), force_minify="site") as server,
        server.client(ALICE) as client,
    ):
        first = await seen(server, client)
        await client.patch("/api/v1/sites/shop", json={"minify": False})
        second = await seen(server, client)
        await client.post("/api/v1/sites/shop/rollback")

        assert (first, second, (await server.fetch("shop.localhost")).text) == (SMALL, PAGE, SMALL)


async def test_a_download_gives_the_original_back_though_visitors_get_it_minified(tmp_path: Path) -> None:
    async with (
        appliance(tmp_path / "data", (OLGA, ALICE), force_minify="on", head_snippet="<meta name=all>") as server,
        server.client(ALICE) as client,
    ):
        facts: dict[str, Any] = await deployed(client, "shop", SITE)
        shown = (await server.fetch("shop.localhost")).text
        download = (await client.get(f"/api/v1/deploys/{facts['id']}/download")).content

    assert shown == SMALL.replace("</head>", "<meta name=all></head>")
    with zipfile.ZipFile(io.BytesIO(download)) as archive:
        assert archive.read("index.html").decode() == PAGE


async def test_a_listing_of_a_deploy_is_of_what_was_uploaded(tmp_path: Path) -> None:
    async with (
        appliance(tmp_path / "data", (OLGA, ALICE), force_minify="site") as server,
        server.client(ALICE) as client,
    ):
        facts = await deployed(client, "shop", SITE)

        assert facts["bytes"] == len(PAGE)


async def test_the_operators_snippet_stands_in_every_page(tmp_path: Path) -> None:
    snippet = "<script defer src=/count.js></script>"
    async with (
        appliance(tmp_path / "data", (OLGA, ALICE), head_snippet=snippet, force_minify="off") as server,
        server.client(ALICE) as client,
    ):
        assert await seen(server, client) == PAGE.replace("</head>", f"{snippet}</head>")


async def test_the_sites_snippet_stands_after_the_operators_from_its_next_deploy_on(tmp_path: Path) -> None:
    """Also from one that is made of what is here already."""
    async with (
        appliance(tmp_path / "data", (OLGA, ALICE), head_snippet="<meta name=all>", force_minify="off") as server,
        server.client(ALICE) as client,
    ):
        await client.post("/api/v1/sites", json={"name": "shop"})
        await client.patch("/api/v1/sites/shop", json={"head_snippet": "<meta name=own>"})
        first = await seen(server, client)
        await client.patch("/api/v1/sites/shop", json={"head_snippet": ""})
        unchanged = (await server.fetch("shop.localhost")).text
        opened = await server.parts.listings.begin(
            server.actors[ALICE.email], "shop", (again := NewDeploy()), Listing((), base="1")
        )
        await server.parts.listings.finish(server.actors[ALICE.email], again.id)
        await settled(server.parts, server.actors[ALICE.email], again.id)
        second = (await server.fetch("shop.localhost")).text

    assert opened.missing == ()
    assert first == unchanged == PAGE.replace("</head>", "<meta name=all>\n<meta name=own></head>")
    assert second == PAGE.replace("</head>", "<meta name=all></head>")


async def test_the_log_says_in_one_line_what_was_saved(tmp_path: Path) -> None:
    async with (
        appliance(tmp_path / "data", (OLGA, ALICE), force_minify="site") as server,
        server.client(ALICE) as client,
    ):
        facts: dict[str, Any] = await deployed(client, "shop", zip_of({"index.html": PAGE, "a.txt": "word " * 100_000}))

    lines = [line["text"] for line in facts["log"] if "Optimised" in line["text"]]
    assert lines == ["Optimised: 0.5 MB are 0.5 MB minified and 0.1 KB as sent."]


async def test_what_was_found_in_the_cache_is_counted(tmp_path: Path) -> None:
    async with (
        appliance(tmp_path / "data", (OLGA, ALICE), force_minify="site") as server,
        server.client(ALICE) as client,
    ):
        await deployed(client, "shop", SITE)
        await deployed(client, "other", SITE)
        page = (await server.fetch("localhost", "/metrics")).text

    assert 'dropdock_cache_lookups_total{outcome="miss"} 1.0' in page
    assert 'dropdock_cache_lookups_total{outcome="hit"} 1.0' in page


@pytest.mark.long
async def test_of_a_thousand_pages_of_which_one_changed_one_is_made_again(tmp_path: Path) -> None:
    pages = {f"{number}.html": PAGE.replace("word", f"word {number} " * 200) for number in range(1000)}
    changed = pages | {"7.html": PAGE.replace("word", "changed " * 200)}
    async with (
        appliance(tmp_path / "data", (OLGA, ALICE), force_minify="site") as server,
        server.client(ALICE) as client,
    ):
        for files in (pages, pages, changed):
            await deployed(client, "shop", zip_of(files))
        figures = (await server.fetch("localhost", "/metrics")).text
        shown = (await server.fetch("shop.localhost", "/7.html")).text

    assert 'dropdock_cache_lookups_total{outcome="miss"} 1001.0' in figures
    assert "changed" in shown

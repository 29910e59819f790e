"""What is kept from build to build, through the whole server: dependencies by lock file, within their size."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import deployed, zip_of
from tests.test_builds import building

pytestmark = [pytest.mark.needs("bubblewrap")]

FOUND = "The dependencies are those of an earlier build"


def shop(flour: str = "1.0.0") -> dict[str, str]:
    """A project with a lock file and one dependency, which stands beside it: nothing is fetched from anywhere."""
    package = {"name": "shop", "version": "1.0.0", "dependencies": {"flour": "file:flour"}}
    flour_itself = {"name": "flour", "version": flour}
    lock = {
        "name": "shop",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "requires": True,
        "packages": {
            "": package,
            "flour": {"version": flour},
            "node_modules/flour": {"resolved": "flour", "link": True},
        },
    }
    build = "mkdir -p dist && node -p \"require('flour')\" > dist/index.html"
    return {
        ".nvmrc": ">=18",
        "package.json": json.dumps(package | {"scripts": {"build": build}}),
        "package-lock.json": json.dumps(lock),
        "flour/package.json": json.dumps(flour_itself),
        "flour/index.js": f"module.exports = 'baked with flour {flour}'",
    }


async def test_dependencies_are_installed_once_for_a_lock_file_and_a_site(tmp_path: Path) -> None:
    async with building(tmp_path / "data", empty(tmp_path / "cache")) as (server, client):
        first = await deployed(client, "shop", zip_of(shop()), build="npm")
        again = await deployed(client, "shop", zip_of(shop() | {"page.txt": "new"}), build="npm")
        changed = await deployed(client, "shop", zip_of(shop("2.0.0")), build="npm")
        elsewhere = await deployed(client, "other", zip_of(shop()), build="npm")
        figures = (await server.fetch("localhost", "/metrics")).text
        page = (await server.fetch("shop.localhost")).text

    assert [installed(facts) for facts in (first, again, changed, elsewhere)] == [True, False, True, True]
    assert [says(facts, FOUND) for facts in (first, again, changed, elsewhere)] == [False, True, False, False]
    assert "baked with flour 2.0.0" in page
    assert 'dropdock_dependency_lookups_total{outcome="hit"} 1.0' in figures
    assert 'dropdock_dependency_lookups_total{outcome="miss"} 3.0' in figures


async def test_with_no_room_nothing_is_kept(tmp_path: Path) -> None:
    async with building(tmp_path / "data", empty(tmp_path / "cache"), dependencies_size=0) as (_, client):
        await deployed(client, "shop", zip_of(shop()), build="npm")
        again = await deployed(client, "shop", zip_of(shop()), build="npm")

    assert installed(again)
    assert not (tmp_path / "data" / "cache" / "dependencies").exists()


def installed(facts: dict[str, Any]) -> bool:
    return says(facts, "$ npm ci")


def says(facts: dict[str, Any], text: str) -> bool:
    assert facts["state"] == "ready", facts
    return any(text in line["text"] for line in facts["log"])


def empty(folder: Path) -> Path:
    """A cache with nothing in it."""
    folder.mkdir()
    return folder

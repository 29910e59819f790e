"""The names a site is found by."""

from pathlib import Path

import pytest

from appliance.errors import NotFound
from tests.builders import Appliance, appliance, deployed, page, zip_of
from tests.cast import ALICE, CHARLIE, OLGA

PEOPLE = (OLGA, ALICE, CHARLIE)


async def test_every_name_that_is_listed_shows_what_is_said_of_it(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", PEOPLE) as server:
        async with server.client(ALICE) as alice:
            first = await deployed(alice, "blog", zip_of({"index.html": page("first")}))
            await deployed(alice, "blog", zip_of({"index.html": page("second")}))
            await alice.put("/api/v1/sites/blog/aliases/staging", json={"deploy": first["id"]})

        found = await server.parts.domains.of_site(server.actors[ALICE.email], "blog")

        assert [(each.kind, each.host, each.number, each.canonical) for each in found] == [
            ("site", "blog.localhost", 2, True),
            ("alias", "staging--blog.localhost", 1, False),
            ("deploys", "<deploy>--blog.localhost", None, False),
        ]
        own, alias, pattern = found
        assert "second" in await seen(server, own.host)
        assert "first" in await seen(server, alias.host)
        assert "first" in await seen(server, pattern.host.replace("<deploy>", first["id"]))
        assert own.url == f"http://blog.localhost:{server.port}/"


async def test_a_site_where_nothing_is_live_has_its_name_all_the_same(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", PEOPLE) as server:
        async with server.client(ALICE) as alice:
            await alice.post("/api/v1/sites", json={"name": "blog"})

        own, pattern = await server.parts.domains.of_site(server.actors[ALICE.email], "blog")

    assert (own.host, own.deploy, own.since, own.canonical) == ("blog.localhost", None, None, True)
    assert pattern.url == ""


async def test_strangers_learn_nothing(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", PEOPLE) as server:
        async with server.client(ALICE) as alice:
            await alice.post("/api/v1/sites", json={"name": "blog"})

        with pytest.raises(NotFound):
            await server.parts.domains.of_site(server.actors[CHARLIE.email], "blog")


@pytest.mark.parametrize(
    ("base", "names"),
    [
        ("localhost", ("*.localhost", "localhost", True)),
        ("sites.example.org", ("*.sites.example.org", "admin.sites.example.org", False)),
    ],
)
async def test_the_names_of_the_installation_follow_from_its_base(
    tmp_path: Path, base: str, names: tuple[str, str, bool]
) -> None:
    async with appliance(tmp_path / "data", (OLGA,), base=base) as server:
        found = server.parts.domains.base

    assert (found.wildcard, found.admin, found.is_local) == names


async def seen(server: Appliance, host: str) -> str:
    return (await server.fetch(host)).text

"""From the live pointers to the table: loaded when asked for, and never an older release than the pointer says."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.live import LiveSites
from appliance.pointer import Pointer
from tests.appliance.ground import Ground, manifest_of, sha


@pytest.fixture
def ground(database: DataFolder) -> Ground:
    return Ground.on(database)


async def restarted(database: DataFolder) -> Ground:
    ground = Ground.on(database)
    await ground.live.load()
    return ground


def at_compile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[Any]]) -> list[str]:
    """Have something happen once, after a release was compiled and before it is put into the table."""
    compile_, compiled = LiveSites._compile, list[str]()

    async def compile_and(self: LiveSites, pointer: Pointer) -> Any:
        release = await compile_(self, pointer)
        compiled.append(pointer.deploy)
        if len(compiled) == 1:
            await happens()
        return release

    monkeypatch.setattr(LiveSites, "_compile", compile_and)
    return compiled


async def test_after_a_start_a_site_is_loaded_at_its_first_request(
    ground: Ground, database: DataFolder, alice: Actor
) -> None:
    await ground.site(alice, "shop")
    await ground.ready(alice, "shop", "one")

    again = await restarted(database)

    assert len(again.table) == 0
    assert await again.shown("shop.localhost") == sha("one")
    assert len(again.table) == 1


async def test_a_published_release_is_in_place_at_once(ground: Ground, alice: Actor) -> None:
    await ground.site(alice, "shop")
    await ground.ready(alice, "shop", "one")

    release = ground.table.find("shop.localhost")

    assert release is not None
    assert release.entries["index.html"].sha256 == sha("one")


@pytest.mark.parametrize(
    "host",
    [
        "other.localhost",
        "shop.example.org",
        "localhost",
        "aaaaaaaaaa--shop.localhost",
        f"{'a' * 50}--shop.localhost",
        f"a--{'s' * 60}.localhost",
        "--shop.localhost",
    ],
)
async def test_a_host_nobody_has_leads_nowhere(host: str, ground: Ground, alice: Actor) -> None:
    await ground.site(alice, "shop")
    await ground.ready(alice, "shop", "one")

    assert await ground.live.find(host) is None


async def test_a_deploys_own_host_shows_it_for_ever(ground: Ground, alice: Actor) -> None:
    await ground.site(alice, "shop")
    first = await ground.ready(alice, "shop", "one")
    await ground.ready(alice, "shop", "two")

    release = await ground.live.find(f"{first.id}--shop.localhost")

    assert release is not None
    assert release.preview
    assert release.entries["index.html"].sha256 == sha("one")


async def test_a_deploy_is_not_shown_by_another_sites_name(ground: Ground, alice: Actor, bob: Actor) -> None:
    await ground.site(alice, "shop")
    await ground.site(bob, "blog")
    deploy = await ground.ready(alice, "shop", "one")

    assert await ground.live.find(f"{deploy.id}--blog.localhost") is None


async def test_a_deploy_that_is_not_ready_has_no_host(ground: Ground, alice: Actor) -> None:
    await ground.site(alice, "shop")
    waiting = await ground.accepted(alice, "shop")

    assert await ground.live.find(f"{waiting.id}--shop.localhost") is None


async def test_many_who_ask_at_once_cause_one_load(
    ground: Ground, database: DataFolder, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ground.site(alice, "shop")
    await ground.ready(alice, "shop", "one")
    again = await restarted(database)
    compiled = at_compile(monkeypatch, lambda: asyncio.sleep(0))

    releases = await asyncio.gather(*(again.live.find("shop.localhost") for _ in range(20)))

    assert len(compiled) == 1
    assert len(set(releases)) == 1


async def test_one_who_stops_asking_does_not_take_it_from_the_others(
    ground: Ground, database: DataFolder, alice: Actor
) -> None:
    await ground.site(alice, "shop")
    await ground.ready(alice, "shop", "one")
    again = await restarted(database)
    leaving = asyncio.create_task(again.live.find("shop.localhost"))
    staying = asyncio.create_task(again.live.find("shop.localhost"))
    await asyncio.sleep(0)

    leaving.cancel()

    assert await staying is not None


async def test_what_is_published_while_a_site_is_loaded_is_what_visitors_get(
    ground: Ground, database: DataFolder, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ground.site(alice, "shop")
    await ground.ready(alice, "shop", "one")
    again = await restarted(database)
    at_compile(monkeypatch, lambda: again.ready(alice, "shop", "two"))

    release = await again.live.find("shop.localhost")

    assert release is not None
    assert release.entries["index.html"].sha256 == sha("two")
    assert again.table.find("shop.localhost") is not None
    assert await again.shown("shop.localhost") == sha("two")


async def test_a_site_removed_while_it_is_loaded_leads_nowhere(
    ground: Ground, database: DataFolder, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ground.site(alice, "shop")
    await ground.ready(alice, "shop", "one")
    again = await restarted(database)
    at_compile(monkeypatch, lambda: again.removals.remove(alice, "shop"))

    assert await again.live.find("shop.localhost") is None
    assert again.table.find("shop.localhost") is None


async def test_a_deploy_removed_while_it_is_loaded_leads_nowhere(
    ground: Ground, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ground.site(alice, "shop")
    deploy = await ground.ready(alice, "shop", "one")
    at_compile(monkeypatch, lambda: ground.removals.remove(alice, "shop"))
    host = f"{deploy.id}--shop.localhost"

    assert await ground.live.find(host) is None
    assert ground.table.find(host) is None


async def test_a_load_that_failed_is_tried_again(
    ground: Ground, database: DataFolder, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ground.site(alice, "shop")
    await ground.ready(alice, "shop", "one")
    again = await restarted(database)
    path = database.manifests / again.manifests.put(manifest_of("one"))
    path.rename(path.with_suffix(".away"))
    with pytest.raises(FileNotFoundError):
        await again.live.find("shop.localhost")

    path.with_suffix(".away").rename(path)

    assert await again.shown("shop.localhost") == sha("one")

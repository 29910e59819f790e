"""Sites: who may have which name, who may see what, and nothing left of one that is removed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.data_folder import DataFolder
from appliance.errors import Conflict, Invalid, NotFound
from appliance.models.deploy import Deploy, Live, Publication
from appliance.models.site import Site
from appliance.sites import RESERVED, ChangeSite, NewSite, check_name
from appliance.storage.manifest import Options
from tests.appliance.ground import Ground


@pytest.fixture
def ground(database: DataFolder) -> Ground:
    return Ground.on(database)


@pytest.mark.parametrize("name", ["a", "7", "shop", "my-shop-2", "a" * 48])
def test_a_label_is_a_name(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * 49,
        "Shop",
        "my_shop",
        "-shop",
        "shop-",
        "my--shop",
        "xn--bcher-kva",
        "a.b",
        "bücher",
        "shop\n",
        " shop",
    ],
)
def test_what_cannot_be_a_host_cannot_be_a_name(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_name(name)

    assert refused.value.code == "bad_name"
    assert set(refused.value.fields) == {"name"}


@given(st.text(max_size=60))
def test_every_name_that_is_taken_fits_beside_a_deploys_id_into_a_label(name: str) -> None:
    try:
        check_name(name)
    except Invalid:
        return

    label = f"{'x' * 10}--{name}"
    assert len(label) <= 63
    assert label.isascii()


@pytest.mark.parametrize("name", sorted(RESERVED))
async def test_the_platforms_own_names_are_kept(name: str, ground: Ground, alice: Actor) -> None:
    with pytest.raises(Invalid, match="kept for the platform"):
        await ground.site(alice, name)


async def test_the_name_of_the_admins_host_is_kept(database: DataFolder, alice: Actor) -> None:
    ground = Ground.on(database, Addresses("example.org", "panel.example.org", "https", 443))

    with pytest.raises(Invalid, match="kept for the platform"):
        await ground.site(alice, "panel")


async def test_a_new_site_has_its_address_and_nothing_live(ground: Ground, alice: Actor) -> None:
    facts = await ground.sites.create(alice, NewSite("shop"))

    assert (facts.name, facts.url, facts.owner) == ("shop", "http://shop.localhost:8080/", alice.email)
    assert (facts.live, facts.deploys, facts.options) == (None, 0, Options())
    assert datetime.now(UTC) - facts.created_at < timedelta(seconds=10)


async def test_a_name_is_given_once(ground: Ground, alice: Actor, bob: Actor) -> None:
    await ground.site(alice, "shop")

    with pytest.raises(Conflict) as taken:
        await ground.site(bob, "shop")

    assert taken.value.code == "name_taken"


async def test_of_two_who_want_a_name_at_once_one_gets_it(ground: Ground, alice: Actor, bob: Actor) -> None:
    outcomes = await asyncio.gather(*(ground.site(who, "shop") for who in (alice, bob)), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes if outcome] == [Conflict]
    assert await Site.all().count() == 1


async def test_users_see_their_own_sites_operators_and_admins_all(
    ground: Ground, olga: Actor, adam: Actor, alice: Actor, bob: Actor
) -> None:
    await ground.site(alice, "shop")
    await ground.site(bob, "blog")

    seen = {who.email: [site.name for site in (await ground.sites.listing(who, 1, 50))[0]] for who in (olga, adam, bob)}

    assert seen == {olga.email: ["blog", "shop"], adam.email: ["blog", "shop"], bob.email: ["blog"]}
    with pytest.raises(NotFound):
        await ground.sites.get(bob, "shop")


async def test_a_listing_comes_in_pages_by_name(ground: Ground, alice: Actor) -> None:
    for name in ("c", "a", "b"):
        await ground.site(alice, name)

    first, total = await ground.sites.listing(alice, 1, 2)
    second, _ = await ground.sites.listing(alice, 2, 2)

    assert [site.name for site in first + second] == ["a", "b", "c"]
    assert total == 3


async def test_each_site_of_a_listing_has_its_own_live_and_newest_deploy(ground: Ground, alice: Actor) -> None:
    made = {}
    for name, deploys in {"a": 1, "b": 2, "c": 1, "d": 0}.items():
        await ground.site(alice, name)
        made[name] = [(await ground.ready(alice, name, f"{name} {number}")).id for number in range(deploys)]
    await ground.publishing.publish(alice, "b", made["b"][0])

    listed, _ = await ground.sites.listing(alice, 1, 10)

    newest = {site.name: (site.latest.deploy, site.latest.number) if site.latest else None for site in listed}
    live = {site.name: (site.live.deploy, site.live.number) if site.live else None for site in listed}
    first = {"a": (made["a"][0], 1), "b": (made["b"][0], 1), "c": (made["c"][0], 1), "d": None}
    assert newest == {**first, "b": (made["b"][1], 2)}
    assert live == first


async def test_a_site_tells_what_is_live_since_when_and_how_many_deploys(ground: Ground, alice: Actor) -> None:
    await ground.site(alice, "shop")
    first = await ground.ready(alice, "shop", "one")
    second = await ground.ready(alice, "shop", "two")
    await ground.publishing.publish(alice, "shop", first.id)

    facts = await ground.sites.get(alice, "shop")

    assert facts.deploys == 2
    assert facts.live is not None
    assert (facts.live.deploy, facts.live.number) == (first.id, 1)
    assert second.finished_at is not None
    assert facts.live.published_at > second.finished_at  # the last time, not the first


async def test_options_are_changed_one_by_one(ground: Ground, alice: Actor) -> None:
    await ground.site(alice, "shop")

    await ground.sites.change(alice, "shop", ChangeSite(html="exact", spa=True))
    facts = await ground.sites.change(alice, "shop", ChangeSite(minify=False, dialect="cloudflare"))

    assert facts.options == Options(dialect="cloudflare", html="exact", spa=True, minify=False)
    assert (await ground.sites.get(alice, "shop")).options == facts.options


async def test_a_change_of_nothing_changes_nothing(ground: Ground, alice: Actor) -> None:
    await ground.site(alice, "shop")

    facts = await ground.sites.change(alice, "shop", ChangeSite())

    assert facts.options == Options()


async def test_a_strangers_site_can_be_neither_changed_nor_removed(ground: Ground, alice: Actor, bob: Actor) -> None:
    await ground.site(alice, "shop")

    with pytest.raises(NotFound):
        await ground.sites.change(bob, "shop", ChangeSite(spa=True))
    with pytest.raises(NotFound):
        await ground.removals.remove(bob, "shop")
    assert (await ground.sites.get(alice, "shop")).options == Options()


async def test_a_removed_site_is_withdrawn_with_its_deploys_hosts_at_once(ground: Ground, alice: Actor) -> None:
    await ground.site(alice, "shop")
    first = await ground.ready(alice, "shop", "one")
    second = await ground.ready(alice, "shop", "two")
    hosts = ["shop.localhost", f"{first.id}--shop.localhost", f"{second.id}--shop.localhost"]
    assert None not in [await ground.shown(host) for host in hosts]

    await ground.removals.remove(alice, "shop")

    assert [ground.table.find(host) for host in hosts] == [None] * 3
    assert [await ground.shown(host) for host in hosts] == [None] * 3
    assert [await model.all().count() for model in (Site, Deploy, Live, Publication)] == [0] * 4


async def test_a_name_that_was_given_up_can_be_had_by_another(ground: Ground, alice: Actor, bob: Actor) -> None:
    await ground.site(alice, "shop")
    await ground.ready(alice, "shop", "one")
    await ground.removals.remove(alice, "shop")

    await ground.site(bob, "shop")

    assert await ground.shown("shop.localhost") is None
    assert (await ground.ready(bob, "shop", "two")).number == 1
    assert (await ground.sites.get(bob, "shop")).owner == bob.email


async def test_a_site_removed_between_two_looks_has_nothing_live(
    ground: Ground, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ground.site(alice, "shop")
    await ground.ready(alice, "shop", "one")

    async def nothing_is_left(deploys: list[str]) -> dict[str, datetime]:
        return {}

    monkeypatch.setattr("appliance.sites._published_at", nothing_is_left)

    assert (await ground.sites.get(alice, "shop")).live is None

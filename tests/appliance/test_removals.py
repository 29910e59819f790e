"""Deleting sites: gone at once, back as they were, and gone for good in time."""

from datetime import UTC, datetime, timedelta

import pytest

from appliance import audit, members, tokens
from appliance.access import Access
from appliance.actor import Actor
from appliance.audit import Only
from appliance.data_folder import DataFolder
from appliance.deploys import Withdrawing
from appliance.deploys.retention import Rules, due
from appliance.errors import Conflict, Forbidden, NotFound
from appliance.models.deploy import Deploy, Live
from appliance.models.site import Removal, Site
from appliance.sites import NewSite
from appliance.units import Span
from tests.appliance.ground import Ground, sha

WEEK = Span.parse("7d")


@pytest.fixture
def ground(database: DataFolder) -> Ground:
    return Ground.on(database, keep=WEEK)


async def restarted(database: DataFolder) -> Ground:
    ground = Ground.on(database, keep=WEEK)
    await ground.live.load()
    return ground


async def shop(ground: Ground, alice: Actor) -> list[str]:
    """A site with a live deploy, an earlier one and an alias; its hosts."""
    await ground.site(alice, "shop")
    first = await ground.ready(alice, "shop", "one")
    await ground.ready(alice, "shop", "two")
    await ground.aliases.set(alice, "shop", "staging", first.id)
    return ["shop.localhost", f"{first.id}--shop.localhost", "staging--shop.localhost"]


async def shown(ground: Ground, hosts: list[str]) -> list[str | None]:
    return [await ground.shown(host) for host in hosts]


async def age(site: str, seconds: float) -> None:
    """Have a site deleted so long ago."""
    row = await Site.get(name=site)
    await Removal.filter(site_id=row.id).update(at=datetime.now(UTC) - timedelta(seconds=seconds))


async def test_nobody_finds_a_deleted_site_on_any_of_its_hosts(ground: Ground, alice: Actor) -> None:
    hosts = await shop(ground, alice)
    assert None not in await shown(ground, hosts)

    await ground.removals.remove(alice, "shop")

    assert await shown(ground, hosts) == [None] * 3
    assert (await ground.sites.listing(alice, 1, 50))[1] == 0
    with pytest.raises(NotFound):
        await ground.deploys.listing(alice, "shop", 1, 50)


async def test_a_restored_site_is_as_it_was(access: Access, ground: Ground, alice: Actor, bob: Actor) -> None:
    hosts = await shop(ground, alice)
    await members.add(access, alice, "shop", bob.email)
    before = await ground.sites.get(alice, "shop")
    await ground.removals.remove(alice, "shop")

    await ground.removals.restore(alice, "shop")

    assert await shown(ground, hosts) == [sha("two"), sha("one"), sha("one")]
    assert await ground.sites.get(alice, "shop") == before
    assert (await ground.sites.get(bob, "shop")).name == "shop"
    assert (await ground.removals.listing(alice, 1, 50))[1] == 0


async def test_a_site_stays_deleted_over_a_restart_and_can_be_restored_then(
    ground: Ground, database: DataFolder, alice: Actor
) -> None:
    hosts = await shop(ground, alice)
    await ground.removals.remove(alice, "shop")

    again = await restarted(database)
    deleted = await shown(again, hosts)
    await again.removals.restore(alice, "shop")

    assert deleted == [None] * 3
    assert await shown(again, hosts) == [sha("two"), sha("one"), sha("one")]


async def test_whatever_moves_in_a_deleted_site_nobody_gets_it(ground: Ground, alice: Actor) -> None:
    """An expiry moves pointers also there; what is restored is what they are then."""
    hosts = await shop(ground, alice)
    await Deploy.filter(number=2).update(expires_at=datetime.now(UTC))
    await ground.removals.remove(alice, "shop")

    await Withdrawing(ground.publishing, ground.live).expire_due()
    hidden = await shown(ground, hosts)
    await ground.removals.restore(alice, "shop")

    assert hidden == [None] * 3
    assert await ground.shown("shop.localhost") == sha("one")


async def test_a_deploy_under_way_ends_with_its_site_and_stays_ended(ground: Ground, alice: Actor) -> None:
    await ground.site(alice, "shop")
    accepted = await ground.accepted(alice, "shop")

    await ground.removals.remove(alice, "shop")
    await ground.removals.restore(alice, "shop")

    facts = await ground.deploys.get(alice, accepted.id)
    assert (facts.state, facts.error and facts.error.code) == ("cancelled", "cancelled")
    assert await ground.deploys.waiting() == []


async def test_its_name_stays_taken_and_only_its_owner_is_told_why(ground: Ground, alice: Actor, bob: Actor) -> None:
    await ground.site(alice, "shop")
    await ground.removals.remove(alice, "shop")

    with pytest.raises(Conflict) as own:
        await ground.sites.create(alice, NewSite("shop"))
    with pytest.raises(Conflict) as other:
        await ground.sites.create(bob, NewSite("shop"))

    assert (own.value.code, other.value.code) == ("name_deleted", "name_taken")


async def test_owner_and_operators_find_it_and_members_do_not(
    access: Access, ground: Ground, alice: Actor, bob: Actor, olga: Actor
) -> None:
    await ground.site(alice, "shop")
    await members.add(access, alice, "shop", bob.email)
    with pytest.raises(Forbidden):
        await ground.removals.remove(bob, "shop")
    await ground.removals.remove(alice, "shop")

    counts = [(await ground.removals.listing(actor, 1, 50))[1] for actor in (alice, olga, bob)]

    assert counts == [1, 1, 0]
    with pytest.raises(NotFound):
        await ground.removals.restore(bob, "shop")


async def test_it_goes_for_good_once_its_time_is_over(ground: Ground, alice: Actor, bob: Actor) -> None:
    await shop(ground, alice)
    await ground.site(alice, "blog")
    for name in ("shop", "blog"):
        await ground.removals.remove(alice, name)
    await age("shop", WEEK + 1)

    ended = await ground.removals.end_due()

    assert ended == 1
    assert [site.name for site in await Site.all()] == ["blog"]
    assert await Deploy.all().count() == await Live.all().count() == 0
    await ground.site(bob, "shop")
    assert (await ground.ready(bob, "shop", "three")).number == 1
    assert await ground.shown("shop.localhost") == sha("three")


async def test_its_owner_can_have_it_gone_for_good_at_once(ground: Ground, alice: Actor) -> None:
    await ground.site(alice, "shop")
    with pytest.raises(NotFound):
        await ground.removals.end(alice, "shop")  # only what is deleted already
    await ground.removals.remove(alice, "shop")

    await ground.removals.end(alice, "shop")

    assert await Site.all().count() == 0


async def test_retention_leaves_it_alone(ground: Ground, alice: Actor) -> None:
    await shop(ground, alice)
    await ground.ready(alice, "shop", "three")
    await ground.ready(alice, "shop", "four")
    rules = Rules(count=1, age=0, grace=0)
    assert [one.number for one in await due(rules)] == [2]

    await ground.removals.remove(alice, "shop")

    assert await due(rules) == []


async def test_a_token_for_it_alone_can_restore_it(ground: Ground, access: Access, alice: Actor) -> None:
    for name in ("shop", "blog"):
        await ground.site(alice, name)
    made = await tokens.create(alice, "ci", "all", "shop")
    only = await tokens.check(access, made.token)
    assert only is not None
    await ground.removals.remove(alice, "blog")
    await ground.removals.remove(only, "shop")

    with pytest.raises(NotFound):
        await ground.removals.restore(only, "blog")
    await ground.removals.restore(only, "shop")

    assert [site.name for site in (await ground.sites.listing(alice, 1, 50))[0]] == ["shop"]


async def test_the_history_says_who_deleted_restored_and_ended_it(ground: Ground, alice: Actor, olga: Actor) -> None:
    await ground.site(alice, "shop")
    await ground.removals.remove(alice, "shop")
    await ground.removals.restore(alice, "shop")
    await ground.removals.remove(alice, "shop")
    await age("shop", WEEK)
    await ground.removals.end_due()

    entries, _ = await audit.listing(olga, Only(site="shop"), 1, 50)

    assert [(entry.who, entry.action) for entry in reversed(entries)] == [
        (alice.email, "site.create"),
        (alice.email, "site.delete"),
        (alice.email, "site.restore"),
        (alice.email, "site.delete"),
        ("", "site.end"),
    ]

"""What plans refuse, below the server: sites, and deploys that are kept."""

import asyncio
from dataclasses import replace

import pytest

from appliance import accounts, plans
from appliance.access import Access
from appliance.accounts import ChangeAccount
from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.deploys.retention import Rules, due
from appliance.errors import Forbidden, Invalid
from appliance.models.account import Account
from appliance.plan import Plan
from appliance.plans import Plans
from appliance.removals import Removals
from appliance.sites import NewSite, Sites
from appliance.units import Span
from tests.appliance.ground import ADDRESSES, Ground

FREE = Plan("free", sites=2, deploys=1)
PLANS = Plans((FREE, Plan("pro")), "free")


@pytest.fixture
def ground(database: DataFolder) -> Ground:
    made = Ground.on(database)
    kept = Removals(made.publishing, made.live, Span.parse("7d"), plans=PLANS)
    return replace(made, sites=Sites(ADDRESSES, made.live, plans=PLANS), removals=kept)


async def owned(account: Actor) -> int:
    return await PLANS.sites_of(account.id)


async def test_a_site_too_many_is_refused_with_limit_unit_and_plan(ground: Ground, alice: Actor) -> None:
    for name in ("one", "two"):
        await ground.site(alice, name)

    with pytest.raises(Forbidden) as refused:
        await ground.site(alice, "three")

    assert refused.value.code == "plan_sites"
    assert refused.value.limit is not None
    assert (refused.value.limit.name, refused.value.limit.value) == ("plans.free.sites", "2")
    assert "The plan free has 2 sites (plans.free.sites)" in refused.value.detail
    assert await owned(alice) == 2


async def test_of_two_that_are_made_at_once_one_is_refused(ground: Ground, alice: Actor) -> None:
    await ground.site(alice, "one")

    made = await asyncio.gather(*(ground.site(alice, name) for name in ("two", "three")), return_exceptions=True)

    assert sorted(type(result).__name__ for result in made) == ["Forbidden", "NoneType"]
    assert await owned(alice) == 2


async def test_a_deleted_site_makes_room_and_comes_back_only_where_there_is_some(ground: Ground, alice: Actor) -> None:
    for name in ("one", "two"):
        await ground.site(alice, name)
    await ground.removals.remove(alice, "one")
    await ground.site(alice, "three")

    with pytest.raises(Forbidden) as refused:
        await ground.removals.restore(alice, "one")
    await ground.removals.remove(alice, "two")
    await ground.removals.restore(alice, "one")

    assert refused.value.code == "plan_sites"
    assert {site.name for site in (await ground.sites.listing(alice, 1, 50))[0]} == {"one", "three"}


async def test_an_operator_gives_another_plan_which_is_in_force_at_once(
    ground: Ground, access: Access, alice: Actor, olga: Actor
) -> None:
    access = replace(access, settings=replace(access.settings, plans=(FREE, Plan("pro")), default_plan="free"))
    for name in ("one", "two"):
        await ground.site(alice, name)

    given = await accounts.change(access, olga, alice.id, ChangeAccount(plan="pro"))
    await ground.site(alice, "three")
    back = await accounts.change(access, olga, alice.id, ChangeAccount(plan=""))

    assert (given.plan, back.plan) == ("pro", "")
    with pytest.raises(Forbidden):
        await ground.site(alice, "four")
    with pytest.raises(Invalid, match="There is no plan 'gold'; there are free, pro"):
        await accounts.change(access, olga, alice.id, ChangeAccount(plan="gold"))
    with pytest.raises(Forbidden):
        await accounts.change(access, alice, alice.id, ChangeAccount(plan="pro"))


async def test_a_plan_that_was_taken_away_is_the_usual_one(ground: Ground, alice: Actor) -> None:
    await Account.filter(id=alice.id).update(plan="gold")

    assert await PLANS.of_account(alice.id) == FREE


async def test_without_plans_nobody_is_limited(database: DataFolder, alice: Actor) -> None:
    ground = Ground.on(database)
    for number in range(5):
        await ground.site(alice, f"site-{number}")

    assert (await Plans().of_account(alice.id)).sites is None


async def test_a_plan_keeps_so_many_deploys_of_each_site(ground: Ground, alice: Actor, bob: Actor) -> None:
    await Account.filter(id=bob.id).update(plan="pro")
    for owner, name in ((alice, "one"), (bob, "two")):
        await ground.sites.create(owner, NewSite(name))
        for number in range(4):
            await ground.ready(owner, name, f"{name} {number}")
    rules = Rules(count=0, age=0, grace=0)

    going = [(one.site, one.number, one.rule) for one in await due(rules, PLANS)]

    assert going == [("one", 1, "plans.free.deploys"), ("one", 2, "plans.free.deploys")]  # 3 is what 4 goes back to
    assert await due(rules) == []


async def test_build_time_is_counted_by_account_and_month(database: DataFolder, alice: Actor, bob: Actor) -> None:
    await plans.spend_build_time(alice.id, 40)
    await plans.spend_build_time(alice.id, 2.5)

    assert await plans.build_time(alice.id) == 42.5
    assert await plans.build_time(bob.id) == 0

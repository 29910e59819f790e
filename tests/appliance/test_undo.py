"""Taking back that a deploy went live: visitors get what they had before, which may be nothing."""

import pytest

from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.errors import Conflict, NotFound
from tests.appliance.ground import Ground, sha

HOST = "shop.localhost"


@pytest.fixture
async def ground(database: DataFolder, alice: Actor) -> Ground:
    """A ground with Alice's shop on it."""
    made = Ground.on(database)
    await made.site(alice, "shop")
    return made


async def live(ground: Ground, actor: Actor) -> int | None:
    facts = (await ground.sites.get(actor, "shop")).live
    assert (facts is not None) == (ground.table.find(HOST) is not None)
    return facts.number if facts else None


async def test_visitors_get_what_they_had_before(ground: Ground, alice: Actor) -> None:
    await ground.ready(alice, "shop", "one")
    two = await ground.ready(alice, "shop", "two")

    undone = await ground.publishing.undo(alice, two.id)

    assert (undone.number, undone.live) == (2, False)
    assert await live(ground, alice) == 1
    assert await ground.shown(HOST) == sha("one")


async def test_that_is_what_was_live_last_and_not_the_next_older(ground: Ground, alice: Actor) -> None:
    one = await ground.ready(alice, "shop", "one")
    await ground.ready(alice, "shop", "two")
    await ground.publishing.publish(alice, "shop", one.id)
    three = await ground.ready(alice, "shop", "three")

    await ground.publishing.undo(alice, three.id)

    assert await live(ground, alice) == 1


async def test_the_first_deploy_is_taken_off(ground: Ground, alice: Actor) -> None:
    one = await ground.ready(alice, "shop", "one")

    await ground.publishing.undo(alice, one.id)

    assert await live(ground, alice) is None
    two = await ground.ready(alice, "shop", "two")
    assert await live(ground, alice) == 2
    await ground.publishing.undo(alice, two.id)
    assert await live(ground, alice) is None  # not what was taken off before


async def test_what_was_taken_off_can_be_published_again(ground: Ground, alice: Actor) -> None:
    one = await ground.ready(alice, "shop", "one")
    await ground.publishing.undo(alice, one.id)

    await ground.publishing.publish(alice, "shop", one.id)

    assert await live(ground, alice) == 1


async def test_a_rollback_can_be_taken_back(ground: Ground, alice: Actor) -> None:
    one = await ground.ready(alice, "shop", "one")
    await ground.ready(alice, "shop", "two")
    await ground.publishing.rollback(alice, "shop")

    await ground.publishing.undo(alice, one.id)

    assert await live(ground, alice) == 2


async def test_what_is_live_because_another_was_taken_back_stays(ground: Ground, alice: Actor) -> None:
    one = await ground.ready(alice, "shop", "one")
    two = await ground.ready(alice, "shop", "two")
    await ground.publishing.undo(alice, two.id)

    for deploy in (one, two):
        with pytest.raises(Conflict) as refused:
            await ground.publishing.undo(alice, deploy.id)
        assert refused.value.code == "not_live"
    assert await live(ground, alice) == 1


async def test_a_locked_site_stays_as_it_is(ground: Ground, alice: Actor) -> None:
    one = await ground.ready(alice, "shop", "one")
    await ground.locks.lock(alice, "shop")

    with pytest.raises(Conflict) as refused:
        await ground.publishing.undo(alice, one.id)

    assert refused.value.code == "locked"
    assert await live(ground, alice) == 1


async def test_strangers_take_nothing_back(ground: Ground, alice: Actor, bob: Actor) -> None:
    one = await ground.ready(alice, "shop", "one")

    with pytest.raises(NotFound):
        await ground.publishing.undo(bob, one.id)

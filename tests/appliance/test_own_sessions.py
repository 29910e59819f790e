"""The open sessions of one's own account: listed, ended one by one or all others, and nobody else's."""

import pytest

from appliance import audit, own_sessions, sessions
from appliance.access import Access
from appliance.actor import Actor
from appliance.audit import Only
from appliance.errors import NotFound, NotSignedIn
from tests.clock import Clock


async def listed(access: Access, actor: Actor, current: int | None = None) -> list[int]:
    found, total = await own_sessions.listing(access, actor, current, 1, 50)
    assert total == len(found)
    return [facts.id for facts in found]


async def recorded(actor: Actor) -> list[tuple[str, dict[str, object]]]:
    entries, _ = await audit.listing(actor, Only(action="sign-in"), 1, 50)
    return [(entry.what, entry.details) for entry in entries]


async def test_one_s_own_are_listed_and_the_one_that_asks_is_marked(access: Access, alice: Actor, bob: Actor) -> None:
    here = await sessions.begin(access, alice, "Firefox")
    there = await sessions.begin(access, alice, "curl")
    await sessions.begin(access, bob)

    found, total = await own_sessions.listing(access, alice, here.session, 1, 50)

    assert total == 2
    assert {(facts.id, facts.client, facts.current) for facts in found} == {
        (here.session, "Firefox", True),
        (there.session, "curl", False),
    }
    assert all(facts.created_at <= facts.last_used_at < facts.expires_at for facts in found)
    assert all(facts.last_used_at.tzinfo and facts.created_at.tzinfo for facts in found)


async def test_what_was_used_last_comes_first(access: Access, alice: Actor) -> None:
    first, second = await sessions.begin(access, alice), await sessions.begin(access, alice)
    assert await listed(access, alice) == [second.session, first.session]

    await sessions.refresh(access, first.refresh)

    assert await listed(access, alice) == [first.session, second.session]


async def test_a_page_holds_as_many_as_it_should_and_the_total_is_of_all(access: Access, alice: Actor) -> None:
    begun = [(await sessions.begin(access, alice)).session for _ in range(3)]

    found, total = await own_sessions.listing(access, alice, None, 2, 2)

    assert ([facts.id for facts in found], total) == (begun[:1], 3)


async def test_what_is_over_is_not_listed_and_not_there(access: Access, alice: Actor, clock: Clock) -> None:
    ended, ran_out = await sessions.begin(access, alice), await sessions.begin(access, alice)
    await sessions.end(access, ended.session)
    clock.advance(days=31)

    assert await listed(access, alice) == []
    for issued in (ended, ran_out):
        with pytest.raises(NotFound):
            await own_sessions.end(access, alice, issued.session)


async def test_one_that_is_ended_is_over_at_once_and_the_others_go_on(access: Access, alice: Actor) -> None:
    here, there = await sessions.begin(access, alice), await sessions.begin(access, alice, "curl")

    await own_sessions.end(access, alice, there.session)

    assert await sessions.check(access, there.access) is None
    with pytest.raises(NotSignedIn):
        await sessions.refresh(access, there.refresh)
    assert await sessions.check(access, here.access) is not None
    assert await recorded(alice) == [("ended a sign-in of their own", {"client": "curl"})]


async def test_a_stranger_s_is_not_found_and_goes_on(access: Access, alice: Actor, olga: Actor) -> None:
    hers = await sessions.begin(access, alice)

    with pytest.raises(NotFound):
        await own_sessions.end(access, olga, hers.session)

    assert await sessions.check(access, hers.access) is not None
    assert await recorded(olga) == []


async def test_ending_all_others_keeps_the_one_that_asks_and_everybody_else_s(
    access: Access, alice: Actor, bob: Actor
) -> None:
    here, there, more, bobs = [await sessions.begin(access, who) for who in (alice, alice, alice, bob)]

    await own_sessions.end_others(access, alice, here.session)

    assert [bool(await sessions.check(access, each.access)) for each in (here, there, more, bobs)] == [
        True,
        False,
        False,
        True,
    ]
    assert await recorded(alice) == [("ended all their other sign-ins", {"sessions": 2})]


async def test_where_there_are_no_others_nothing_is_written_down(access: Access, alice: Actor) -> None:
    here = await sessions.begin(access, alice)

    await own_sessions.end_others(access, alice, here.session)

    assert await recorded(alice) == []


async def test_windows_are_told_of_what_ended(access: Access, alice: Actor) -> None:
    one, two = await sessions.begin(access, alice), await sessions.begin(access, alice)
    before = access.news.revision

    await own_sessions.end(access, alice, one.session)
    await own_sessions.end_others(access, alice, None)

    changes = access.news.since(before).changes or ()
    assert [change.account for change in changes] == [alice.id, alice.id]
    assert await sessions.check(access, two.access) is None

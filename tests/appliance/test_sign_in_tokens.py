"""Personal tokens: made once, seen once, stored hashed, gone when removed."""

import asyncio

import pytest

from appliance import accounts, tokens
from appliance.access import Access
from appliance.accounts import ChangeAccount
from appliance.actor import Actor
from appliance.errors import Conflict, Invalid, NotFound
from appliance.models.account import PersonalToken
from tests.clock import Clock


async def test_a_token_stands_for_its_account(access: Access, alice: Actor) -> None:
    new = await tokens.create(alice, " laptop ")

    assert new.token.startswith("dd_")
    assert len(new.token) == 46
    assert new.facts.name == "laptop"
    assert await tokens.check(access, new.token) == alice


async def test_a_token_is_stored_as_a_hash_with_a_hint(alice: Actor) -> None:
    new = await tokens.create(alice, "laptop")

    [stored] = await PersonalToken.all().values()
    assert new.token not in repr(stored)
    assert new.token.startswith(stored["hint"])
    assert len(stored["hint"]) == 8


async def test_a_name_is_unique_in_an_account(alice: Actor, bob: Actor) -> None:
    await tokens.create(alice, "laptop")

    with pytest.raises(Conflict) as refused:
        await tokens.create(alice, "laptop")

    assert refused.value.code == "token_exists"
    assert (await tokens.create(bob, "laptop")).facts.name == "laptop"


async def test_of_two_tokens_of_one_name_made_at_once_one_is_made(alice: Actor) -> None:
    outcomes = await asyncio.gather(*(tokens.create(alice, "laptop") for _ in range(4)), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes].count(Conflict) == 3


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b", "a\nb"])
async def test_a_name_that_cannot_be_read_is_refused(alice: Actor, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        await tokens.create(alice, name)

    assert refused.value.fields.keys() == {"name"}


async def test_ones_own_tokens_are_listed(alice: Actor, bob: Actor) -> None:
    made = [(await tokens.create(alice, f"token {number}")).facts for number in range(3)]
    await tokens.create(bob, "bob's")

    first, total = await tokens.listing(alice, 1, 2)
    second, _ = await tokens.listing(alice, 2, 2)

    assert [*first, *second] == made
    assert total == 3


async def test_a_removed_token_stops_working(access: Access, alice: Actor) -> None:
    new = await tokens.create(alice, "laptop")

    await tokens.remove(alice, new.facts.id)

    assert await tokens.check(access, new.token) is None


async def test_nobody_removes_anothers_token(access: Access, olga: Actor, alice: Actor) -> None:
    new = await tokens.create(alice, "laptop")

    with pytest.raises(NotFound):
        await tokens.remove(olga, new.facts.id)

    assert await tokens.check(access, new.token) == alice


async def test_a_disabled_accounts_token_does_not_work(access: Access, olga: Actor, alice: Actor) -> None:
    new = await tokens.create(alice, "laptop")

    await accounts.change(access, olga, alice.id, ChangeAccount(disabled=True))

    assert await tokens.check(access, new.token) is None


async def test_the_last_use_is_noted_once_a_minute(access: Access, alice: Actor, clock: Clock) -> None:
    new = await tokens.create(alice, "laptop")
    seen = []
    for seconds in (0, 59, 1):
        clock.advance(seconds=seconds)
        await tokens.check(access, new.token)
        seen.append((await PersonalToken.get(id=new.facts.id)).last_used_at)

    assert seen[0] == seen[1]
    assert seen[2] == clock()

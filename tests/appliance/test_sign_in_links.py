"""A link signs in once, soon, and only whom it was made for."""

import pytest

from appliance import sessions, sign_in_links
from appliance.access import Access
from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.errors import Forbidden, NotFound, NotSignedIn
from appliance.models.account import Account
from appliance.sign_in_links import LIFETIME
from tests.clock import Clock


async def test_a_link_starts_a_session_of_its_account(access: Access, alice: Actor) -> None:
    issued = await sign_in_links.claim(access, await sign_in_links.make(access, alice.email))

    assert issued.actor == alice
    assert await sessions.check(access, issued.access) == (alice, issued.session)


async def test_without_an_account_named_it_is_the_first_operators(access: Access, olga: Actor, alice: Actor) -> None:
    issued = await sign_in_links.claim(access, await sign_in_links.make(access))

    assert issued.actor == olga


async def test_a_link_is_good_once(access: Access, alice: Actor) -> None:
    token = await sign_in_links.make(access, alice.email)
    await sign_in_links.claim(access, token)

    with pytest.raises(Forbidden) as refused:
        await sign_in_links.claim(access, token)

    assert refused.value.code == "link_spent"


async def test_a_link_is_good_for_minutes(access: Access, alice: Actor, clock: Clock) -> None:
    token = await sign_in_links.make(access, alice.email)
    clock.advance(seconds=LIFETIME.total_seconds() + 1)

    with pytest.raises(Forbidden):
        await sign_in_links.claim(access, token)


async def test_an_account_disabled_meanwhile_stays_out(access: Access, alice: Actor) -> None:
    token = await sign_in_links.make(access, alice.email)
    await Account.filter(id=alice.id).update(disabled_at=access.now())

    with pytest.raises(Forbidden):
        await sign_in_links.claim(access, token)


async def test_a_refresh_token_is_no_link(access: Access, alice: Actor) -> None:
    issued = await sessions.begin(access, alice)

    with pytest.raises(Forbidden):
        await sign_in_links.claim(access, issued.refresh)


async def test_a_link_is_no_refresh_token_once_it_is_spent(access: Access, alice: Actor) -> None:
    token = await sign_in_links.make(access, alice.email)
    await sign_in_links.claim(access, token)

    with pytest.raises(NotSignedIn):
        await sessions.refresh(access, token)


async def test_there_is_none_for_nobody(access: Access, database: DataFolder) -> None:
    with pytest.raises(NotFound):
        await sign_in_links.make(access)

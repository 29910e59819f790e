"""Sessions: access tokens, refresh tokens that are used once, and what ends a sign-in."""

import asyncio
from dataclasses import replace

import jwt
import pytest

from appliance import accounts, sessions
from appliance.access import Access, Keys
from appliance.accounts import ChangeAccount
from appliance.actor import Actor
from appliance.errors import NotSignedIn
from appliance.models.account import RefreshToken, Session
from tests.clock import Clock


async def test_an_access_token_stands_for_its_account_and_session(access: Access, alice: Actor) -> None:
    issued = await sessions.begin(access, alice)

    assert await sessions.check(access, issued.access) == (alice, issued.session)


async def test_an_access_token_runs_out(access: Access, alice: Actor, clock: Clock) -> None:
    issued = await sessions.begin(access, alice)
    clock.advance(minutes=10)

    assert await sessions.check(access, issued.access) is None


async def test_an_access_token_is_worth_nothing_once_the_session_has_ended(access: Access, alice: Actor) -> None:
    issued = await sessions.begin(access, alice)

    await sessions.end(access, issued.session)

    assert await sessions.check(access, issued.access) is None
    with pytest.raises(NotSignedIn):
        await sessions.refresh(access, issued.refresh)


async def test_a_changed_role_counts_at_once(access: Access, olga: Actor, alice: Actor) -> None:
    issued = await sessions.begin(access, alice)

    await accounts.change(access, olga, alice.id, ChangeAccount(role="admin"))

    assert await sessions.check(access, issued.access) == (replace(alice, role="admin"), issued.session)


@pytest.mark.parametrize(
    ("change", "key", "algorithm"),
    [
        ({"iss": "another"}, "access", "HS256"),
        ({"exp": None}, "access", "HS256"),
        ({"sid": None}, "access", "HS256"),
        ({"sid": 4711}, "access", "HS256"),
        ({}, "csrf", "HS256"),
        ({}, "access", "HS512"),
        ({}, "access", "none"),
    ],
)
async def test_a_token_made_otherwise_is_refused(
    access: Access, alice: Actor, clock: Clock, change: dict[str, object], key: str, algorithm: str
) -> None:
    session = (await sessions.begin(access, alice)).session
    now = int(clock().timestamp())
    claims = {"iss": "dropdock", "sub": str(alice.id), "sid": session, "iat": now, "exp": now + 60} | change
    kept = {name: value for name, value in claims.items() if value is not None}
    signer = "" if algorithm == "none" else getattr(access.keys, key) * 2

    token = jwt.encode(kept, signer, algorithm=algorithm)

    assert await sessions.check(access, token) is None


async def test_the_very_claims_signed_with_the_key_are_taken(access: Access, alice: Actor, clock: Clock) -> None:
    session = (await sessions.begin(access, alice)).session
    now = int(clock().timestamp())
    claims = {"iss": "dropdock", "sub": str(alice.id), "sid": session, "iat": now, "exp": now + 60}

    assert await sessions.check(access, jwt.encode(claims, access.keys.access, algorithm="HS256")) is not None


@pytest.mark.parametrize("token", ["", "a.b.c", "eyJhbGciOiJIUzI1NiJ9..", "\x00", "é.è.ê", "\udcff"])
async def test_what_is_no_token_is_no_error(access: Access, alice: Actor, token: str) -> None:
    assert await sessions.check(access, token) is None


async def test_another_secret_makes_other_keys() -> None:
    one, other = Keys.derive("one" * 12), Keys.derive("other" * 12)

    assert len({one.access, one.csrf, other.access, other.csrf}) == 4
    assert one == Keys.derive("one" * 12)


async def test_refreshing_gives_new_tokens_for_the_same_session(access: Access, alice: Actor, clock: Clock) -> None:
    first = await sessions.begin(access, alice)
    clock.advance(minutes=11)

    second = await sessions.refresh(access, first.refresh)

    assert second.session == first.session
    assert second.refresh != first.refresh
    assert await sessions.check(access, second.access) == (alice, first.session)


async def test_refreshing_prolongs_the_session(access: Access, alice: Actor, clock: Clock) -> None:
    issued = await sessions.begin(access, alice)
    for _ in range(3):
        clock.advance(days=29)
        issued = await sessions.refresh(access, issued.refresh)

    clock.advance(days=30)

    with pytest.raises(NotSignedIn) as refused:
        await sessions.refresh(access, issued.refresh)
    assert refused.value.code == "session_over"


async def test_a_spent_token_used_later_ends_the_whole_session(access: Access, alice: Actor, clock: Clock) -> None:
    stolen = await sessions.begin(access, alice)
    owner = await sessions.refresh(access, stolen.refresh)
    clock.advance(seconds=11)

    with pytest.raises(NotSignedIn) as refused:
        await sessions.refresh(access, stolen.refresh)

    assert refused.value.code == "token_reused"
    assert await sessions.check(access, owner.access) is None
    with pytest.raises(NotSignedIn):
        await sessions.refresh(access, owner.refresh)


async def test_two_tabs_that_refresh_at_once_both_stay_signed_in(access: Access, alice: Actor, clock: Clock) -> None:
    first = await sessions.begin(access, alice)

    tabs = await asyncio.gather(*(sessions.refresh(access, first.refresh) for _ in range(5)))
    clock.advance(seconds=10)
    tabs.append(await sessions.refresh(access, first.refresh))

    assert len({tab.refresh for tab in tabs}) == 6
    clock.advance(minutes=11)
    for tab in tabs:
        assert (await sessions.refresh(access, tab.refresh)).session == first.session


async def test_ending_one_session_leaves_the_others(access: Access, alice: Actor) -> None:
    here, there = await sessions.begin(access, alice), await sessions.begin(access, alice)

    await sessions.end(access, here.session)

    assert await sessions.check(access, there.access) is not None


@pytest.mark.parametrize("token", ["", "unknown", "\x00", "\udcff"])
async def test_an_unknown_refresh_token_is_refused(access: Access, alice: Actor, token: str) -> None:
    with pytest.raises(NotSignedIn):
        await sessions.refresh(access, token)


async def test_refresh_tokens_are_stored_as_hashes_only(access: Access, alice: Actor) -> None:
    issued = await sessions.begin(access, alice)

    [stored] = await RefreshToken.filter(session_id=issued.session).values()
    assert stored["hash"] == sessions.token_hash(issued.refresh)
    assert issued.refresh not in repr(stored)


async def test_sessions_that_ran_out_are_forgotten_with_their_tokens(
    access: Access, alice: Actor, clock: Clock
) -> None:
    await sessions.begin(access, alice)
    clock.advance(days=31)

    fresh = await sessions.begin(access, alice)

    assert [session.id for session in await Session.all()] == [fresh.session]
    assert await RefreshToken.all().count() == 1


async def test_spent_tokens_are_kept_as_long_as_they_could_be_tried(access: Access, alice: Actor, clock: Clock) -> None:
    issued = await sessions.begin(access, alice)
    for _ in range(4):
        clock.advance(days=16)
        issued = await sessions.refresh(access, issued.refresh)

    assert await RefreshToken.all().count() == 3

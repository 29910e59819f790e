"""Signing in: the right password, the wrong one, and too many wrong ones."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from appliance import accounts, audit, sign_in, throttle
from appliance.access import Access
from appliance.accounts import ChangeAccount, NewAccount
from appliance.actor import Actor
from appliance.audit import Only
from appliance.errors import Busy, Invalid, NotSignedIn, TooMany
from appliance.models.account import Account, Session, SignInFailure
from appliance.passwords import AT_ONCE, WAITING, Passwords
from tests.cast import ALICE, BOB
from tests.clock import Clock

WRONG = "not the password"


async def fail(access: Access, email: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(NotSignedIn):
            await sign_in.sign_in(access, email, WRONG)


async def test_the_right_password_signs_in(access: Access, alice: Actor) -> None:
    issued = await sign_in.sign_in(access, ALICE.email.upper(), ALICE.password, "Browser/1\x00")

    assert issued.actor == alice
    assert (await Session.get(id=issued.session)).client == "Browser/1"


async def test_a_password_in_another_unicode_form_is_the_same(access: Access, olga: Actor) -> None:
    await accounts.create(access, olga, NewAccount("rene@example.org", "user", "Ren\u00e9 was here"))

    assert (await sign_in.sign_in(access, "rene@example.org", "Rene\u0301 was here")).actor.email


@pytest.mark.parametrize("email", [ALICE.email, "nobody@example.org", "no address"])
async def test_wrong_is_wrong_alike_for_every_reason(access: Access, alice: Actor, email: str) -> None:
    with pytest.raises(NotSignedIn) as refused:
        await sign_in.sign_in(access, email, WRONG)

    assert refused.value.code == "wrong_password"
    assert refused.value.detail == "This e-mail and password do not match an account."


async def test_a_disabled_account_is_refused_like_a_wrong_password(access: Access, olga: Actor, alice: Actor) -> None:
    await accounts.change(access, olga, alice.id, ChangeAccount(disabled=True))

    with pytest.raises(NotSignedIn) as refused:
        await sign_in.sign_in(access, ALICE.email, ALICE.password)

    assert refused.value.code == "wrong_password"


async def test_a_try_that_nobody_had_time_for_does_not_count(
    access: Access, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crowd:
        crowd.setattr("appliance.passwords.WAITING", 0)
        for _ in range(access.settings.sign_in_attempts + 1):
            with pytest.raises(Busy):
                await sign_in.sign_in(access, ALICE.email, ALICE.password)

    assert (await sign_in.sign_in(access, ALICE.email, ALICE.password)).actor == alice


async def test_an_account_without_a_password_cannot_sign_in(access: Access, olga: Actor) -> None:
    await accounts.create(access, olga, NewAccount("robot@example.org"))

    with pytest.raises(NotSignedIn):
        await sign_in.sign_in(access, "robot@example.org", "")


async def test_a_broken_stored_hash_is_a_wrong_password(access: Access, alice: Actor) -> None:
    await Account.filter(id=alice.id).update(password="plain text from somewhere")

    with pytest.raises(NotSignedIn):
        await sign_in.sign_in(access, ALICE.email, "plain text from somewhere")


async def test_a_password_is_hashed_anew_when_its_parameters_are_dated(access: Access, alice: Actor) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(ALICE.password)
    await Account.filter(id=alice.id).update(password=old)

    await sign_in.sign_in(access, ALICE.email, ALICE.password)

    stored = (await Account.get(id=alice.id)).password
    assert stored is not None
    assert "m=8," in stored
    assert (await sign_in.sign_in(access, ALICE.email, ALICE.password)).actor.email


async def test_an_unknown_account_costs_a_hash_of_the_same_parameters() -> None:
    passwords = Passwords()

    assert not await passwords.prove(None, "anything")
    assert not passwords.is_dated(passwords._nobodys)


@pytest.mark.parametrize("email", [ALICE.email, "nobody@example.org"])
async def test_after_five_failures_the_account_has_to_wait(
    access: Access, alice: Actor, clock: Clock, email: str
) -> None:
    await fail(access, email, 5)

    with pytest.raises(TooMany) as refused:
        await sign_in.sign_in(access, email, ALICE.password)

    assert refused.value.retry_after == 2
    assert refused.value.limit is not None
    assert refused.value.limit.name == "sign_in_attempts"


async def test_one_accounts_failures_do_not_slow_another(access: Access, alice: Actor, bob: Actor) -> None:
    await fail(access, ALICE.email, 5)

    assert (await sign_in.sign_in(access, BOB.email, BOB.password)).actor == bob


async def test_the_wait_doubles_up_to_the_window(access: Access, alice: Actor, clock: Clock) -> None:
    await fail(access, ALICE.email, 5)
    waits = []
    for _ in range(9):
        with pytest.raises(TooMany) as refused:
            await sign_in.sign_in(access, ALICE.email, WRONG)
        waits.append(refused.value.retry_after)
        clock.advance(seconds=refused.value.retry_after)
        await SignInFailure.all().update(first_at=clock())  # as if all of it had happened within one window
        await fail(access, ALICE.email, 1)

    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert throttle._wait(access, 40) == timedelta(minutes=15)


async def test_a_clock_that_is_set_back_locks_nobody_out(access: Access, alice: Actor, clock: Clock) -> None:
    clock.advance(hours=1)
    await fail(access, ALICE.email, 5)

    clock.advance(hours=-1)

    assert (await sign_in.sign_in(access, ALICE.email, ALICE.password)).actor == alice


async def test_a_success_clears_the_count(access: Access, alice: Actor) -> None:
    await fail(access, ALICE.email, 4)
    await sign_in.sign_in(access, ALICE.email, ALICE.password)

    await fail(access, ALICE.email, 4)

    assert (await sign_in.sign_in(access, ALICE.email, ALICE.password)).actor.email
    assert not await SignInFailure.exists()


async def test_failures_are_forgotten_after_the_window(access: Access, alice: Actor, clock: Clock) -> None:
    await fail(access, ALICE.email, 4)
    clock.advance(minutes=15, seconds=1)

    await fail(access, ALICE.email, 4)

    assert (await sign_in.sign_in(access, ALICE.email, ALICE.password)).actor.email


async def test_the_failures_of_others_are_pruned(access: Access, alice: Actor, clock: Clock) -> None:
    await fail(access, "nobody@example.org", 1)
    clock.advance(minutes=16)

    await fail(access, ALICE.email, 1)

    assert await SignInFailure.all().count() == 1


async def test_failures_at_once_are_all_counted(access: Access, alice: Actor) -> None:
    outcomes = await asyncio.gather(
        *(sign_in.sign_in(access, ALICE.email, WRONG) for _ in range(30)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes].count(NotSignedIn) == 5
    assert [type(outcome) for outcome in outcomes].count(TooMany) == 25


async def test_proving_the_password_again_is_throttled_too(access: Access, alice: Actor) -> None:
    for _ in range(5):
        with pytest.raises(Invalid) as refused:
            await sign_in.prove_again(access, alice, WRONG)

    with pytest.raises(TooMany):
        await sign_in.prove_again(access, alice, ALICE.password)
    assert refused.value.fields.keys() == {"current_password"}


async def test_a_wrong_current_password_is_in_the_history(access: Access, alice: Actor) -> None:
    with pytest.raises(Invalid):
        await sign_in.prove_again(access, replace(alice, via="browser", address="192.0.2.7"), WRONG)
    await sign_in.prove_again(access, alice, ALICE.password)

    entries, total = await audit.listing(alice, Only(action="account.password"), 1, 10)

    assert total == 1
    assert (entries[0].action, entries[0].what) == ("account.password.failed", "gave a wrong current password")
    assert (entries[0].who, entries[0].address) == (ALICE.email, "192.0.2.7")


async def test_a_flood_of_sign_ins_is_told_to_come_back() -> None:
    passwords = Passwords()
    proofs = [asyncio.ensure_future(passwords.prove(None, "anything")) for _ in range(WAITING)]
    await asyncio.sleep(0)

    with pytest.raises(Busy):
        await passwords.prove(None, "one too many")

    assert await asyncio.gather(*proofs) == [False] * WAITING
    assert AT_ONCE < WAITING

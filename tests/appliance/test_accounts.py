"""Who may make, see and change accounts, and what an account may be."""

import asyncio

import pytest

from appliance import accounts, sessions, set_up
from appliance.access import Access
from appliance.accounts import ChangeAccount, NewAccount
from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.errors import Conflict, Forbidden, Invalid, NotFound
from appliance.models.account import Account, Session
from tests.cast import ALICE, OLGA

GOOD = "a good long password"


async def test_the_first_account_must_be_an_operator(access: Access, database: DataFolder) -> None:
    with pytest.raises(Invalid, match="first account must be an operator") as refused:
        await accounts.create(access, None, NewAccount("alice@example.org", "user", GOOD))

    assert refused.value.fields.keys() == {"role"}
    assert not await Account.exists()


async def test_making_the_first_account_closes_the_set_up_link(access: Access, database: DataFolder) -> None:
    token = await set_up.begin(access)

    await accounts.create(access, None, NewAccount(OLGA.email, OLGA.role, OLGA.password))

    with pytest.raises(Conflict):
        await set_up.claim(access, token, "mallory@example.org", GOOD)


async def test_an_email_is_kept_in_lower_case_and_composed(access: Access, olga: Actor) -> None:
    made = await accounts.create(access, olga, NewAccount(" Ame\u0301lie@Example.ORG ", "user", GOOD))

    assert made.email == "am\u00e9lie@example.org"
    assert (await accounts.by_email("AM\u00c9LIE@example.org")).id == made.id


@pytest.mark.parametrize(
    "email", ["", "alice", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\nc", "a\x00@b", "a@b\u200b", "a@" + "b" * 253]
)
async def test_what_is_no_email_is_refused(access: Access, olga: Actor, email: str) -> None:
    with pytest.raises(Invalid) as refused:
        await accounts.create(access, olga, NewAccount(email, "user", GOOD))

    assert refused.value.fields.keys() == {"email"}


async def test_an_email_is_taken_once(access: Access, olga: Actor, alice: Actor) -> None:
    with pytest.raises(Conflict) as refused:
        await accounts.create(access, olga, NewAccount(ALICE.email.upper(), "user", GOOD))

    assert refused.value.code == "account_exists"


async def test_an_account_may_do_without_a_password(access: Access, olga: Actor) -> None:
    made = await accounts.create(access, olga, NewAccount("robot@example.org"))

    assert (await Account.get(id=made.id)).password is None


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("short", "too short"),
        ("x" * 1025, "too long"),
        ("robot@example.org", "e-mail"),
        ("ten letters\ud800", "Unicode"),
    ],
)
async def test_a_password_nobody_should_use_is_refused(access: Access, olga: Actor, password: str, wrong: str) -> None:
    with pytest.raises(Invalid, match=wrong) as refused:
        await accounts.create(access, olga, NewAccount("robot@example.org", "user", password))

    assert refused.value.fields.keys() == {"password"}


async def test_a_short_password_names_the_limit(access: Access, olga: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        await accounts.create(access, olga, NewAccount("robot@example.org", "user", "short"))

    assert refused.value.limit is not None
    assert (refused.value.limit.name, refused.value.limit.value) == ("password_length", "10")


async def test_an_unknown_role_is_refused(access: Access, olga: Actor) -> None:
    with pytest.raises(Invalid):
        await accounts.create(access, olga, NewAccount("robot@example.org", "root", GOOD))


async def test_an_admin_makes_users_only(access: Access, adam: Actor) -> None:
    made = await accounts.create(access, adam, NewAccount("new@example.org", "user", GOOD))

    with pytest.raises(Forbidden):
        await accounts.create(access, adam, NewAccount("other@example.org", "admin", GOOD))
    assert made.role == "user"


async def test_a_user_sees_only_itself(access: Access, alice: Actor, bob: Actor) -> None:
    assert (await accounts.get(alice, alice.id)).email == ALICE.email
    with pytest.raises(Forbidden):
        await accounts.get(alice, bob.id)
    with pytest.raises(Forbidden):
        await accounts.listing(alice, 1, 50)
    with pytest.raises(Forbidden):
        await accounts.create(access, alice, NewAccount("new@example.org", "user", GOOD))


async def test_a_listing_is_paged_oldest_first(olga: Actor, adam: Actor, alice: Actor) -> None:
    first, total = await accounts.listing(adam, 1, 2)
    second, _ = await accounts.listing(adam, 2, 2)

    assert [facts.id for facts in (*first, *second)] == [olga.id, adam.id, alice.id]
    assert total == 3


async def test_only_operators_change_accounts(access: Access, adam: Actor, alice: Actor) -> None:
    with pytest.raises(Forbidden):
        await accounts.change(access, adam, alice.id, ChangeAccount(role="admin"))


async def test_a_changed_role_shows(access: Access, olga: Actor, alice: Actor) -> None:
    changed = await accounts.change(access, olga, alice.id, ChangeAccount(role="admin"))

    assert changed.role == "admin"
    assert changed.email == ALICE.email


async def test_changing_nothing_changes_nothing(access: Access, olga: Actor, alice: Actor) -> None:
    before = await accounts.get(olga, alice.id)

    assert await accounts.change(access, olga, alice.id, ChangeAccount()) == before


async def test_changing_an_account_that_is_not_there_is_not_found(access: Access, olga: Actor) -> None:
    with pytest.raises(NotFound):
        await accounts.change(access, olga, 4711, ChangeAccount(disabled=True))


@pytest.mark.parametrize("change", [ChangeAccount(role="user"), ChangeAccount(disabled=True)])
async def test_the_last_operator_stays(access: Access, olga: Actor, change: ChangeAccount) -> None:
    with pytest.raises(Conflict) as refused:
        await accounts.change(access, olga, olga.id, change)

    assert refused.value.code == "last_operator"
    assert (await accounts.get(olga, olga.id)).role == "operator"
    assert not (await accounts.get(olga, olga.id)).disabled


async def test_two_operators_cannot_demote_each_other_at_once(access: Access, olga: Actor, alice: Actor) -> None:
    await accounts.change(access, olga, alice.id, ChangeAccount(role="operator"))
    other = Actor(alice.id, alice.email, "operator")

    outcomes = await asyncio.gather(
        accounts.change(access, olga, alice.id, ChangeAccount(role="user")),
        accounts.change(access, other, olga.id, ChangeAccount(disabled=True)),
        return_exceptions=True,
    )

    assert [isinstance(outcome, Conflict) for outcome in outcomes].count(True) == 1
    assert await Account.filter(role="operator", disabled_at__isnull=True).count() == 1


async def test_disabling_ends_the_accounts_sign_ins(access: Access, olga: Actor, alice: Actor) -> None:
    issued = await sessions.begin(access, alice)

    disabled = await accounts.change(access, olga, alice.id, ChangeAccount(disabled=True))
    enabled = await accounts.change(access, olga, alice.id, ChangeAccount(disabled=False))

    assert (disabled.disabled, enabled.disabled) == (True, False)
    assert await sessions.check(access, issued.access) is None


async def test_disabling_again_keeps_the_first_time(access: Access, olga: Actor, alice: Actor) -> None:
    await accounts.change(access, olga, alice.id, ChangeAccount(disabled=True))
    since = (await Account.get(id=alice.id)).disabled_at

    await accounts.change(access, olga, alice.id, ChangeAccount(disabled=True))

    assert (await Account.get(id=alice.id)).disabled_at == since


async def test_an_operators_new_password_ends_the_accounts_sign_ins(access: Access, olga: Actor, alice: Actor) -> None:
    issued = await sessions.begin(access, alice)

    await accounts.change(access, olga, alice.id, ChangeAccount(password="an entirely new one"))

    assert await sessions.check(access, issued.access) is None


async def test_ones_own_new_password_keeps_only_this_sign_in(access: Access, alice: Actor, bob: Actor) -> None:
    here, elsewhere, bobs = [await sessions.begin(access, who) for who in (alice, alice, bob)]

    await accounts.set_password(access, alice, "an entirely new one", keep_session=here.session)

    assert [session.id for session in await Session.filter(ended_at__isnull=False)] == [elsewhere.session]
    assert await sessions.check(access, bobs.access) is not None


async def test_an_account_is_found_by_email_or_not(database: DataFolder) -> None:
    with pytest.raises(NotFound):
        await accounts.by_email("nobody@example.org")

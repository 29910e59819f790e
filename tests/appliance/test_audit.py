"""The audit log: what is written beside a change, who may read it, how long it is kept."""

from datetime import timedelta

import pytest
from tortoise.transactions import in_transaction

from appliance import accounts, audit, tokens
from appliance.access import Access
from appliance.accounts import ChangeAccount
from appliance.actor import Actor
from appliance.audit import ACTIONS, Only, sentence
from appliance.errors import Invalid, NotSignedIn
from appliance.models.audit import AuditEntry
from appliance.models.site import Site
from appliance.sign_in import sign_in
from tests.cast import ALICE
from tests.clock import Clock

SECRET = "a password nobody may read"


async def site_of(owner: Actor, name: str) -> Site:
    return await Site.create(name=name, owner_id=owner.id)


async def test_a_change_says_who_made_it_how_and_from_where(olga: Actor) -> None:
    asking = Actor(olga.id, olga.email, olga.role, via="token ci", address="192.0.2.7")

    await tokens.create(asking, "deploys")

    entries, total = await audit.listing(olga, Only(action="token"), 1, 10)
    assert total == 1
    entry = entries[0]
    assert (entry.who, entry.via, entry.address) == (olga.email, "token ci", "192.0.2.7")
    assert entry.what == "made the token deploys"


async def test_a_change_that_fails_leaves_no_entry(olga: Actor) -> None:
    before = await AuditEntry.all().count()

    async def half() -> None:
        async with in_transaction():
            await audit.record(olga, "token.create", name="half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await half()

    assert await AuditEntry.all().count() == before


async def test_no_password_is_written_down(access: Access, olga: Actor, alice: Actor) -> None:
    await accounts.change(access, olga, alice.id, ChangeAccount(password=SECRET))

    row = await AuditEntry.filter(action="account.change").get()
    assert row.details == {"email": alice.email, "password": "set"}


async def test_a_sign_in_that_fails_is_written_down(access: Access, olga: Actor, alice: Actor) -> None:
    with pytest.raises(NotSignedIn):
        await sign_in(access, ALICE.email.upper(), "a guess", address="198.51.100.9")

    entry = (await audit.listing(olga, Only(action="sign-in.failed"), 1, 10))[0][0]
    assert (entry.who, entry.address, entry.what) == ("", "198.51.100.9", f"failed to sign in as {ALICE.email}")


async def test_failures_of_strangers_cannot_fill_the_disk(
    access: Access, olga: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_FAILURES", 20)
    stranger = Actor(0, "", "user")

    for number in range(250):
        await audit.record_failure(stranger, "sign-in.failed", email=f"{number}@example.org")

    assert await AuditEntry.filter(action="sign-in.failed").count() < 20 + 100


async def test_users_see_their_own_changes_and_those_of_their_sites(olga: Actor, alice: Actor, bob: Actor) -> None:
    blog = await site_of(alice, "blog")
    await audit.record(olga, "site.change", blog)
    await audit.record(bob, "token.create", name="bobs")

    seen = [entry.what for entry in (await audit.listing(alice, Only(), 1, 50))[0]]

    assert "changed settings of blog" in seen
    assert "made the token bobs" not in seen


async def test_a_name_given_again_does_not_show_what_another_did(olga: Actor, alice: Actor, bob: Actor) -> None:
    former = await site_of(alice, "blog")
    await audit.record(alice, "site.delete", former)
    await former.delete()
    await site_of(bob, "blog")

    assert (await audit.listing(bob, Only(site="blog"), 1, 10))[1] == 0
    assert (await audit.listing(alice, Only(site="blog"), 1, 10))[1] == 1


async def test_entries_are_found_by_what_is_asked_for(access: Access, olga: Actor, alice: Actor) -> None:
    blog = await site_of(alice, "blog")
    for number in range(3):
        await audit.record(alice, "deploy.publish", blog, number=number)
    await audit.record(alice, "alias.set", blog, alias="staging", number=1)

    assert (await audit.listing(olga, Only(action="deploy"), 1, 2))[1] == 3
    assert (await audit.listing(olga, Only(action="deploy.publish", who=ALICE.email.upper()), 1, 9))[1] == 3
    assert (await audit.listing(olga, Only(who="nobody@example.org"), 1, 9))[1] == 0
    assert (await audit.listing(olga, Only(action="deploy", since=access.now() + timedelta(days=1)), 1, 9))[1] == 0
    with pytest.raises(Invalid, match="no action 'deplo'"):
        await audit.listing(olga, Only(action="deplo"), 1, 9)


async def test_an_export_has_every_entry_once_in_order(olga: Actor) -> None:
    for number in range(25):
        await audit.record(olga, "token.create", name=str(number))

    names = [entry.details["name"] async for entry in await audit.everything(olga, Only(action="token"), piece=7)]

    assert names == [str(number) for number in range(25)]


async def test_old_entries_are_forgotten_and_young_ones_kept(clock: Clock, access: Access, olga: Actor) -> None:
    await audit.record(olga, "token.create", name="old")
    old = await AuditEntry.get(action="token.create")
    await audit.record(olga, "token.create", name="young")
    await AuditEntry.all().update(at=access.now())
    await AuditEntry.filter(id=old.id).update(at=access.now() - timedelta(days=366))

    assert await audit.prune(access.now, 365 * 86_400) == 1
    assert [row.details["name"] for row in await AuditEntry.filter(action="token.create")] == ["young"]


async def test_an_age_of_nothing_keeps_everything(access: Access, olga: Actor) -> None:
    await audit.record(olga, "token.create", name="old")
    await AuditEntry.filter(action="token.create").update(at=access.now() - timedelta(days=9_999))

    assert await audit.prune(access.now, 0) == 0
    assert await AuditEntry.filter(action="token.create").exists()


@pytest.mark.parametrize("action", ACTIONS)
async def test_every_action_has_a_sentence(action: str) -> None:
    details = {"number": 3, "email": "a@b", "role": "user", "name": "n", "alias": "a", "url": "u"}

    assert "{" not in sentence(action, "blog", details)


def test_an_action_of_another_version_is_shown_by_its_name() -> None:
    assert sentence("plugin.install", "blog", {}) == "plugin.install blog"
    assert sentence("deploy.publish", "blog", {}) == "deploy.publish blog"


async def test_an_entry_without_what_its_sentence_names_is_a_mistake(olga: Actor) -> None:
    with pytest.raises(TypeError, match="needs number"):
        await audit.record(olga, "deploy.publish")

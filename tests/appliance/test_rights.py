"""Members of sites, and tokens that may less than their account."""

import pytest

from appliance import members, sites, tokens
from appliance.access import Access
from appliance.actor import Actor
from appliance.errors import Conflict, Forbidden, Invalid, NotFound
from appliance.models.audit import AuditEntry
from appliance.models.site import Site


async def site_of(owner: Actor, name: str = "blog") -> Site:
    return await Site.create(name=name, owner_id=owner.id)


async def by_token(access: Access, actor: Actor, **limits: str) -> Actor:
    made = await tokens.create(actor, "limited", **limits)  # type: ignore[arg-type]  # a right is one of three words
    found = await tokens.check(access, made.token)
    assert found is not None
    return found


async def test_a_member_finds_the_site_and_a_stranger_does_not(access: Access, alice: Actor, bob: Actor) -> None:
    await site_of(alice)

    with pytest.raises(NotFound):
        await sites.find(bob, "blog")
    await members.add(access, alice, "blog", bob.email.upper())

    assert (await sites.find(bob, "blog")).name == "blog"
    assert [each.email for each in await members.listing(bob, "blog")] == [bob.email]


async def test_a_member_is_not_the_owner(access: Access, alice: Actor, bob: Actor) -> None:
    await site_of(alice)
    await members.add(access, alice, "blog", bob.email)

    with pytest.raises(Forbidden, match="Only the owner of blog"):
        await sites.find_own(bob, "blog")
    with pytest.raises(Forbidden):
        await members.add(access, bob, "blog", alice.email)


async def test_a_member_may_leave_and_is_a_stranger_then(access: Access, alice: Actor, bob: Actor) -> None:
    await site_of(alice)
    await members.add(access, alice, "blog", bob.email)

    await members.remove(access, bob, "blog", bob.email)

    with pytest.raises(NotFound):
        await sites.find(bob, "blog")


async def test_adding_a_member_twice_changes_nothing(access: Access, alice: Actor, bob: Actor) -> None:
    await site_of(alice)

    first, again = [await members.add(access, alice, "blog", bob.email) for _ in range(2)]

    assert first == again
    assert await AuditEntry.filter(action="member.add").count() == 1


async def test_who_cannot_be_a_member_is_said(
    access: Access, alice: Actor, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site_of(alice)

    with pytest.raises(Invalid, match="owns blog already"):
        await members.add(access, alice, "blog", alice.email)
    with pytest.raises(NotFound, match="no account"):
        await members.add(access, alice, "blog", "nobody@example.org")
    with pytest.raises(NotFound, match="no member"):
        await members.remove(access, alice, "blog", bob.email)
    monkeypatch.setattr(members, "MOST", 0)
    with pytest.raises(Conflict, match="has 0 members"):
        await members.add(access, alice, "blog", bob.email)


async def test_a_token_for_one_site_finds_no_other(access: Access, alice: Actor) -> None:
    await site_of(alice)
    await site_of(alice, "shop")
    limited = await by_token(access, alice, site="blog")

    assert (await sites.find(limited, "blog")).name == "blog"
    with pytest.raises(NotFound):
        await sites.find(limited, "shop")
    with pytest.raises(Forbidden):
        limited.need_every_site()


async def test_a_token_of_a_site_made_anew_finds_nothing(access: Access, alice: Actor) -> None:
    former = await site_of(alice)
    limited = await by_token(access, alice, site="blog")
    await former.delete()
    await site_of(alice)

    with pytest.raises(NotFound):
        await sites.find(limited, "blog")
    assert (await tokens.listing(alice, 1, 10))[0][-1].site == "(deleted)"


@pytest.mark.parametrize(
    ("right", "may", "may_not"),
    [("read", ["read"], ["deploy", "all"]), ("deploy", ["read", "deploy"], ["all"]), ("all", ["deploy", "all"], [])],
)
async def test_a_right_includes_those_below_it(
    access: Access, alice: Actor, right: str, may: list[str], may_not: list[str]
) -> None:
    limited = await by_token(access, alice, right=right)

    for each in may:
        limited.need(each)  # type: ignore[arg-type]  # as above
    for each in may_not:
        with pytest.raises(Forbidden, match="This token may only"):
            limited.need(each)  # type: ignore[arg-type]


async def test_a_token_cannot_be_for_a_site_one_does_not_have(alice: Actor, bob: Actor) -> None:
    await site_of(alice)

    with pytest.raises(NotFound):
        await tokens.create(bob, "theft", site="blog")

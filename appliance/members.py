"""Members: accounts that look after a site together with its owner."""

from dataclasses import dataclass
from datetime import datetime

from tortoise.transactions import in_transaction

from appliance import accounts, audit, sites
from appliance.access import Access
from appliance.actor import Actor
from appliance.errors import Conflict, Invalid, NotFound
from appliance.models.site import Member, Site

MOST = 100  # members of a site


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """A member of a site, and since when."""

    email: str
    since: datetime


async def listing(actor: Actor, site: str) -> list[MemberFacts]:
    """The members of a site, by e-mail; NotFound."""
    row = await sites.find(actor, site)
    found = await Member.filter(site=row).select_related("account").order_by("account__email")
    return [MemberFacts(each.account.email, each.since) for each in found]


async def add(access: Access, actor: Actor, site: str, email: str) -> MemberFacts:
    """Let an account that there is look after a site, too; no change where it does already.

    NotFound for site or account; Forbidden for all but the owner; Invalid for the owner; Conflict for too many.
    """
    row = await sites.find_own(actor, site)
    account = await accounts.by_email(email)
    if account.id == row.owner_id:
        raise Invalid(f"{account.email} owns {site} already.", fields={"email": "is the owner's"})
    async with in_transaction():
        found = await Member.get_or_none(site=row, account_id=account.id)
        if found is not None:
            return MemberFacts(account.email, found.since)
        if await Member.filter(site=row).count() >= MOST:
            raise Conflict(f"{site} has {MOST} members: take some away first.", code="too_many_members")
        made = await Member.create(site=row, account_id=account.id)
        await audit.record(actor, "member.add", row, email=account.email)
    _tell(access, row, account.id)
    return MemberFacts(account.email, made.since)


async def remove(access: Access, actor: Actor, site: str, email: str) -> None:
    """Take a member away, at once; members may leave by themselves. NotFound, Forbidden."""
    async with in_transaction():
        found = await _leaving(actor, site, email)
        await found.delete()
        await audit.record(actor, "member.remove", found.site, email=found.account.email)
    _tell(access, found.site, found.account_id)


async def leaving(actor: Actor, site: str, email: str) -> MemberFacts:
    """A member that this account may take away from a site, as `remove` would; NotFound, Forbidden."""
    found = await _leaving(actor, site, email)
    return MemberFacts(found.account.email, found.since)


def _tell(access: Access, site: Site, account: int) -> None:
    """Those who look after a site, and whoever does or does not from now on."""
    access.news.site(site.name)
    access.news.account(account)


async def _leaving(actor: Actor, site: str, email: str) -> Member:
    wanted = accounts.normal_email(email)
    row = await (sites.find(actor, site) if wanted == actor.email else sites.find_own(actor, site))
    found = await Member.filter(site=row, account__email=wanted[:254]).select_related("account", "site").first()
    if found is None:
        raise NotFound(f"{site} has no member {email!r}.", code="no_such_member")
    return found

"""Locks: somebody keeps what a site's visitors get as it is. Deploys become ready meanwhile, and wait."""

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from appliance import audit, sites
from appliance.actor import Actor
from appliance.deploys.pointers import check_unlocked
from appliance.deploys.publishing import Publishing
from appliance.models.deploy import PublishingLock
from appliance.models.site import Site
from appliance.sites import LockFacts


class Locks:
    """The locks of this installation. Used on the event loop only."""

    def __init__(self, publishing: Publishing) -> None:
        self._publishing = publishing

    async def get(self, actor: Actor, site: str) -> LockFacts | None:
        """A site's lock, if it has one; NotFound."""
        return await _facts(await sites.find(actor, site))

    async def lock(self, actor: Actor, site: str, reason: str = "") -> LockFacts:
        """Keep what visitors get as it is; NotFound, Conflict when somebody has locked it already."""
        row = await sites.find(actor, site)
        async with self._publishing.moving():  # what was on its way live is so, or will not be
            await check_unlocked(row.id, site)
            try:
                async with in_transaction():
                    await PublishingLock.create(site=row, account_id=actor.id, reason=reason)
                    await audit.record(actor, "publishing.lock", row, reason=reason)
            except IntegrityError:
                await check_unlocked(row.id, site)
                raise
        self._publishing.news.site(site)
        facts = await _facts(row)
        if facts is None:
            raise AssertionError("it was made just now, and pointers are moved by this process only")
        return facts

    async def unlock(self, actor: Actor, site: str) -> None:
        """Let what visitors get change again; NotFound. No error when it is not locked."""
        row = await sites.find(actor, site)
        async with self._publishing.moving(), in_transaction():
            if await PublishingLock.filter(site=row).delete():
                await audit.record(actor, "publishing.unlock", row)
        self._publishing.news.site(site)


async def _facts(site: Site) -> LockFacts | None:
    row = await PublishingLock.get_or_none(site=site).select_related("account")
    return LockFacts(row.account.email if row.account else None, row.at, row.reason) if row else None

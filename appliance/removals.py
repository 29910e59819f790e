"""Deleting sites: gone for everybody at once, restored by whoever wants them back, and removed for good in time.

While a deleted site can be restored its name stays taken, and its deploys, gate, members and pointers stay as they
were: retention leaves it alone, and its content counts as used.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import structlog
from tortoise.expressions import Q
from tortoise.functions import Count
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from appliance import audit, sites
from appliance.actor import Actor
from appliance.deploys import UNDER_WAY, Failure, Publishing
from appliance.errors import NotFound
from appliance.live import LiveSites
from appliance.models.deploy import Deploy, Live
from appliance.models.site import Removal, Site
from appliance.plans import Plans
from appliance.units import Span

log = structlog.get_logger(__name__)

CALLED_OFF = Failure("cancelled", "Called off, since its site was deleted. Nothing of it was kept.")


@dataclass(frozen=True, slots=True)
class DeletedFacts:
    """A site that was deleted; until `until` it can be restored. `by` is None where that account is gone."""

    name: str
    owner: str
    deleted_at: datetime
    by: str | None
    until: datetime
    deploys: int


class Removals:
    """The deleted sites of this installation. Used on the event loop only.

    `keep` is how many seconds one can be restored, 0 for not at all. `call_off` is told the deploys of a site that were
    under way, and waited for; `forget` the name of one that is gone for good.
    """

    def __init__(
        self,
        publishing: Publishing,
        live: LiveSites,
        keep: Span,
        call_off: Callable[[Sequence[str]], Awaitable[None]] | None = None,
        forget: Callable[[str], None] = lambda _name: None,
        plans: Plans | None = None,
    ) -> None:
        self._publishing = publishing
        self._live = live
        self._keep = keep
        self._call_off = call_off
        self._forget = forget
        self._plans = plans or Plans()

    async def remove(self, actor: Actor, name: str) -> None:
        """Delete a site: nobody finds it from then on, and what was under way ends.

        NotFound; Forbidden for members.
        """
        actor.need("all")
        async with self._publishing.moving():
            site = await sites.find_own(actor, name)
            async with in_transaction():
                ended = await _end_deploys(site)
                await Removal.create(site=site, account_id=actor.id or None, at=datetime.now(UTC))
                kept = {"kept": str(self._keep)} if self._keep else {}
                await audit.record(actor, "site.delete", site, owner=site.owner.email, **kept)
            await self._live.hide(name, await _deploys_of(site))
            if not self._keep:
                await self._end(actor, site)
        if self._call_off is not None:
            await self._call_off(ended)

    async def listing(self, actor: Actor, page: int, per_page: int) -> tuple[list[DeletedFacts], int]:
        """A page of the deleted sites the account may restore, the last one first, and how many there are in all."""
        query = _deleted(actor)
        rows = await query.order_by("-at", "-site_id").offset((page - 1) * per_page).limit(per_page)
        counted = await _counted([row.site_id for row in rows])
        return [self._facts(row, counted.get(row.site_id, 0)) for row in rows], await query.count()

    async def get(self, actor: Actor, name: str) -> DeletedFacts:
        """One deleted site; NotFound."""
        row = await _find(actor, name)
        return self._facts(row, await Deploy.filter(site_id=row.site_id).count())

    async def restore(self, actor: Actor, name: str) -> None:
        """Have a deleted site back, with what was live before; NotFound, Forbidden when the plan has no more sites."""
        actor.need("all")
        async with self._publishing.moving():
            row = await _find(actor, name)
            async with in_transaction():
                await row.delete()
                await self._plans.check_sites(row.site.owner_id)
                await audit.record(actor, "site.restore", row.site)
            await self._live.show(name)
        self._publishing.refining.set()

    async def end(self, actor: Actor, name: str) -> None:
        """Remove a deleted site for good, with all its deploys; NotFound."""
        actor.need("all")
        async with self._publishing.moving():
            await self._end(actor, (await _find(actor, name)).site)

    async def end_due(self) -> int:
        """Remove for good what nobody restored in time; how many sites."""
        due = Removal.filter(at__lte=datetime.now(UTC) - timedelta(seconds=self._keep))
        names = [str(name) for name in await due.values_list("site__name", flat=True)]
        for name in names:
            async with self._publishing.moving():
                row = await due.filter(site__name=name).select_related("site").first()
                if row is not None:  # else it was restored meanwhile
                    await self._end(None, row.site)
        return len(names)

    async def _end(self, actor: Actor | None, site: Site) -> None:
        gone = await _deploys_of(site)
        async with in_transaction():
            await Live.filter(site=site).delete()
            await audit.record(actor, "site.end", site, deploys=len(gone))
            await site.delete()
        await self._live.withdraw(site.name, gone)
        self._forget(site.name)
        log.info("site_removed", site=site.name, deploys=len(gone))

    def _facts(self, row: Removal, deploys: int) -> DeletedFacts:
        return DeletedFacts(
            name=row.site.name,
            owner=row.site.owner.email,
            deleted_at=row.at,
            by=row.account.email if row.account else None,
            until=row.at + timedelta(seconds=self._keep),
            deploys=deploys,
        )


def _deleted(actor: Actor) -> QuerySet[Removal]:
    """The deleted sites an account may restore: its own, or all for operators and admins; none with a site's token."""
    query = Removal.all().select_related("site__owner", "account")
    if actor.role == "user":
        query = query.filter(site__owner_id=actor.id)
    return query if actor.only_site is None else query.filter(site_id=actor.only_site)


async def _find(actor: Actor, name: str) -> Removal:
    known = sites.NAME.fullmatch(name)
    row = await _deleted(actor).filter(site__name=name).first() if known else None
    if row is None:
        raise NotFound(f"There is no deleted site {name!r} in this account.", code="no_such_site")
    return row


async def _end_deploys(site: Site) -> list[str]:
    """Call off what is under way; which deploys."""
    under_way = Deploy.filter(site=site, state__in=UNDER_WAY)
    ended = [str(deploy) for deploy in await under_way.values_list("id", flat=True)]
    await under_way.update(state="cancelled", finished_at=datetime.now(UTC), error=asdict(CALLED_OFF))
    return ended


async def _deploys_of(site: Site) -> list[str]:
    return [str(deploy) for deploy in await Deploy.filter(site=site).values_list("id", flat=True)]


async def _counted(ids: list[int]) -> dict[int, int]:
    found = Deploy.filter(Q(site_id__in=ids)).annotate(number_of=Count("id")).group_by("site_id")
    return dict(await found.values_list("site_id", "number_of"))

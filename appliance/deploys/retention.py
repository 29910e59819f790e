"""Deletes old deploys by the operator's rules and plans: how many of each site are kept, and for how long.

What visitors get or may want back is not asked: the live deploy and the one a rollback goes to, what has an alias, the
newest that is ready, all of a locked site, what is younger than a grace, and what is under way stay whatever the rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog
from tortoise.expressions import Subquery
from tortoise.functions import Count

from appliance.deploys.publishing import earlier
from appliance.deploys.values import FINISHED
from appliance.deploys.withdrawing import Withdrawing
from appliance.errors import Conflict, NotFound, Problem
from appliance.models.deploy import Alias, Deploy, Live, PublishingLock
from appliance.models.site import Removal, Site
from appliance.plan import Plan
from appliance.plans import Plans, limit_of
from appliance.settings import Settings

log = structlog.get_logger(__name__)

SITES = 200  # looked at in one query


@dataclass(frozen=True, slots=True)
class Rules:
    """How many deploys of a site are kept (0: all), for how many seconds (0: for good), and how many at the least."""

    count: int
    age: float
    grace: float

    @classmethod
    def of(cls, settings: Settings) -> "Rules":
        """As the operator set them."""
        return cls(settings.keep_deploys, settings.keep_age, settings.keep_grace)


@dataclass(frozen=True, slots=True)
class Due:
    """A deploy that goes, and the setting that says so; `bytes` is the size of its files, shared ones too."""

    deploy: str
    site: str
    number: int
    created_at: datetime
    bytes: int
    rule: str


class Retention:
    """Applies the rules. Used on the event loop only."""

    def __init__(self, rules: Rules, withdrawing: Withdrawing, plans: Plans | None = None) -> None:
        self._rules = rules
        self._withdrawing = withdrawing
        self._plans = plans or Plans()

    async def apply(self) -> int:
        """Delete what is due; how many deploys. One that can no longer be deleted is left for the next time."""
        gone = 0
        for one in await due(self._rules, self._plans):
            try:
                await self._withdrawing.retire(partial(_still_due, one), one.rule)
                gone += 1
            except Problem as problem:
                log.info("deploy_stays", deploy=one.deploy, site=one.site, reason=problem.detail)
        if gone:
            log.info("deploys_retired", deploys=gone)
        return gone


async def due(rules: Rules, plans: Plans | None = None) -> list[Due]:
    """What the rules, and the plans of sites' owners, would delete now, by site, the oldest first."""
    plans = plans or Plans()
    if not (rules.count or rules.age or any(plan.deploys for plan in plans.all)):
        return []
    found: list[Due] = []
    last = 0
    while sites := await _sites_after(last):
        locks = PublishingLock.filter(site_id__in=[site.id for site in sites])
        locked = {lock.site_id for lock in await locks}
        for site in sites:
            if site.id not in locked:
                found += await _due_of(site, rules, plans.named(site.owner.plan))
        last = sites[-1].id
    return found


async def _still_due(one: Due) -> Deploy:
    """The deploy, unless it has come to be of use meanwhile."""
    row = await Deploy.get_or_none(id=one.deploy).select_related("site")
    if row is None:
        raise NotFound(f"Deploy {one.number} of {one.site} is gone already.", code="no_such_deploy")
    newer = await Deploy.filter(site_id=row.site_id, state__in=FINISHED).order_by("-number").only("id", "state")
    if row.id in await protected(row.site_id, newer):
        raise Conflict(f"Deploy {one.number} of {one.site} is of use again.", code="in_use")
    return row


async def _sites_after(last: int) -> list[Site]:
    """The next sites that have more than one deploy."""
    kept = Removal.all().values("site_id")  # all of a deleted site is there to be restored
    query = (
        Site.filter(id__gt=last, id__not_in=Subquery(kept))
        .annotate(deploys_of=Count("deploys"))
        .filter(deploys_of__gt=1)
    )
    return await query.order_by("id").limit(SITES).select_related("owner")


async def _due_of(site: Site, rules: Rules, plan: Plan) -> list[Due]:
    query = Deploy.filter(site=site, state__in=FINISHED).order_by("-number")
    rows = await query.only("id", "number", "state", "created_at", "bytes")
    staying = await protected(site.id, rows)
    now = datetime.now(UTC)
    found = []
    for rank, row in enumerate(rows, start=1):
        old = (now - row.created_at).total_seconds()
        rule = "keep_deploys" if rules.count and rank > rules.count else ""
        rule = rule or (limit_of(plan, "deploys").name if plan.deploys and rank > plan.deploys else "")
        rule = rule or ("keep_age" if rules.age and old > rules.age else "")
        if rule and row.id not in staying and old > rules.grace:
            found.append(Due(row.id, site.name, row.number, row.created_at, row.bytes, rule))
    return found[::-1]


async def protected(site: int, rows: Sequence[Deploy]) -> set[str]:
    """Those that stay whatever the rules; `rows` are the site's, the newest first."""
    staying = {str(name) for name in await Alias.filter(site_id=site).values_list("deploy_id", flat=True)}
    staying.update([row.id for row in rows if row.state == "ready"][:1])
    live = await Live.get_or_none(site_id=site).select_related("deploy")
    if live is not None:
        before = await earlier(live.deploy)
        staying.update({live.deploy_id, *([before.id] if before else [])})
    return staying

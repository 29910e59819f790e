"""What waits, asks or is worked on, over all sites that an account may see, and what failed there lately."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

from appliance import sites
from appliance.actor import Actor
from appliance.deploys.finding import Facts
from appliance.deploys.values import UNDER_WAY, DeployFacts
from appliance.models.deploy import Deploy
from appliance.progress import Progress

LATELY = timedelta(days=1)
MOST_FAILED = 10  # that are named


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """A page of the `total` that are not finished, the oldest first; `asking` of all of them wait for an answer.

    `failed` are the newest that failed within a day, of `failures`.
    """

    deploys: list[DeployFacts]
    total: int
    asking: int
    failed: list[DeployFacts]
    failures: int


class Waiting:
    """Looks at what is not finished. Used on the event loop only; `under_way` is what is worked on, by deploy."""

    def __init__(self, facts: Facts, under_way: Mapping[str, Progress]) -> None:
        self._facts = facts
        self._under_way = under_way

    async def look(self, actor: Actor, page: int, per_page: int) -> QueueFacts:
        """A page of it; a number of queries that does not grow."""
        waiting = self._of(actor).filter(state__in=UNDER_WAY)
        failed = self._of(actor).filter(state="failed", finished_at__gt=datetime.now(UTC) - LATELY)
        return QueueFacts(
            deploys=await self._read(
                waiting.order_by("created_at", "id").offset((page - 1) * per_page).limit(per_page)
            ),
            total=await waiting.count(),
            asking=await waiting.filter(state="asking").count(),
            failed=await self._read(failed.order_by("-finished_at", "id").limit(MOST_FAILED)),
            failures=await failed.count(),
        )

    def _of(self, actor: Actor) -> QuerySet[Deploy]:
        return Deploy.filter(site_id__in=Subquery(sites.visible_to(actor).values("id")))

    async def _read(self, query: QuerySet[Deploy]) -> list[DeployFacts]:
        under_way = dict(self._under_way)
        rows = await query.select_related("site", "author", "build")
        return [self._facts.of(row, row.site.name, under_way.get(row.id), live=False) for row in rows]

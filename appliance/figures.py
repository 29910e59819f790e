"""What sites were asked for over time: taken from the counters of the serving plane, kept by the hour and by the day.

Nothing is put into the sites for that, neither a script nor a cookie, and nothing is kept of who visited. Hours are
kept for `HOURS_KEPT`, days as long as the setting `figures_age` says; an hour or a day without visitors has no row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import structlog
from tortoise.functions import Sum
from tortoise.transactions import in_transaction

from appliance.models.figures import SiteFigure
from appliance.models.site import Site
from appliance.now_and_then import NowAndThen
from appliance.serving.counters import Counters, Totals

log = structlog.get_logger(__name__)

Span = Literal["hour", "day"]

COLLECT_SECONDS = 60.0  # between two looks at the counters: what a server that is killed forgets at most
HOURS_KEPT = timedelta(days=14)
SITES_AT_ONCE = 500  # rows written in one transaction before others have their turn
CLASSES = ("found", "redirected", "refused", "failed")  # of status: up to 2xx, 3xx, 4xx, 5xx
COLUMNS = (*CLASSES, "bytes")


@dataclass(frozen=True, slots=True)
class Point:
    """An hour or a day that began at `at` (UTC): requests by class of status, and bytes of bodies sent."""

    at: datetime
    found: int = 0
    redirected: int = 0
    refused: int = 0
    failed: int = 0
    bytes: int = 0

    @property
    def requests(self) -> int:
        """Requests of all classes."""
        return self.found + self.redirected + self.refused + self.failed


class Figures:
    """Reads what was collected. Hours and days without visitors are told as such, so that a series has no holes."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    async def series(self, site: str, span: Span, count: int) -> list[Point]:
        """The last `count` hours or days of a site, oldest first; the last of them has not ended yet."""
        wanted = _last(self._now(), span, count)
        rows = await SiteFigure.filter(site__name=site, span=span, at__gte=wanted[0])
        return _without_holes(wanted, {row.at: row for row in rows})

    async def of_each(self, sites: Sequence[str], span: Span, count: int) -> dict[str, list[int]]:
        """Requests in the last `count` hours or days of each of these sites, oldest first; one query for all."""
        wanted = _last(self._now(), span, count)
        place = {at: number for number, at in enumerate(wanted)}
        found = {site: [0] * count for site in sites}
        rows = SiteFigure.filter(site__name__in=sites, span=span, at__gte=wanted[0])
        for site, at, *requests in await rows.values_list("site__name", "at", *CLASSES):
            if at in place:
                found[site][place[at]] = sum(requests)
        return found

    async def together(self, span: Span, count: int) -> list[Point]:
        """The last `count` hours or days of all sites taken together, oldest first."""
        wanted = _last(self._now(), span, count)
        sums = {name: Sum(name) for name in COLUMNS}
        found = SiteFigure.filter(span=span, at__gte=wanted[0]).annotate(**{f"all_{k}": v for k, v in sums.items()})
        rows = await found.group_by("at").values("at", *(f"all_{name}" for name in COLUMNS))
        points = [Point(_utc(row["at"]), *(int(row[f"all_{name}"] or 0) for name in COLUMNS)) for row in rows]
        return _without_holes(wanted, {point.at: point for point in points})


class Collecting(NowAndThen):
    """Adds what was counted since the last look to the hour and the day of now; on the event loop only.

    After a crash the counters begin where they were last written (see `tally`): up to a minute of visits is lost, or
    counted twice.
    """

    def __init__(self, counters: Counters, now: Callable[[], datetime], age: float) -> None:
        """`age` is for how long days are kept, in seconds; 0 is for good."""
        super().__init__("figures", self.collect, COLLECT_SECONDS)
        self._counters, self._now = counters, now
        self._age = age
        self._seen: dict[str, Totals] = {}
        self._pruned: datetime | None = None

    async def start(self) -> None:
        """Begin; what was counted before the start is in the figures already."""
        self._seen = self._counters.totals()
        await super().start()

    async def stop(self) -> None:
        """End, with what was counted by now."""
        await super().stop()
        await self.collect()

    async def collect(self) -> None:
        """Look once."""
        counted, now = self._counters.totals(), self._now()
        more = {name: _since(self._seen.get(name), totals) for name, totals in counted.items()}
        await self._add({name: added for name, added in more.items() if any(added)}, now)
        self._seen = counted
        await self._prune(now)

    async def _add(self, more: Mapping[str, Sequence[int]], now: datetime) -> None:
        names = list(more)
        for first in range(0, len(names), SITES_AT_ONCE):
            some = names[first : first + SITES_AT_ONCE]
            keys = dict(await Site.filter(name__in=some).values_list("id", "name"))  # one just deleted has no key
            async with in_transaction():
                for span in ("hour", "day"):
                    await _added({key: more[name] for key, name in keys.items()}, span, _begin(now, span))

    async def _prune(self, now: datetime) -> None:
        """Once a day, forget what is too old."""
        today = _begin(now, "day")
        if self._pruned == today:
            return
        gone = await SiteFigure.filter(span="hour", at__lt=now - HOURS_KEPT).delete()
        if self._age:
            gone += await SiteFigure.filter(span="day", at__lt=now - timedelta(seconds=self._age)).delete()
        self._pruned = today
        if gone:
            log.info("figures_forgotten", rows=gone)


async def _added(more: Mapping[int, Sequence[int]], span: str, at: datetime) -> None:
    """Add to the rows of these sites; only this process does, so what was read is what is there."""
    rows = {row.site_id: row for row in await SiteFigure.filter(site_id__in=more.keys(), span=span, at=at)}
    for key, added in more.items():
        row = rows.get(key) or SiteFigure(site_id=key, span=span, at=at)
        for name, number in zip(COLUMNS, added, strict=True):
            setattr(row, name, getattr(row, name) + number)
        rows[key] = row
    await SiteFigure.bulk_create(
        rows.values(), on_conflict=("site_id", "span", "at"), update_fields=COLUMNS, batch_size=SITES_AT_ONCE
    )


def _since(before: Totals | None, now: Totals) -> tuple[int, ...]:
    """What came since, by `COLUMNS`; everything, where a site was made anew under a name that was counted."""
    was = before if before is not None and before.since == now.since else Totals(now.since)
    requests = [new - old for new, old in zip(now.statuses, was.statuses, strict=True)]
    return (sum(requests[:3]), *requests[3:6], now.sent - was.sent)


def _begin(time: datetime, span: str) -> datetime:
    hour = time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour if span == "hour" else hour.replace(hour=0)


def _last(now: datetime, span: Span, count: int) -> list[datetime]:
    step = timedelta(hours=1) if span == "hour" else timedelta(days=1)
    end = _begin(now, span)
    return [end - step * back for back in reversed(range(count))]


def _without_holes(wanted: Iterable[datetime], rows: Mapping[datetime, SiteFigure | Point]) -> list[Point]:
    return [
        Point(at, *(getattr(row, name) for name in COLUMNS)) if (row := rows.get(at)) else Point(at) for at in wanted
    ]


def _utc(time: datetime | str) -> datetime:
    """A time out of a grouped query, which SQLite tells as text."""
    return datetime.fromisoformat(time) if isinstance(time, str) else time

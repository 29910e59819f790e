"""Figures of what visitors asked over time, gathered from the counters without a word to or from their browsers.

Twice a minute what was counted since is added to the present hour and the present day of each site. Of each there is
one row, so what is kept is bounded: hours for two weeks, days for `figures_age`.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import structlog
from tortoise.functions import Sum

from appliance import sites
from appliance.actor import Actor
from appliance.beside import Beside
from appliance.errors import Forbidden
from appliance.models.figures import StorageFigure, TrafficFigure
from appliance.models.site import Site
from appliance.serving.counters import Counters
from appliance.system import Storage

EVERY = 30.0  # seconds between two gatherings, at most: what a server that is killed forgets
HOURS_KEPT = timedelta(days=15)
AT_ONCE = 200  # sites that are written before visitors are looked after again
COLUMNS = ("status_2xx", "status_3xx", "status_4xx", "status_5xx", "bytes")

Span = Literal["hour", "day"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Point:
    """One hour or day: its beginning, requests by class of status, and bytes of bodies sent."""

    at: datetime
    status_2xx: int = 0
    status_3xx: int = 0
    status_4xx: int = 0
    status_5xx: int = 0
    bytes: int = 0

    @property
    def requests(self) -> int:
        """Of all classes."""
        return self.status_2xx + self.status_3xx + self.status_4xx + self.status_5xx


@dataclass(frozen=True, slots=True)
class StoragePoint:
    """One day: what the data folder took on it, in bytes."""

    at: datetime
    database: int
    blobs: int
    cache: int


@dataclass(slots=True)
class _Site:
    """What is known of a site: what was counted when it was last looked at, and its present hour and day."""

    since: datetime
    seen: list[int]
    hour: list[int] = field(default_factory=lambda: [0] * len(COLUMNS))
    day: list[int] = field(default_factory=lambda: [0] * len(COLUMNS))
    is_new: bool = False  # something has been added that is not written


class Gathering(Beside):
    """Gathers and keeps the figures. On the event loop only.

    What was counted before `start` is in the rows already.
    """

    def __init__(self, counters: Counters, storage: Storage, age: float) -> None:
        self._counters = counters
        self._storage = storage
        self._age = age
        self._sites: dict[str, _Site] = {}
        self._at = hour_of(datetime.now(UTC))
        self._pruned = self._at - timedelta(days=1)
        self._sampled = False

    async def start(self) -> None:
        """Go on from the rows of the present hour and day. Before the first visitor; the counters are read by then."""
        for name in self._counters.names():
            since, seen = self._counted(name)
            self._sites[name] = _Site(since, seen)
        for span, at in (("hour", self._at), ("day", day_of(self._at))):
            for row in await TrafficFigure.filter(span=span, at=at).select_related("site"):
                known = self._sites.get(row.site.name)
                if known is not None:
                    setattr(known, span, [getattr(row, column) for column in COLUMNS])
        await Beside.start(self)

    async def stop(self) -> None:
        """Write what has been counted by now; nobody is answered any more."""
        await Beside.stop(self)
        await self._collect()

    async def gather(self, now: datetime) -> None:
        """Add what was counted since the last time to the hour that was going on then, and write what changed."""
        await self._collect()
        turned = hour_of(now) != self._at
        if turned:
            self._turn(hour_of(now))
        if turned or not self._sampled:
            self._sampled = await self._sample(now)
        if now - self._pruned >= timedelta(days=1):
            await self._prune(now)
            self._pruned = now

    async def _collect(self) -> None:
        for name in self._counters.names():
            self._add(name)
        await self._write()

    async def _go_on(self) -> None:
        while True:
            now = datetime.now(UTC)
            until = (hour_of(now) + timedelta(hours=1) - now).total_seconds()
            await asyncio.sleep(min(EVERY, until))
            try:
                await self.gather(datetime.now(UTC))
            except Exception:
                log.exception("figures_not_kept")

    def _counted(self, name: str) -> tuple[datetime, list[int]]:
        since, statuses, sent = self._counters.totals(name)
        return since, [*statuses[2:6], sent]

    def _add(self, name: str) -> None:
        since, seen = self._counted(name)
        known = self._sites.get(name)
        if known is None or known.since != since:  # a new site, perhaps one that took the name of another
            known = self._sites[name] = _Site(since, [0] * len(COLUMNS))
        if known.seen == seen:
            return
        for number, (count, before) in enumerate(zip(seen, known.seen, strict=True)):
            known.hour[number] += count - before
            known.day[number] += count - before
        known.seen, known.is_new = seen, True

    def _turn(self, hour: datetime) -> None:
        """Another hour has begun, and perhaps another day."""
        is_day = day_of(hour) != day_of(self._at)
        there = set(self._counters.names())
        self._sites = {name: known for name, known in self._sites.items() if name in there}
        for known in self._sites.values():
            known.hour = [0] * len(COLUMNS)
            known.day = [0] * len(COLUMNS) if is_day else known.day
        self._at = hour

    async def _write(self) -> None:
        fresh = [(name, known) for name, known in self._sites.items() if known.is_new]
        for start in range(0, len(fresh), AT_ONCE):
            await self._write_some(fresh[start : start + AT_ONCE])

    async def _write_some(self, some: Sequence[tuple[str, _Site]]) -> None:
        rows = await Site.filter(name__in=[name for name, _ in some]).values_list("name", "id")
        ids = {str(name): int(number) for name, number in rows}
        figures = [
            TrafficFigure(site_id=ids[name], span=span, at=at, **dict(zip(COLUMNS, counts, strict=True)))
            for name, known in some
            if name in ids
            for span, at, counts in (("hour", self._at, known.hour), ("day", day_of(self._at), known.day))
        ]
        for _, known in some:
            known.is_new = False  # what is counted while this is written is written the next time
        await TrafficFigure.bulk_create(figures, on_conflict=("site_id", "span", "at"), update_fields=COLUMNS)

    async def _sample(self, now: datetime) -> bool:
        """Keep what the data folder takes today, as it was seen last; whether that is known: not while it is away."""
        found = await self._storage.look()
        if found is None:
            return False
        values = {"database": found.database.bytes, "blobs": found.blobs.bytes, "cache": found.cache.bytes}
        await StorageFigure.update_or_create(values, at=day_of(now))
        return True

    async def _prune(self, now: datetime) -> None:
        await TrafficFigure.filter(span="hour", at__lt=now - HOURS_KEPT).delete()
        if self._age:
            oldest = now - timedelta(seconds=self._age)
            await TrafficFigure.filter(span="day", at__lt=oldest).delete()
            await StorageFigure.filter(at__lt=oldest).delete()


class Figures:
    """What was gathered, for those who may see it. Used on the event loop only."""

    async def of_site(self, actor: Actor, site: str, span: Span, count: int) -> list[Point]:
        """The last `count` hours or days of a site, the present one last; NotFound."""
        row = await sites.find(actor, site)
        first = _first(span, count)
        found = await TrafficFigure.filter(site=row, span=span, at__gte=first)
        return list(_filled(span, first, count, (Point(row.at, *(getattr(row, c) for c in COLUMNS)) for row in found)))

    async def of_all(self, actor: Actor, span: Span, count: int) -> list[Point]:
        """The same of all sites together; Forbidden to all but operators."""
        _check(actor)
        first = _first(span, count)
        sums = {f"sum_{column}": Sum(column) for column in COLUMNS}
        query = TrafficFigure.filter(span=span, at__gte=first).annotate(**sums).group_by("at")
        found = await query.values_list("at", *sums)
        return list(_filled(span, first, count, (Point(at, *map(int, values)) for at, *values in found)))

    async def of_storage(self, actor: Actor, days: int) -> list[StoragePoint]:
        """What the data folder took on the last `days` of which that is known; Forbidden to all but operators."""
        _check(actor)
        rows = await StorageFigure.filter(at__gte=_first("day", days)).order_by("at")
        return [StoragePoint(row.at, row.database, row.blobs, row.cache) for row in rows]

    async def visits(self, names: Sequence[str], days: int) -> dict[str, list[int]]:
        """Requests of these sites on each of the last `days`; the caller may see them all. One query for all sites."""
        first = _first("day", days)
        query = TrafficFigure.filter(site__name__in=list(names), span="day", at__gte=first)
        found = {name: [0] * days for name in names}
        for name, at, *counts in await query.values_list("site__name", "at", *COLUMNS[:4]):
            found[name][(at - first).days] = sum(counts)
        return found


def hour_of(at: datetime) -> datetime:
    """The beginning of its hour."""
    return at.replace(minute=0, second=0, microsecond=0)


def day_of(at: datetime) -> datetime:
    """The beginning of its day, UTC."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _check(actor: Actor) -> None:
    if actor.role != "operator":
        raise Forbidden("Only operators may see the figures of all sites.")


def _step(span: Span) -> timedelta:
    return timedelta(hours=1) if span == "hour" else timedelta(days=1)


def _first(span: Span, count: int) -> datetime:
    now = datetime.now(UTC)
    return (hour_of(now) if span == "hour" else day_of(now)) - (count - 1) * _step(span)


def _filled(span: Span, first: datetime, count: int, found: Iterable[Point]) -> Iterator[Point]:
    """A point for each hour or day, also where nothing was asked."""
    known = {point.at: point for point in found}
    for number in range(count):
        at = first + number * _step(span)
        yield known.get(at) or Point(at)

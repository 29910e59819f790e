"""What visitors asked of a site: the counters of the serving plane, for those who may see the site."""

from datetime import datetime
from typing import Annotated

import msgspec
from quart import Blueprint

from appliance.actor import Actor
from appliance.api.edge import endpoint
from appliance.errors import NotFound
from appliance.figures import Figures, Point, Span
from appliance.serving.counters import Counters
from appliance.sites import Sites

MOST_POINTS = 400  # of a series: a year of days, a fortnight of hours


class MissedPath(msgspec.Struct, frozen=True):
    """A path that was answered with 404, and how often."""

    path: str
    requests: int


class TrafficFacts(msgspec.Struct, frozen=True):
    """What a site was asked for since its first request, or the last start of the server if there was none.

    `statuses` are requests by class of status; `bytes` those of bodies sent. `missed` are the paths without a file,
    the most frequent first; `missed_more` is the number of requests for paths that were too many to keep.
    """

    since: datetime
    requests: int
    bytes: int
    statuses: dict[str, int]
    missed: list[MissedPath]
    missed_more: int


class WantedFigures(msgspec.Struct, frozen=True):
    """How many hours or days, up to now."""

    span: Span = "day"
    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_POINTS)] = 30


class FigureFacts(msgspec.Struct, frozen=True):
    """An hour or a day that began at `at`: requests in all and by class of status, and bytes of bodies sent."""

    at: datetime
    requests: int
    found: int
    redirected: int
    refused: int
    failed: int
    bytes: int


class FigureSeries(msgspec.Struct, frozen=True):
    """Hours or days, oldest first; the last has not ended yet. One without visitors is there with zeros."""

    span: Span
    points: list[FigureFacts]


def blueprint(sites: Sites, counters: Counters, figures: Figures) -> Blueprint:
    """The routes."""
    api = Blueprint("api_traffic", __name__)

    @endpoint(api, "/sites/<name>/traffic", reply=TrafficFacts, errors=(NotFound,))
    async def show_traffic(*, actor: Actor, name: str) -> TrafficFacts:
        """Show what visitors asked of a site."""
        site = await sites.get(actor, name)
        seen = counters.traffic(site.name)
        missed = [MissedPath(path, count) for path, count in seen.missed.items()]
        return TrafficFacts(seen.since, seen.requests, seen.bytes_sent, seen.statuses, missed, seen.missed_more)

    @endpoint(api, "/sites/<name>/traffic/history", query=WantedFigures, reply=FigureSeries, errors=(NotFound,))
    async def show_traffic_history(*, actor: Actor, name: str, query: WantedFigures) -> FigureSeries:
        """Show what visitors asked of a site hour by hour (14 days are kept) or day by day (a year)."""
        site = await sites.get(actor, name)
        points = await figures.series(site.name, query.span, query.count)
        return FigureSeries(query.span, [_facts(point) for point in points])

    return api


def _facts(point: Point) -> FigureFacts:
    return FigureFacts(
        point.at, point.requests, point.found, point.redirected, point.refused, point.failed, point.bytes
    )

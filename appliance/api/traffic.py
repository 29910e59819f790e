"""What visitors asked of a site: the counters of the serving plane, for those who may see the site."""

from datetime import datetime

import msgspec
from quart import Blueprint

from appliance.actor import Actor
from appliance.api.edge import endpoint
from appliance.errors import NotFound
from appliance.serving.counters import Counters
from appliance.sites import Sites


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


def blueprint(sites: Sites, counters: Counters) -> Blueprint:
    """The routes."""
    api = Blueprint("api_traffic", __name__)

    @endpoint(api, "/sites/<name>/traffic", reply=TrafficFacts, errors=(NotFound,))
    async def show_traffic(*, actor: Actor, name: str) -> TrafficFacts:
        """Show what visitors asked of a site."""
        site = await sites.get(actor, name)
        seen = counters.traffic(site.name)
        missed = [MissedPath(path, count) for path, count in seen.missed.items()]
        return TrafficFacts(seen.since, seen.requests, seen.bytes_sent, seen.statuses, missed, seen.missed_more)

    return api

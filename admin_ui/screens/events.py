"""What windows are told while they are open: which of their sites, or what they may, so that they show it anew."""

import json
from collections.abc import AsyncIterator

from quart import Response, request

from admin_ui.edge import Route, Visit
from appliance import sites
from appliance.news import Change

LAST = "Last-Event-ID"  # sent by browsers that connect again (HTML, 9.2.4)
TOGETHER = 0.15  # seconds: what happens at about the same time is told at once
AGAIN_IN = 2000  # ms until a browser that lost its connection tries again

Event = tuple[str, dict[str, list[str]]]


async def listen(visit: Visit) -> Response:
    """Changes as they come about, from the revision on that a page shows."""
    seen = request.headers.get(LAST) or request.args.get("after", "")
    revision = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 20 else 0
    life = float(visit.parts.settings.access_lifetime)  # after that the browser has to be signed in still
    return visit.parts.streams.answer(visit.actor, _told(visit, revision), life)


async def _told(visit: Visit, revision: int) -> AsyncIterator[bytes]:
    news = visit.parts.news
    yield f"retry: {AGAIN_IN}\n\n".encode()
    while True:
        missed = news.since(revision)
        revision = missed.revision
        if missed.changes is None:
            yield _event(revision, "all", {})
        elif any(change.account == visit.actor.id for change in missed.changes):
            yield _event(revision, "you", {})
            return  # who comes again is asked anew who that is
        elif missed.changes:
            for event in await _of(visit, missed.changes):
                yield _event(revision, *event)
        await news.after(revision, TOGETHER)


async def _of(visit: Visit, changes: tuple[Change, ...]) -> list[Event]:
    """What this account is told: of sites it may see, that there is one less to see, and of other accounts' news."""
    names = {change.site for change in changes if change.site}
    deploys = {change.deploy for change in changes if change.deploy}
    seen = await sites.seen_among(visit.actor, names, deploys)
    gone = any(not (change.site or change.deploy or change.account) for change in changes)
    people = visit.runs_people and any(change.account for change in changes)
    events = [*_if(gone, "gone"), *_if(people, "people")]
    return [*events, ("sites", {"sites": seen})] if seen else events


def _if(happened: bool, name: str) -> list[Event]:  # noqa: FBT001 - the first thing an `if` is told
    return [(name, {})] if happened else []


def _event(revision: int, name: str, value: dict[str, list[str]]) -> bytes:
    return f"id: {revision}\nevent: {name}\ndata: {json.dumps(value)}\n\n".encode()


ROUTES = (Route("/events", listen),)

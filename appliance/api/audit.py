"""The audit log: who changed what."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

import msgspec
from quart import Blueprint
from quart.wrappers.response import Response

from appliance import audit
from appliance.actor import Actor
from appliance.api.edge import Listing, endpoint
from appliance.api.values import PageNumber, PerPage
from appliance.audit import Entry, Only

JSON_LINES = "application/x-ndjson"

Text = Annotated[str, msgspec.Meta(max_length=254)]
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted; what is left out does not matter.

    `action` may be the beginning of several: `deploy` for all of `deploy.publish`, `deploy.delete` and so on.
    """

    who: Text = ""
    site: Text = ""
    action: Text = ""
    address: Text = ""
    since: Time | None = None
    until: Time | None = None


class WantedPage(Wanted, frozen=True, kw_only=True):
    """A page of them: which one, from 1, and how many items it has."""

    page: PageNumber = 1
    per_page: PerPage = 50


class EntryPage(Listing[Entry], frozen=True):
    """A page of entries, newest first."""


def blueprint() -> Blueprint:
    """The routes."""
    api = Blueprint("api_audit", __name__)

    @endpoint(api, "/audit", query=WantedPage, reply=EntryPage)
    async def list_audit_entries(*, actor: Actor, query: WantedPage) -> EntryPage:
        """List what was changed by whom.

        Operators and admins see everything; others what they did, and what was done to their sites.
        """
        items, total = await audit.listing(actor, _only(query), query.page, query.per_page)
        return EntryPage(items, query.page, query.per_page, total)

    @endpoint(api, "/audit/export", query=Wanted, stream=JSON_LINES)
    async def export_audit_entries(*, actor: Actor, query: Wanted) -> Response:
        """Export the entries one may see as JSON lines, oldest first."""
        lines = await audit.everything(actor, _only(query))
        response = Response(_lines(lines), content_type=JSON_LINES)
        response.headers["Cache-Control"] = "no-store"
        response.timeout = None  # a long log takes longer than an ordinary answer
        return response

    return api


def _only(query: Wanted) -> Only:
    return Only(query.who, query.site, query.action, query.address, query.since, query.until)


async def _lines(entries: AsyncIterator[Entry]) -> AsyncIterator[bytes]:
    async for entry in entries:
        yield msgspec.json.encode(entry) + b"\n"

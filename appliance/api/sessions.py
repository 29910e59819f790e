"""One's own sign-ins: list them, end one, end all others."""

from quart import Blueprint

from appliance import guard, own_sessions
from appliance.access import Access
from appliance.actor import Actor
from appliance.api.edge import KEY, Listing, Page, endpoint
from appliance.own_sessions import SessionFacts


class SessionPage(Listing[SessionFacts], frozen=True):
    """A page of open sign-ins, last used first."""


def blueprint(access: Access) -> Blueprint:
    """The routes."""
    api = Blueprint("api_sessions", __name__)

    @endpoint(api, "/auth/sessions", query=Page, reply=SessionPage)
    async def list_sessions(*, actor: Actor, query: Page) -> SessionPage:
        """List one's own open sign-ins.

        `client` is the User-Agent it began with, `last_used_at` when it last got tokens, `current` whether it asks.
        """
        current = guard.signed().session
        items, total = await own_sessions.listing(access, actor, current, query.page, query.per_page)
        return SessionPage(items, query.page, query.per_page, total)

    @endpoint(api, f"/auth/sessions/<{KEY}:session>", method="DELETE", status=204)
    async def delete_session(*, actor: Actor, session: int) -> None:
        """End one of one's own sign-ins, with all its tokens, at once."""
        await own_sessions.end(access, actor, session)

    @endpoint(api, "/auth/sessions", method="DELETE", status=204)
    async def delete_other_sessions(*, actor: Actor) -> None:
        """End all of one's own sign-ins but the one that asks, at once.

        Where a personal token asks, which is no sign-in, that is all of them.
        """
        await own_sessions.end_others(access, actor, guard.signed().session)

    return api

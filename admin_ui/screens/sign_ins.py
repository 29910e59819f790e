"""Where one is signed in; the list stands on the account's page."""

from quart import Response

from admin_ui.context.sign_ins import SignIns, client_words, sign_ins
from admin_ui.edge import Route, Visit, go
from admin_ui.questions import Question
from admin_ui.words import moment
from appliance import own_sessions

BACK = "/account"
MOST = 20  # rows: the page is about more than these


async def sign_ins_of(visit: Visit) -> SignIns:
    """Those of whoever looks."""
    found, total = await own_sessions.listing(visit.parts.access, visit.actor, visit.session, 1, MOST)
    return sign_ins(found, total)


async def ask_end(visit: Visit, session: int) -> Question:
    """By its client and when it began."""
    row = await own_sessions.get(visit.parts.access, visit.actor, session)
    values = {"client": client_words(row.client), "begun": moment(row.created_at).exact}
    return Question("sign_in", values, BACK, button="end")


async def end(visit: Visit, session: int) -> Response:
    """End it."""
    await own_sessions.end(visit.parts.access, visit.actor, session)
    return go(BACK, done="sign-in-ended")


async def ask_end_others(visit: Visit) -> Question | None:
    """By how many they are."""
    _, total = await own_sessions.listing(visit.parts.access, visit.actor, visit.session, 1, 1)
    others = total - (visit.session is not None)
    return Question("sign_ins", {"count": others}, BACK, button="end_all") if others else None


async def end_others(visit: Visit) -> Response:
    """End all but this one."""
    await own_sessions.end_others(visit.parts.access, visit.actor, visit.session)
    return go(BACK, done="sign-ins-ended")


ROUTES = (
    Route("/account/sign-ins/<int(max=2147483647):session>/end", end, "POST", asks=ask_end),
    Route("/account/sign-ins/end", end_others, "POST", asks=ask_end_others),
)

"""What an operator should do before others rely on a new server; each point finds out by itself that it is done."""

from quart import Response, request

from admin_ui.context.checklist import Point
from admin_ui.edge import Route, Visit, go
from admin_ui.words import t
from appliance import accounts

COOKIE = "dropdock_checklist"  # in this browser it was put away
YEAR = 365 * 24 * 60 * 60  # seconds
OWN_MACHINE = "localhost"


async def points(visit: Visit) -> list[Point]:
    """All points while one is open; none for who does not operate the server, or has put the list away."""
    if visit.actor.role != "operator" or COOKIE in request.cookies:
        return []
    found = [
        Point(t("checklist.password"), "/account", await accounts.has_password(visit.actor)),
        Point(t("checklist.domain"), "/help/addresses", visit.parts.settings.base != OWN_MACHINE),
        Point(t("checklist.backup"), "/help/backup", await visit.parts.system.is_backed_up()),
    ]
    return [] if all(point.done for point in found) else found


async def put_away(visit: Visit) -> Response:
    """Show it no more in this browser."""
    answer = go("/")
    secure = visit.parts.access.https
    answer.set_cookie(COOKIE, "off", max_age=YEAR, secure=secure, httponly=True, samesite="Lax")
    return answer


ROUTES = (Route("/checklist/put-away", put_away, "POST"),)

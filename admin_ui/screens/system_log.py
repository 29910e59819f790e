"""The newest lines of the server's log, for operators; the level they are shown from stands in the address."""

from quart import Response, request

from admin_ui import forms
from admin_ui.context.log import FILTERS, log_page
from admin_ui.edge import Route, Visit


async def show(visit: Visit) -> Response:
    """The lines; all of them where the address asks for a level there is not."""
    asked = request.args.get("level", "")
    level = asked if asked in FILTERS else FILTERS[0]
    facts = await visit.parts.system.log(visit.actor, level)
    return visit.page("system_log", log_page(facts, level, forms.page_number(request.args)))


ROUTES = (Route("/system/log", show),)

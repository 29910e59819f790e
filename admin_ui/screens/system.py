"""How the installation is, for operators: health, version, storage, queue, what went wrong, and the settings it has."""

from quart import Response, request

from admin_ui import handbook
from admin_ui.context.log import GRAVE, log_glance
from admin_ui.context.system import News, system_page
from admin_ui.edge import Route, Visit


async def show(visit: Visit) -> Response:
    """Everything; of the settings those that are looked for."""
    find = request.args.get("find", "").strip()
    facts = await visit.parts.system.look(visit.actor)
    log = log_glance(await visit.parts.system.log(visit.actor, GRAVE))
    newest = handbook.news()
    news = News(newest.title, newest.body) if newest else None
    base = visit.parts.domains.base
    return visit.page("system", system_page(facts, find, news, log, base, visit.pages.themes.refused))


ROUTES = (Route("/system", show),)

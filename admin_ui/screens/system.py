"""How the installation is, for operators: health, version, storage, builds, queue, and the settings it runs with."""

from quart import Response, request

from admin_ui import handbook
from admin_ui.context.system import News, system_page
from admin_ui.edge import Route, Visit


async def show(visit: Visit) -> Response:
    """Everything; of the settings those that are looked for."""
    find = request.args.get("find", "").strip()
    facts = await visit.parts.system.look(visit.actor, find)
    newest = handbook.news()
    news = News(newest.title, newest.body) if newest else None
    return visit.page("system", system_page(facts, find, news, visit.pages.themes.refused))


ROUTES = (Route("/system", show),)

"""The help: Markdown shipped with the program, and what has changed."""

from quart import Response

from admin_ui import handbook
from admin_ui.context.help import HelpPage, HelpText
from admin_ui.edge import Route, Visit
from admin_ui.pages import Link
from appliance.version import VERSION


async def show(visit: Visit) -> Response:
    """The list of pages."""
    links = [Link(f"/help/{name}", title) for name, title in handbook.titles().items()]
    return visit.page("help", HelpPage(links, VERSION))


async def show_page(visit: Visit, name: str) -> Response:
    """One page."""
    chapter = handbook.chapter(name)
    return visit.page("help_page", HelpText(chapter.title, chapter.body))


ROUTES = (Route("/help", show), Route("/help/<name>", show_page))

"""The help: Markdown shipped with the program, and what has changed."""

import asyncio

from quart import Response, request

from admin_ui import handbook, help_search
from admin_ui.context.help import HelpPage, HelpText, found_page
from admin_ui.edge import Route, Visit
from admin_ui.pages import Link
from appliance.version import VERSION


async def show(visit: Visit) -> Response:
    """The list of pages, or of those with what is looked for."""
    find = request.args.get("q", "").strip()
    if find:
        found = await asyncio.to_thread(help_search.search, find)  # visitors do not wait for it
        return visit.page("help", found_page(find, found, VERSION))
    links = [Link(f"/help/{name}", title) for name, title in handbook.titles().items()]
    return visit.page("help", HelpPage(links, VERSION))


async def show_page(visit: Visit, name: str) -> Response:
    """One page."""
    chapter = handbook.chapter(name)
    return visit.page("help_page", HelpText(chapter.title, chapter.body))


ROUTES = (Route("/help", show), Route("/help/<name>", show_page))

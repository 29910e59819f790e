"""The queue: what waits, asks or is worked on, over all sites of the account, and what failed lately."""

from quart import Response, request

from admin_ui import forms
from admin_ui.context.common import PER_PAGE
from admin_ui.context.queue import QUEUE, queue_page
from admin_ui.edge import Route, Visit


async def show(visit: Visit) -> Response:
    """A page of it."""
    page = forms.page_number(request.args)
    facts = await visit.parts.waiting.look(visit.actor, page, PER_PAGE)
    return visit.page("queue", queue_page(facts, page))


ROUTES = (Route(QUEUE, show),)

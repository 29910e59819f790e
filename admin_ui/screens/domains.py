"""A site's host names: which there are, what each shows, and what is to be done for others. Nothing is changed here."""

from quart import Response, request

from admin_ui import forms
from admin_ui.context.domains import domains_page
from admin_ui.edge import Route, Visit


async def show(visit: Visit, name: str) -> Response:
    """The list."""
    domains = visit.parts.domains
    found = await domains.of_site(visit.actor, name)
    return visit.page("domains", domains_page(name, found, domains.base, forms.page_number(request.args)))


ROUTES = (Route("/sites/<name>/domains", show),)

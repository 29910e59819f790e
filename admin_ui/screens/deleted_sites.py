"""Deleted sites: restore them, or remove them for good."""

from quart import Response, request

from admin_ui import forms
from admin_ui.context.common import PER_PAGE, pager
from admin_ui.context.deleted_sites import DELETED, DeletedPage, deleted_row, question
from admin_ui.context.deploys import site_href
from admin_ui.edge import Route, Visit, go


async def show(visit: Visit) -> Response:
    """The list."""
    page = forms.page_number(request.args)
    found, total = await visit.parts.removals.listing(visit.actor, page, PER_PAGE)
    rows = [deleted_row(site, with_owner=visit.runs_people) for site in found]
    return visit.page("deleted_sites", DeletedPage(rows, pager(DELETED, page, total)))


async def restore(visit: Visit, name: str) -> Response:
    """Have a site back."""
    await visit.parts.removals.restore(visit.actor, name)
    return go(site_href(name), done="restored")


async def ask(visit: Visit, name: str) -> Response:
    """Ask before a site is removed for good."""
    facts = await visit.parts.removals.get(visit.actor, name)
    return visit.page("confirm", question(facts.name))


async def end(visit: Visit, name: str) -> Response:
    """Remove a site for good."""
    await visit.parts.removals.end(visit.actor, name)
    return go(DELETED, done="ended")


ROUTES = (
    Route(DELETED, show),
    Route(f"{DELETED}/<name>/restore", restore, "POST"),
    Route(f"{DELETED}/<name>/delete", ask),
    Route(f"{DELETED}/<name>/delete", end, "POST"),
)

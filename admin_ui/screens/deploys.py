"""All deploys of a site: found, sorted, compared; and the lock that keeps what visitors get as it is."""

from quart import Response, request

from admin_ui import forms
from admin_ui.context.common import PER_PAGE
from admin_ui.context.deploy_list import DeploysPage, Wanted, deploys_href, deploys_page
from admin_ui.edge import Route, Visit, fields, go
from appliance.errors import Problem


async def show(visit: Visit, name: str) -> Response:
    """The list, as the address wants it."""
    return visit.page("deploys", await _page(visit, name))


async def lock(visit: Visit, name: str) -> Response:
    """Keep what visitors get as it is."""
    try:
        await visit.parts.locks.lock(visit.actor, name, (await fields()).get("reason", "").strip()[:200])
    except Problem as problem:
        return visit.page("deploys", await _page(visit, name, problem.detail), problem.status)
    return go(deploys_href(name), done="saved")


async def unlock(visit: Visit, name: str) -> Response:
    """Let what visitors get change again."""
    await visit.parts.locks.unlock(visit.actor, name)
    return go(deploys_href(name), done="saved")


async def _page(visit: Visit, name: str, refusal: str = "") -> DeploysPage:
    page, wanted = forms.page_number(request.args), Wanted.of(request.args)
    site = await visit.parts.sites.get(visit.actor, name)
    deploys, total = await visit.parts.deploys.listing(visit.actor, name, page, PER_PAGE, wanted.only, wanted.order)
    return deploys_page(site, deploys, page, total, wanted, refusal)


ROUTES = (
    Route("/sites/<name>/deploys", show),
    Route("/sites/<name>/lock", lock, "POST"),
    Route("/sites/<name>/unlock", unlock, "POST"),
)

"""Figures over time: of a site's traffic and deploys, and for operators of all sites and of storage."""

from quart import Response, request

from admin_ui.context.figures import RANGES, figures_page, range_of, system_figures_page
from admin_ui.edge import Route, Visit
from appliance.deploys import Filter

DEPLOYS = 100  # newest finished deploys whose times and sizes are drawn
STORAGE_DAYS = 365


async def show(visit: Visit, name: str) -> Response:
    """A site's."""
    site = await visit.parts.sites.get(visit.actor, name)
    wanted = range_of(request.args.get("range", ""))
    points = await visit.parts.figures.of_site(visit.actor, site.name, *RANGES[wanted])
    ready = Filter(states=("ready",))
    deploys, _ = await visit.parts.deploys.listing(visit.actor, site.name, 1, DEPLOYS, ready)
    seen = visit.parts.counters.traffic(site.name)
    return visit.page("figures", figures_page(site, wanted, points, deploys, seen))


async def show_system(visit: Visit) -> Response:
    """Those of the installation."""
    wanted = range_of(request.args.get("range", ""))
    points = await visit.parts.figures.of_all(visit.actor, *RANGES[wanted])
    storage = await visit.parts.figures.of_storage(visit.actor, STORAGE_DAYS)
    return visit.page("system_figures", system_figures_page(wanted, points, storage))


ROUTES = (
    Route("/sites/<name>/figures", show),
    Route("/system/figures", show_system),
)

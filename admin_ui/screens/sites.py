"""The sites one may see, and a form for a new one that is a drop zone too."""

from urllib.parse import urlencode

from quart import Response, request

from admin_ui import forms
from admin_ui.context.common import PER_PAGE, pager
from admin_ui.context.deploys import site_href
from admin_ui.context.figures import SPARK_DAYS
from admin_ui.context.sites import SitesPage, drop_zone, site_card
from admin_ui.edge import Route, Visit, fields, go
from admin_ui.screens.checklist import points
from admin_ui.told import told
from admin_ui.words import t
from appliance.errors import Conflict, Invalid, Problem

FEW = 5  # sites that are seen at a glance: they need no search


async def show(visit: Visit) -> Response:
    """The list."""
    return visit.page("sites", await _page(visit))


async def create(visit: Visit) -> Response:
    """Make a site and go to its page, where things are dropped on it."""
    new = forms.new_site(await fields())
    try:
        site = await visit.parts.sites.create(visit.actor, new)
    except (Invalid, Conflict) as problem:
        return visit.page("sites", await _page(visit, new.name, problem), problem.status)
    return go(site_href(site.name))


async def _page(visit: Visit, name: str = "", problem: Problem | None = None) -> SitesPage:
    page = forms.page_number(request.args)
    find = request.args.get("find", "").strip()
    sites, total = await visit.parts.sites.listing(visit.actor, page, PER_PAGE, find)
    _, deleted = await visit.parts.removals.listing(visit.actor, 1, 1)
    visits = await visit.parts.figures.visits([site.name for site in sites], SPARK_DAYS)
    return SitesPage(
        rows=[site_card(site, with_owner=visit.runs_people, visits=visits[site.name]) for site in sites],
        pages=pager("/", page, total, query=urlencode({"find": find}) if find else ""),
        zone=drop_zone(visit.parts.settings),
        find=find,
        searchable=bool(find) or total > FEW,
        deleted=t("deleted_sites.restorable", count=deleted) if deleted else "",
        warning=" ".join(told(finding.message) for finding in await visit.parts.system.warnings(visit.actor)),
        name=name,
        refusal=problem.detail if problem else "",
        faults=problem.fields if problem else {},
        checklist=await points(visit),
    )


ROUTES = (Route("/", show), Route("/sites", create, "POST"))

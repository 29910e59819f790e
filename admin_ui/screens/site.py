"""One site: its live address, the drop zone, its deploys."""

from quart import Response, request

from admin_ui.context.ci import snippets
from admin_ui.context.deploy_list import deploy_table
from admin_ui.context.deploys import deploy_href, step
from admin_ui.context.figures import figures_href, spark, totals
from admin_ui.context.sites import Preview, SitePage, drop_zone, preview, site_card
from admin_ui.context.usage import site_storage
from admin_ui.edge import Route, Visit, go
from appliance import framing
from appliance.deploys import NewDeploy
from appliance.sites import SiteFacts
from appliance.uploads import body_of

DAYS = 7  # of traffic
NEWEST = 10  # deploys on the page of a site; all of them are on one of their own


async def show(visit: Visit, name: str) -> Response:
    """The page."""
    page = await _page(visit, name)
    return visit.page("site", page, framed=page.site.url.rstrip("/"))  # it may go live while the page is open


async def upload(visit: Visit, name: str) -> Response:
    """Take the files of a plain form; scripts send theirs to the API. The deploy's page then shows how it goes."""
    body, declared = body_of(request), request.content_length
    deploy = await visit.parts.intake.receive(visit.actor, name, NewDeploy(), body, declared)
    return go(deploy_href(deploy.id))


async def _page(visit: Visit, name: str) -> SitePage:
    site = await visit.parts.sites.get(visit.actor, name)
    deploys, total = await visit.parts.deploys.listing(visit.actor, name, 1, NEWEST)
    days = await visit.parts.figures.of_site(visit.actor, site.name, "day", DAYS)
    return SitePage(
        title=site.name,
        site=site_card(site),
        preview=await _preview(visit, site),
        traffic=totals(days),
        visits=spark([day.requests for day in days]),
        figures_href=figures_href(site.name),
        latest_steps=[step(one) for one in deploys[0].steps] if deploys else [],
        latest_error=deploys[0].error.detail if deploys and deploys[0].error else "",
        zone=drop_zone(visit.parts.settings, site.name),
        deploys=deploy_table(site, deploys, 1, total),
        storage=site_storage(await visit.parts.allowance.usage.of_site(visit.actor, name)),
        commands=snippets(visit.parts.addresses, site.name),
    )


async def _preview(visit: Visit, site: SiteFacts) -> Preview:
    parts = visit.parts
    embedder = parts.addresses.admin_url
    is_refused = site.live is not None and await framing.refused(
        parts.explainer, visit.actor, site.name, site.url, embedder
    )
    return preview(site, await parts.gates.get(visit.actor, site.name), is_refused=is_refused)


ROUTES = (
    Route("/sites/<name>", show),
    Route("/sites/<name>/deploys", upload, "POST"),
)

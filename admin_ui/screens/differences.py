"""What differs between any two deploys of a site: paths, bytes, redirects and headers."""

from quart import Response, request

from admin_ui import forms
from admin_ui.context.differences import difference_page, refused_page
from admin_ui.edge import Route, Visit
from admin_ui.words import t
from appliance.errors import Conflict, NotFound


async def show(visit: Visit, name: str) -> Response:
    """The page; which two is in the address, each by number, id or alias."""
    site = await visit.parts.sites.get(visit.actor, name)
    before, after = (request.args.get(side, "").strip() for side in ("before", "after"))
    if not before or not after:
        return visit.page("difference", refused_page(site.name, before, after, t("difference.choose")))
    try:
        found = await visit.parts.differences.between(visit.actor, site.name, before, after)
        one = await visit.parts.deploys.get(visit.actor, found.before or "")
        other = await visit.parts.deploys.get(visit.actor, found.after or "")
    except (NotFound, Conflict) as problem:
        return visit.page("difference", refused_page(site.name, before, after, problem.detail), problem.status)
    return visit.page("difference", difference_page(found, one, other, forms.page_number(request.args)))


ROUTES = (Route("/sites/<name>/diff", show),)

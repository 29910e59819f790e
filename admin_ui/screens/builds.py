"""How a site's sources are built: generator, folders, versions, flags, and its secret variables."""

from dataclasses import replace

from quart import Response

from admin_ui import forms
from admin_ui.context.builds import BuildsPage, as_typed, builds_href, builds_page, variable_as_typed
from admin_ui.edge import Route, Visit, fields, go, of_site
from appliance.errors import Problem


async def show(visit: Visit, name: str) -> Response:
    """The page."""
    return visit.page("builds", await _page(visit, name))


async def change(visit: Visit, name: str) -> Response:
    """Save the choices."""
    form = await fields()
    try:
        await visit.parts.site_builds.change(visit.actor, name, forms.change_build(form))
    except Problem as problem:
        return _refused(visit, as_typed(await _page(visit, name), form), problem)
    return go(builds_href(name), done="saved")


async def set_variable(visit: Visit, name: str) -> Response:
    """Set a variable; the value that was typed is not shown again, whatever happens."""
    form = await fields()
    try:
        await visit.parts.site_builds.set_variable(visit.actor, name, forms.new_variable(form))
    except Problem as problem:
        return _refused(visit, variable_as_typed(await _page(visit, name), form), problem)
    return go(builds_href(name), done="variable-set")


async def delete_variable(visit: Visit, name: str, variable: str) -> Response:
    """Forget a variable."""
    await visit.parts.site_builds.remove_variable(visit.actor, name, variable)
    return go(builds_href(name), done="variable-deleted")


def _refused(visit: Visit, page: BuildsPage, problem: Problem) -> Response:
    return visit.page("builds", replace(page, refusal=problem.detail, faults=problem.fields), problem.status)


async def _page(visit: Visit, name: str) -> BuildsPage:
    facts = await visit.parts.site_builds.get(visit.actor, name)
    return builds_page(name, facts, await visit.parts.isolation.get())


BUILDS = "/sites/<name>/builds"
ROUTES = (
    Route(BUILDS, show),
    Route(BUILDS, change, "POST"),
    Route(f"{BUILDS}/variables", set_variable, "POST"),
    Route(f"{BUILDS}/variables/<variable>/delete", delete_variable, "POST", asks=of_site("variable", "builds")),
)

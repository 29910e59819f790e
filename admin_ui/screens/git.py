"""A site's Git repository: where from, deploying it, and the secret of its webhooks."""

from dataclasses import replace

from quart import Response

from admin_ui import forms
from admin_ui.context.git import GitPage, as_typed, git_href, git_page
from admin_ui.edge import Route, Visit, fields, go, of_site
from admin_ui.questions import Question
from appliance.deploys import DeployFacts
from appliance.errors import NotFound, Problem


async def show(visit: Visit, name: str) -> Response:
    """The page."""
    return visit.page("git", await _page(visit, name))


async def show_fetch(visit: Visit, name: str) -> Response:
    """How the last fetch goes, for scripts to put in place."""
    return visit.part("git_fetch", await _page(visit, name))


async def change(visit: Visit, name: str) -> Response:
    """Save where the site is deployed from; an empty token leaves the one there is."""
    wanted = forms.set_source(await fields())
    try:
        await visit.parts.git.sources.set(visit.actor, name, wanted)
    except Problem as problem:
        page = replace(as_typed(await _page(visit, name), wanted), refusal=problem.detail, faults=problem.fields)
        return visit.page("git", page, problem.status)
    return go(git_href(name), done="saved")


async def deploy(visit: Visit, name: str) -> Response:
    """Fetch and deploy; the page then tells how it goes."""
    await visit.parts.git.redeploy.request(visit.actor, name)
    return go(git_href(name))


async def ask_replace_secret(visit: Visit, name: str) -> Question | None:
    """Another secret ends the one there is."""
    source = await visit.parts.git.sources.get(visit.actor, name)
    asked = Question("new_secret", {"name": name}, git_href(name), "replace", leaves=True)
    return asked if source.has_secret else None


async def make_secret(visit: Visit, name: str) -> Response:
    """Make a webhook's secret and show it: in this answer and never again, so it is no redirect."""
    made = await visit.parts.git.sources.new_secret(visit.actor, name)
    return visit.page("git", replace(await _page(visit, name), secret=made))


async def remove(visit: Visit, name: str) -> Response:
    """Deploy from Git no more."""
    await visit.parts.git.sources.remove(visit.actor, name)
    return go(git_href(name), done="saved")


async def _page(visit: Visit, name: str) -> GitPage:
    site = await visit.parts.sites.get(visit.actor, name)
    try:
        source = await visit.parts.git.sources.get(visit.actor, site.name)
    except NotFound:
        return git_page(site.name, None)
    return git_page(site.name, source, await _deploy(visit, source.deploy))


async def _deploy(visit: Visit, deploy: str) -> DeployFacts | None:
    """What the last fetch became, if it became something that is there still."""
    try:
        return await visit.parts.deploys.get(visit.actor, deploy) if deploy else None
    except NotFound:
        return None


GIT = "/sites/<name>/git"
ROUTES = (
    Route(GIT, show),
    Route(f"{GIT}/fetch", show_fetch),
    Route(GIT, change, "POST"),
    Route(f"{GIT}/deploys", deploy, "POST"),
    Route(f"{GIT}/secret", make_secret, "POST", asks=ask_replace_secret),
    Route(f"{GIT}/delete", remove, "POST", asks=of_site("git", "git")),
)

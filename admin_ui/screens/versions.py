"""A version of a site: named by aliases, compared with what is live, downloaded, deleted; and the site's lock."""

from dataclasses import replace

from quart import Response

from admin_ui.context.common import ConfirmPage
from admin_ui.context.deploys import deploy_href, site_href
from admin_ui.context.versions import VersionPage, version_page
from admin_ui.edge import Route, Visit, fields, go
from admin_ui.questions import Question
from admin_ui.words import t
from appliance.errors import Conflict, Problem


async def show(visit: Visit, deploy: str) -> Response:
    """The page."""
    return visit.page("version", await _page(visit, deploy))


async def set_alias(visit: Visit, deploy: str) -> Response:
    """Point an alias to it."""
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    name = (await fields()).get("alias", "").strip().lower()
    try:
        await visit.parts.aliases.set(visit.actor, facts.site, name, facts.id)
    except Problem as problem:
        return await _refused(visit, deploy, problem)
    return go(_href(deploy), done="saved")


async def ask_remove_alias(visit: Visit, deploy: str, alias: str) -> Question:
    """Its address leads nowhere from then on."""
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    return Question("alias", {"alias": alias, "name": facts.site, "number": facts.number}, _href(deploy))


async def remove_alias(visit: Visit, deploy: str, alias: str) -> Response:
    """Take an alias away."""
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    await visit.parts.aliases.remove(visit.actor, facts.site, alias)
    return go(_href(deploy), done="saved")


async def ask_delete(visit: Visit, deploy: str) -> Response:
    """The question before it goes."""
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    page = ConfirmPage(
        title=t("delete_deploy.title", number=facts.number, site=facts.site),
        text=t("delete_deploy.text"),
        action=f"{deploy_href(facts.id)}/delete",
        label=t("delete_deploy.button", number=facts.number),
        back=site_href(facts.site),
    )
    return visit.page("confirm", page)


async def delete(visit: Visit, deploy: str) -> Response:
    """Delete it."""
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    try:
        await visit.parts.withdrawing.delete(visit.actor, deploy)
    except Conflict as problem:
        return await _refused(visit, deploy, problem)
    return go(site_href(facts.site), done="deploy-deleted")


async def lock(visit: Visit, deploy: str) -> Response:
    """Keep what visitors of its site get as it is."""
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    try:
        await visit.parts.locks.lock(visit.actor, facts.site, (await fields()).get("reason", "").strip()[:200])
    except Problem as problem:
        return await _refused(visit, deploy, problem)
    return go(_href(deploy), done="saved")


async def unlock(visit: Visit, deploy: str) -> Response:
    """Let what visitors of its site get change again."""
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    await visit.parts.locks.unlock(visit.actor, facts.site)
    return go(_href(deploy), done="saved")


async def _refused(visit: Visit, deploy: str, problem: Problem) -> Response:
    page = replace(await _page(visit, deploy), refusal=problem.detail, faults=problem.fields)
    return visit.page("version", page, problem.status)


async def _page(visit: Visit, deploy: str) -> VersionPage:
    parts, actor = visit.parts, visit.actor
    facts = await parts.deploys.get(actor, deploy)
    if facts.state != "ready":
        raise Conflict(f"Deploy {facts.number} is not ready.", code="not_ready")
    site = await parts.sites.get(actor, facts.site)
    live = site.live.deploy if site.live else None
    found = await parts.differences.between(actor, site.name, live, facts.id) if live and live != facts.id else None
    return version_page(facts, site, await parts.aliases.listing(actor, site.name), found)


def _href(deploy: str) -> str:
    return f"{deploy_href(deploy)}/version"


ROUTES = (
    Route("/deploys/<deploy>/version", show),
    Route("/deploys/<deploy>/aliases", set_alias, "POST"),
    Route("/deploys/<deploy>/aliases/<alias>/remove", remove_alias, "POST", asks=ask_remove_alias),
    Route("/deploys/<deploy>/delete", ask_delete),
    Route("/deploys/<deploy>/delete", delete, "POST"),
    Route("/deploys/<deploy>/lock", lock, "POST"),
    Route("/deploys/<deploy>/unlock", unlock, "POST"),
)

"""One deploy: its steps, what was found, its log, its question; making it live, making it again, calling it off."""

from quart import Response

from admin_ui.context.common import ConfirmPage
from admin_ui.context.deploys import (
    DeployPage,
    LogLine,
    cancel_act,
    deploy_href,
    deploy_page,
    publish_act,
    redeploy_act,
    site_href,
)
from admin_ui.edge import Route, Visit, fields, go
from admin_ui.words import bare, t
from appliance import progress
from appliance.building import Answer
from appliance.deploys import NewDeploy
from appliance.errors import Conflict


async def show(visit: Visit, deploy: str) -> Response:
    """The page."""
    return visit.page("deploy", await _page(visit, deploy))


async def show_progress(visit: Visit, deploy: str) -> Response:
    """What changes while it is under way, for scripts to put in place."""
    return visit.part("deploy_progress", await _page(visit, deploy))


async def ask_publish(visit: Visit, deploy: str) -> Response:
    """The question before a deploy goes live."""
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    act = publish_act(facts, await _live(visit, facts.site))
    if act is None:
        raise Conflict(f"Deploy {facts.number} cannot be made live: it is not ready, or it is live already.")
    page = ConfirmPage(
        title=act.question,
        text=t("acts.publish_text", host=bare(facts.url), number=facts.number),
        action=act.href,
        label=act.button,
        back=site_href(facts.site),
    )
    return visit.page("confirm", page)


async def publish(visit: Visit, deploy: str) -> Response:
    """Make it live."""
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    await visit.parts.publishing.publish(visit.actor, facts.site, facts.id)
    return go(site_href(facts.site), done="published")


async def ask_redeploy(visit: Visit, deploy: str) -> Response:
    """The question before its files become another deploy."""
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    act = redeploy_act(facts)
    if act is None:
        raise Conflict(f"Deploy {facts.number} cannot be made again: it is not ready.")
    text = "acts.redeploy_built" if facts.generator else "acts.redeploy_text"
    page = ConfirmPage(
        title=act.question,
        text=t(text, host=bare(facts.url), number=facts.number),
        action=act.href,
        label=act.button,
        back=deploy_href(facts.id),
    )
    return visit.page("confirm", page)


async def redeploy(visit: Visit, deploy: str) -> Response:
    """Make another of its files, with the site's options of today."""
    facts = await visit.parts.redeploying.redeploy(visit.actor, deploy, NewDeploy())
    return go(deploy_href(facts.id))


async def undo(visit: Visit, deploy: str) -> Response:
    """Take back that it went live."""
    facts = await visit.parts.publishing.undo(visit.actor, deploy)
    return go(site_href(facts.site), done="undone")


async def answer(visit: Visit, deploy: str) -> Response:
    """Say what its upload is."""
    form = await fields()
    said = Answer(form.get("generator", ""), form.get("base"), remember=form.get("remember") == "on")
    await visit.parts.jobs.answer(visit.actor, deploy, said)
    return go(deploy_href(deploy))


async def ask_cancel(visit: Visit, deploy: str) -> Response:
    """The question before a deploy is called off."""
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    act = cancel_act(facts)
    if act is None:
        raise Conflict(f"Deploy {facts.number} cannot be called off: it is finished.")
    page = ConfirmPage(
        title=act.question,
        text=t("acts.cancel_text"),
        action=act.href,
        label=act.button,
        back=deploy_href(facts.id),
    )
    return visit.page("confirm", page)


async def cancel(visit: Visit, deploy: str) -> Response:
    """Call it off."""
    await visit.parts.jobs.cancel(visit.actor, deploy)
    return go(deploy_href(deploy), done="cancelled")


async def _page(visit: Visit, deploy: str) -> DeployPage:
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    lines = await visit.parts.jobs.lines(deploy)
    return deploy_page(facts, await _live(visit, facts.site), [_line(line) for line in lines])


async def _live(visit: Visit, site: str) -> int | None:
    live = (await visit.parts.sites.get(visit.actor, site)).live
    return live.number if live else None


def _line(line: progress.LogLine) -> LogLine:
    return LogLine(f"{line.at:%H:%M:%S}", line.text)


ROUTES = (
    Route("/deploys/<deploy>", show),
    Route("/deploys/<deploy>/progress", show_progress),
    Route("/deploys/<deploy>/publish", ask_publish),
    Route("/deploys/<deploy>/publish", publish, "POST"),
    Route("/deploys/<deploy>/redeploy", ask_redeploy),
    Route("/deploys/<deploy>/redeploy", redeploy, "POST"),
    Route("/deploys/<deploy>/undo", undo, "POST"),
    Route("/deploys/<deploy>/answer", answer, "POST"),
    Route("/deploys/<deploy>/cancel", ask_cancel),
    Route("/deploys/<deploy>/cancel", cancel, "POST"),
)

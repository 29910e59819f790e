"""Looking into a deploy: its files, its rules, and why an address is answered as it is."""

from quart import Response, request

from admin_ui import forms
from admin_ui.context.explain import Asked, explain_page
from admin_ui.context.inside import FILES_PER_PAGE, files_page, rules_page
from admin_ui.edge import Route, Visit
from appliance.errors import Conflict, Invalid, NotFound


async def show_files(visit: Visit, deploy: str) -> Response:
    """The files, by folder; those that are looked for."""
    page, find = forms.page_number(request.args), request.args.get("find", "").strip()[:200]
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    files = await visit.parts.inside.files(visit.actor, deploy, page, FILES_PER_PAGE, find)
    return visit.page("files", files_page(facts, files, find, page))


async def show_rules(visit: Visit, deploy: str) -> Response:
    """The rules it is answered by."""
    facts = await visit.parts.deploys.get(visit.actor, deploy)
    rules, options = await visit.parts.inside.rules(visit.actor, deploy)
    return visit.page("rules", rules_page(facts, rules, options, forms.page_number(request.args)))


async def explain(visit: Visit, deploy: str) -> Response:
    """The question, and the answer to it; a path is one of this deploy."""
    facts, asked = await visit.parts.deploys.get(visit.actor, deploy), Asked.of(request.args)
    if facts.state != "ready":
        raise Conflict(f"Deploy {facts.number} answers nothing: it is {facts.state}.", code="not_ready")
    if not asked.url:
        return visit.page("explain", explain_page(facts, asked, None))
    try:
        url = asked.address(facts.deploy_url)
        found = await visit.parts.explainer.explain(visit.actor, facts.site, url, asked.visitor)
    except (Invalid, NotFound) as problem:
        return visit.page("explain", explain_page(facts, asked, None, problem.detail), problem.status)
    return visit.page("explain", explain_page(facts, asked, found))


ROUTES = (
    Route("/deploys/<deploy>/files", show_files),
    Route("/deploys/<deploy>/rules", show_rules),
    Route("/deploys/<deploy>/explain", explain),
)

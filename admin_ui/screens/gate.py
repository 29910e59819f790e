"""Who may see a site: its password, share links, and the token for automation."""

from dataclasses import replace

from quart import Response, request

from admin_ui import forms
from admin_ui.context.gate import GatePage, gate_href, gate_page
from admin_ui.edge import Route, Visit, fields, go, of_site
from admin_ui.questions import Question
from appliance.errors import Problem
from appliance.gates import ChangeGate


async def show(visit: Visit, name: str) -> Response:
    """The page."""
    return visit.page("gate", await _page(visit, name))


async def change(visit: Visit, name: str) -> Response:
    """Save what the gate covers, and a password unless it was left empty."""
    return await _changed(visit, name, forms.change_gate(await fields()))


async def remove_password(visit: Visit, name: str) -> Response:
    """Take the password away."""
    return await _changed(visit, name, ChangeGate(password=""))


async def share(visit: Visit, name: str) -> Response:
    """Make a link and show it: in this answer and never again, so it is no redirect."""
    try:
        made = await visit.parts.gates.share(visit.actor, name, forms.new_link(await fields()))
    except Problem as problem:
        return await _refused(visit, name, problem)
    return visit.page("gate", replace(await _page(visit, name), new_link=made.url))


async def revoke(visit: Visit, name: str, link: str) -> Response:
    """Take a link back."""
    await visit.parts.gates.revoke(visit.actor, name, link)
    return go(gate_href(name), done="link-revoked")


async def ask_replace_bypass(visit: Visit, name: str) -> Question | None:
    """Another token ends the one there is."""
    gate = await visit.parts.gates.get(visit.actor, name)
    asked = Question("new_bypass", {"name": name}, gate_href(name), "replace", leaves=True)
    return asked if gate.has_bypass else None


async def make_bypass(visit: Visit, name: str) -> Response:
    """Make the token for automation and show it, this once."""
    token = await visit.parts.gates.make_bypass(visit.actor, name)
    return visit.page("gate", replace(await _page(visit, name), new_token=token))


async def remove_bypass(visit: Visit, name: str) -> Response:
    """Take the token away."""
    await visit.parts.gates.remove_bypass(visit.actor, name)
    return go(gate_href(name), done="saved")


async def _changed(visit: Visit, name: str, wanted: ChangeGate) -> Response:
    try:
        await visit.parts.gates.change(visit.actor, name, wanted)
    except Problem as problem:
        return await _refused(visit, name, problem)
    return go(gate_href(name), done="saved")


async def _refused(visit: Visit, name: str, problem: Problem) -> Response:
    page = replace(await _page(visit, name), refusal=problem.detail, faults=problem.fields)
    return visit.page("gate", page, problem.status)


async def _page(visit: Visit, name: str) -> GatePage:
    gate = await visit.parts.gates.get(visit.actor, name)
    return gate_page(name, gate, visit.parts.settings.password_length, forms.page_number(request.args))


GATE = "/sites/<name>/gate"
ROUTES = (
    Route(GATE, show),
    Route(GATE, change, "POST"),
    Route(f"{GATE}/password/delete", remove_password, "POST", asks=of_site("gate_password", "gate")),
    Route(f"{GATE}/links", share, "POST"),
    Route(f"{GATE}/links/<link>/delete", revoke, "POST", asks=of_site("link", "gate")),
    Route(f"{GATE}/bypass", make_bypass, "POST", asks=ask_replace_bypass),
    Route(f"{GATE}/bypass/delete", remove_bypass, "POST", asks=of_site("bypass", "gate")),
)

"""A site's settings: how its pages are answered, and deleting it."""

from dataclasses import replace

from quart import Response

from admin_ui import forms
from admin_ui.context.common import Choice
from admin_ui.context.deleted_sites import DELETED
from admin_ui.context.deploys import site_href
from admin_ui.context.sites import MemberRow, SettingsPage
from admin_ui.edge import Route, Visit, fields, go
from admin_ui.questions import Question
from admin_ui.words import counted, lasting, moment, t
from appliance import members
from appliance.errors import Conflict, Invalid, NotFound

DIALECTS = (Choice("netlify", "Netlify"), Choice("cloudflare", "Cloudflare Pages"))


async def show(visit: Visit, name: str) -> Response:
    """The forms."""
    return visit.page("site_settings", await _page(visit, name))


async def change(visit: Visit, name: str) -> Response:
    """Save the options; a snippet that cannot be is shown again with what is wrong with it."""
    form = await fields()
    try:
        await visit.parts.sites.change(visit.actor, name, forms.change_site(form))
    except Invalid as problem:
        if "head_snippet" not in problem.fields:
            raise
        page = await _page(visit, name, problem)
        return visit.page("site_settings", replace(page, refusal="", snippet=form["head_snippet"]), problem.status)
    return go(f"{site_href(name)}/settings", done="saved")


async def delete(visit: Visit, name: str) -> Response:
    """Delete the site, if its name was typed; what undoes that is shown next."""
    form = await fields()
    try:
        forms.confirmed(form, name)
    except Invalid as problem:
        return visit.page("site_settings", await _page(visit, name, problem), problem.status)
    await visit.parts.removals.remove(visit.actor, name)
    return go(DELETED, done="deleted")


async def add_member(visit: Visit, name: str) -> Response:
    """Let another account look after the site, too."""
    email = (await fields()).get("email", "")
    try:
        await members.add(visit.parts.access, visit.actor, name, email)
    except (Invalid, NotFound, Conflict) as problem:
        if problem.code == "no_such_site":
            raise
        page = replace(await _page(visit, name), member_refusal=problem.detail, member_email=email)
        return visit.page("site_settings", page, problem.status)
    return go(f"{site_href(name)}/settings", done="saved")


async def ask_remove_member(visit: Visit, name: str) -> Question:
    """Whoever it is loses the site at once."""
    email = (await members.leaving(visit.actor, name, (await fields()).get("email", ""))).email
    values = {"email": email, "name": name}
    return Question("member", values, f"{site_href(name)}/settings", carried={"email": email})


async def remove_member(visit: Visit, name: str) -> Response:
    """Take a member away."""
    await members.remove(visit.parts.access, visit.actor, name, (await fields()).get("email", ""))
    return go(f"{site_href(name)}/settings", done="saved")


async def _page(visit: Visit, name: str, problem: Invalid | None = None) -> SettingsPage:
    site = await visit.parts.sites.get(visit.actor, name)
    return SettingsPage(
        title=t("site_settings.title", site=site.name),
        name=site.name,
        kept=lasting(kept) if (kept := visit.parts.settings.keep_deleted) else "",
        site_href=site_href(site.name),
        deploys=counted(site.deploys, "deploy"),
        options=site.options,
        owner=site.owner,
        is_owner=visit.runs_people or site.owner == visit.actor.email,
        members=[MemberRow(each.email, moment(each.since)) for each in await members.listing(visit.actor, name)],
        snippet=site.options.head_snippet,
        html_modes=[Choice(mode, t(f"html_modes.{mode}")) for mode in forms.HTML_MODES],
        dialects=DIALECTS,
        refusal=problem.detail if problem else "",
        faults=problem.fields if problem else {},
    )


ROUTES = (
    Route("/sites/<name>/settings", show),
    Route("/sites/<name>/settings", change, "POST"),
    Route("/sites/<name>/delete", delete, "POST"),
    Route("/sites/<name>/members", add_member, "POST"),
    Route("/sites/<name>/members/remove", remove_member, "POST", asks=ask_remove_member),
)

"""First run: whoever holds the link printed in the terminal makes the first account."""

from quart import Response, request

from admin_ui import forms
from admin_ui.context.accounts import FirstRunPage
from admin_ui.context.common import TitledPage, password_rule
from admin_ui.edge import OpenRoute, Visitor, fields, go
from admin_ui.words import t
from appliance import guard, sessions, set_up
from appliance.errors import Conflict, Problem


async def show(visitor: Visitor) -> Response:
    """The form, for a link with its token; without one, where to find it."""
    if not await set_up.is_open():
        return go("/sign-in")
    token = request.args.get("token", "")
    if not token:
        return visitor.page("closed", TitledPage(t("first_run.closed_title")))
    return visitor.page("first_run", _page(visitor, token))


async def create(visitor: Visitor) -> Response:
    """Make the account and sign it in."""
    form = await fields()
    token, email = form.get("token", ""), form.get("email", "")
    access = visitor.parts.access
    try:
        actor = await set_up.claim(access, token, email, forms.new_password(form), guard.address())
    except Conflict:
        return go("/sign-in")
    except Problem as problem:
        return visitor.page("first_run", _page(visitor, token, email, problem), problem.status)
    guard.keep(await sessions.begin(access, actor, request.headers.get("User-Agent", "")))
    return go("/")


def _page(visitor: Visitor, token: str, email: str = "", problem: Problem | None = None) -> FirstRunPage:
    length = visitor.parts.settings.password_length
    return FirstRunPage(
        token=token,
        password_length=length,
        password_rule=password_rule(length),
        email=email,
        refusal=problem.detail if problem else "",
        faults=problem.fields if problem else {},
    )


ROUTES = (OpenRoute("/setup", show), OpenRoute("/setup", create, "POST"))

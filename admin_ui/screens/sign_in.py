"""Sign in with e-mail and password, and sign out."""

from quart import Response, request

from admin_ui import forms
from admin_ui.context.accounts import SignInPage
from admin_ui.edge import OpenRoute, Route, Visit, Visitor, fields, go
from appliance import guard, set_up, sign_in_links
from appliance.errors import Problem
from appliance.sign_in import sign_in, sign_out


async def show(visitor: Visitor) -> Response:
    """The form; for those who are signed in, what they wanted."""
    wanted = forms.local_path(request.args.get("next", "/"))
    if await guard.signed_if_any():
        return go(wanted)
    if await set_up.is_open():
        return go("/setup")
    return visitor.page("sign_in", SignInPage(wanted))


async def enter(visitor: Visitor) -> Response:
    """Start a session and go where one wanted to."""
    form = await fields()
    wanted, email = forms.local_path(form.get("next", "/")), form.get("email", "")
    client = request.headers.get("User-Agent", "")
    try:
        guard.keep(await sign_in(visitor.parts.access, email, form.get("password", ""), client, guard.address()))
    except Problem as problem:
        answer = visitor.page("sign_in", SignInPage(wanted, email, problem.detail), problem.status)
        if problem.retry_after is not None:
            answer.headers["Retry-After"] = str(problem.retry_after)
        return answer
    return go(wanted)


async def enter_by_link(visitor: Visitor) -> Response:
    """Start a session for whoever holds a link made on the server's machine."""
    client = request.headers.get("User-Agent", "")
    try:
        guard.keep(
            await sign_in_links.claim(visitor.parts.access, request.args.get("token", ""), client, guard.address())
        )
    except Problem as problem:
        return visitor.page("sign_in", SignInPage("/", "", problem.detail), problem.status)
    return go("/")


async def leave(visit: Visit) -> Response:
    """End the session."""
    if visit.session is not None:
        await sign_out(visit.parts.access, visit.actor, visit.session)
    guard.drop()
    return go("/sign-in")


ROUTES = (
    OpenRoute("/sign-in", show),
    OpenRoute("/sign-in", enter, "POST"),
    OpenRoute(sign_in_links.PATH, enter_by_link),
    Route("/sign-out", leave, "POST"),
)

"""The door of the Quart app, for API and admin alike: closed unless a view says `anyone`, and keeper of the cookies.

What changes something waits for its body here, and who is asking is proved before and after: whoever was let in with a
token that is taken back must not end a request that they began to send before that. Views that read their body
themselves do so by `uploads.body_of`, which ends with the second proof.

A view is opened by its attribute `anyone`, which `opened` sets and so does the API's `edge.endpoint(anyone=True)`. One
that is asked by other programs than browsers and ours tells by itself who is asking: `told_by`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from quart import Quart, current_app, g, request
from quart.wrappers.response import Response

from appliance import sessions
from appliance.access import Access
from appliance.actor import Actor, Right
from appliance.callers import (
    SAFE_METHODS,
    CookieNames,
    Headers,
    Signed,
    bearer,
    by_personal_token,
    check_csrf,
    check_origin,
    csrf_token,
    signed_from,
)
from appliance.errors import NotSignedIn
from appliance.sessions import Issued

EXTENSION = "dropdock_access"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"  # of a form, or in the query where the form is a file upload

SITE_PARTS = frozenset(
    {"name", "site", "deploy", "project", "domain"}
)  # of an address, by any of which a site is meant

View = TypeVar("View", bound=Callable[..., Any])
Way = Callable[[Access, Headers], Awaitable[Signed | None]]
"""How a view tells who is asking from a request's headers; None for a stranger, who is not let in."""


def install(app: Quart, access: Access) -> None:
    """Close every view of the app that does not say otherwise. Call it before requests come, once."""
    app.extensions[EXTENSION] = access
    app.before_request(_admit)
    app.after_request(_bring_cookies)


def opened(view: View) -> View:
    """Mark a Quart view: it may be asked without an account."""
    vars(view).update(anyone=True)
    return view


def needs(right: Right, view: View, *, any_site: bool = False) -> View:
    """Mark a Quart view: what a token has to be allowed for it, if not to read, or all where something is changed.

    With `any_site` a token for one site may ask it, though its address names none.
    """
    vars(view).update(right=right, any_site=any_site)
    return view


def told_by(way: Way, view: View) -> View:
    """Mark a Quart view: who is asking is told in this way and no other, so that no cookie counts there."""
    vars(view).update(way=way)
    return view


def access() -> Access:
    """What this app was installed with."""
    installed: Access = current_app.extensions[EXTENSION]
    return installed


def signed() -> Signed:
    """Who is asking, in a view that is not open to anyone."""
    who: Signed = g.signed
    return who


def actor() -> Actor:
    """The account that is asking."""
    return signed().actor


async def still_admitted() -> None:
    """Ask once more who is asking, now that the request's body is here: its sender may have taken days over it.

    Raises NotSignedIn where the sign-in or token that opened the door has ended, or is good for something else now.
    """
    if await proof()():
        return
    if signed().session is not None:
        raise NotSignedIn("This sign-in is over: sign in again.", code="session_over")
    raise NotSignedIn("This token was taken back, or changed, while the request was being sent.", code="token_over")


def proof() -> Callable[[], Awaitable[bool]]:
    """What tells, at any time from now on, whether who is asking would be let in as the same still."""
    before, where, headers = signed(), access(), request.headers
    way: Way | None = getattr(current_app.view_functions[request.endpoint or ""], "way", None)

    async def holds() -> bool:
        if way is None and before.session is not None:
            return await sessions.holder(where, before.session) == before.actor
        who = await (way(where, headers) if way else by_personal_token(where, bearer(headers) or ""))
        return who is not None and who.actor == before.actor

    return holds


async def signed_if_any() -> Signed | None:
    """Who is asking, in a view open to anyone; None for a stranger."""
    if "signed" not in g:
        who = await signed_from(access(), request.headers, request.cookies)
        g.signed = _placed(who)
        if who is not None and who.issued is not None:
            keep(who.issued)
    found: Signed | None = g.signed
    return found


def address() -> str:
    """Where this request comes from; behind a trusted proxy what that says."""
    return request.remote_addr or ""


def csrf() -> str:
    """The CSRF token for forms of the page being made."""
    session = signed().session
    return csrf_token(access(), session) if session is not None else ""


def keep(issued: Issued) -> None:
    """Have the answer bring the browser these tokens."""
    g.cookies = issued


def drop() -> None:
    """Have the answer take the cookies away."""
    g.cookies = None


def issue_cookies(response: Response, access: Access, issued: Issued) -> None:
    """Put the two tokens into cookies no script can read; SameSite=Lax, Secure over TLS, for this host alone."""
    names = CookieNames.of(access)
    _set(response, access, names.access, issued.access, issued.access_lifetime)
    _set(response, access, names.refresh, issued.refresh, issued.refresh_lifetime)


def clear_cookies(response: Response, access: Access) -> None:
    """Take both cookies away."""
    names = CookieNames.of(access)
    for name in (names.access, names.refresh):
        _set(response, access, name, "", 0)


def _set(response: Response, access: Access, name: str, value: str, max_age: int) -> None:
    response.set_cookie(name, value, max_age=max_age, path="/", secure=access.https, httponly=True, samesite="Lax")


def _placed(who: Signed | None) -> Signed | None:
    """Who is asking, with how and from where, for the record."""
    if who is None:
        return None
    via = who.actor.via or ("browser" if who.by_cookie else "sign-in")
    return replace(who, actor=replace(who.actor, via=via, address=address()))


async def _admit() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return  # no such address or method: the routing says so
    way: Way | None = getattr(view, "way", None)
    if way is not None:
        await _admit_by(way)
        return
    unsafe = request.method not in SAFE_METHODS
    closed = not is_open(request.endpoint or "", view)
    if unsafe and bearer(request.headers) is None:
        by_cookie = closed and CookieNames.of(access()).any_in(request.cookies)
        check_origin(access(), request.headers, by_cookie=by_cookie)
    if closed:
        await _require_account(unsafe=unsafe)
        if unsafe and not getattr(request, "is_streamed", False):
            await request.body
            await still_admitted()


async def _admit_by(way: Way) -> None:
    """Without cookies there is nothing a browser could be made to send for somebody else, so origins do not matter."""
    who = await way(access(), request.headers)
    if who is None:
        raise NotSignedIn("Send a personal token of a Dropdock account: Account → Tokens in its admin makes one.")
    g.signed = _placed(who)
    _check_right(who.actor)


def is_open(endpoint: str, view: object) -> bool:
    """Whether a view may be asked without an account: it says so, or it is Quart's own route for shipped files."""
    return getattr(view, "anyone", False) or endpoint.rpartition(".")[2] == "static"


async def _require_account(*, unsafe: bool) -> None:
    who = await signed_if_any()
    if who is None:
        if bearer(request.headers) is None and CookieNames.of(access()).any_in(request.cookies):
            drop()
        raise NotSignedIn("Sign in, or send a token: Authorization: Bearer <token>.")
    _check_right(who.actor)
    if unsafe and who.by_cookie and who.session is not None:
        check_csrf(access(), who.session, await _given_csrf())


def _check_right(actor: Actor) -> None:
    """Raise Forbidden unless the token that asks may do what this view does, to the site it is about."""
    view = current_app.view_functions[request.endpoint or ""]
    usual: Right = "read" if request.method in SAFE_METHODS else "all"
    actor.need(getattr(view, "right", usual))
    if not SITE_PARTS & set(request.view_args or ()) and not getattr(view, "any_site", False):
        actor.need_every_site()


async def _given_csrf() -> str | None:
    given = request.headers.get(CSRF_HEADER) or request.args.get(CSRF_FIELD)
    if given is None and request.mimetype == "application/x-www-form-urlencoded":
        given = (await request.form).get(CSRF_FIELD)
    return given


async def _bring_cookies(response: Response) -> Response:
    if "cookies" in g:
        if g.cookies is None:
            clear_cookies(response, access())
        else:
            issue_cookies(response, access(), g.cookies)
    return response

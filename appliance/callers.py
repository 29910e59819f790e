"""Who is asking: from a request's headers and cookies to an account, and whether the request is the browser's own."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from appliance import sessions, tokens
from appliance.access import Access
from appliance.actor import Actor
from appliance.errors import Forbidden, NotSignedIn
from appliance.sessions import Issued

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 §9.2.1
MOST_VALUES = 10  # of a cookie that are looked at: a browser of ours has one, and each costs a query

_MIXED = (
    "This browser brings two sign-ins, one of which another site below this domain has set: delete the cookies of this "
    "address, and sign in again. Over HTTPS no site can do that."
)


class Headers(Protocol):
    """Request headers, looked up without regard to capitals."""

    def get(self, key: str, /) -> str | None:
        """The header's value, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is asking, and how that is known.

    `session` is None for a personal token. `issued` holds new tokens when the access cookie had run out and the
    refresh cookie was spent for them: they must reach the browser with the answer.
    """

    actor: Actor
    session: int | None
    by_cookie: bool = False
    issued: Issued | None = None


@dataclass(frozen=True, slots=True)
class CookieNames:
    """The names of the two cookies."""

    access: str
    refresh: str

    @classmethod
    def of(cls, access: Access) -> "CookieNames":
        """Over TLS with the `__Host-` prefix: no hosted site on a sub-domain can set such (RFC 6265bis §4.1.3.2)."""
        prefix = "__Host-" if access.https else ""
        return cls(f"{prefix}dropdock_access", f"{prefix}dropdock_refresh")

    def any_in(self, cookies: Mapping[str, str]) -> bool:
        """Whether a request brought one of them."""
        return self.access in cookies or self.refresh in cookies


def bearer(headers: Headers) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750 §2.1), or None when there is no such header."""
    scheme, _, token = (headers.get("Authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def basic(headers: Headers) -> tuple[str, str] | None:
    """Name and password of an `Authorization: Basic` header (RFC 7617), or None when there is no sound one."""
    scheme, _, encoded = (headers.get("Authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


async def by_personal_token(access: Access, token: str) -> Signed | None:
    """The account a personal token stands for; None for anything else, such as a sign-in's access token."""
    actor = await tokens.check(access, token) if token.startswith(tokens.PREFIX) else None
    return Signed(actor, None) if actor else None


async def signed_from(access: Access, headers: Headers, cookies: Mapping[str, str]) -> Signed | None:
    """The account a request acts for, or None. A bearer token, where there is one, is all that counts."""
    token = bearer(headers)
    if token is not None:
        return await _by_token(access, token)
    return await _by_cookies(access, cookies)


def csrf_token(access: Access, session: int) -> str:
    """What a session's forms and scripts must send along: bound to the session, so another's is of no use."""
    return hmac.new(access.keys.csrf, str(session).encode(), hashlib.sha256).hexdigest()


def check_csrf(access: Access, session: int, given: str | None) -> None:
    """Raise Forbidden unless the session's CSRF token was sent."""
    if not hmac.compare_digest((given or "").encode("utf-8", "surrogatepass"), csrf_token(access, session).encode()):
        raise Forbidden("This form is out of date: reload the page and try again.", code="csrf")


def check_origin(access: Access, headers: Headers, *, by_cookie: bool) -> None:
    """Raise Forbidden when a browser sends this for another origin's page.

    Hosted sites are the same *site* as the admin, so SameSite cookies reach us from them: only the same *origin* is
    good. `Sec-Fetch-Site` says so where browsers send it (secure contexts); else `Origin` must name the host asked.
    Requests with neither are no browser's, and are refused only when cookies speak for them.
    """
    fetch_site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
    if fetch_site is not None:
        own = fetch_site in {"same-origin", "none"}
    elif origin is not None:
        own = _is_own(access, origin, headers.get("Host") or "")
    else:
        own = not by_cookie
    if not own:
        raise Forbidden("This request came from another site's page; it was not carried out.", code="cross_origin")


def _is_own(access: Access, origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    schemes = {"https"} if access.https else {"http", "https"}
    return parts.scheme in schemes and parts.netloc.lower() == host.lower()


async def _by_cookies(access: Access, cookies: Mapping[str, str]) -> Signed | None:
    """The account that the cookies of a browser stand for; Forbidden where they stand for several sign-ins.

    A site beside the admin can set its author's cookies for the whole domain, where their names have no prefix: then
    somebody would work, and type secrets, in another's account. What means nothing is passed over, so that it keeps
    nobody out.
    """
    names = CookieNames.of(access)
    signed: dict[int, Actor] = {}
    for value in _values(cookies, names.access):
        if found := await sessions.check(access, value):
            signed[found[1]] = found[0]
    spare: dict[int, str] = {}
    for value in _values(cookies, names.refresh) if not (signed and access.https) else ():
        session = await sessions.of_refresh_token(access, value)
        if session is not None:
            spare[session] = value
    if len(signed.keys() | spare.keys()) > 1:
        raise Forbidden(_MIXED, code="mixed_cookies")
    for session, actor in signed.items():
        return Signed(actor, session, by_cookie=True)
    return await _by_refresh(access, next(iter(spare.values()), None))


def _values(cookies: Mapping[str, str], name: str) -> list[str]:
    """What came under a name. Sites beside the admin can set cookies for it, too, unless their names are prefixed."""
    listed = getattr(cookies, "getlist", None)
    values = listed(name) if listed is not None else [cookies[name]] if name in cookies else []
    return list(dict.fromkeys(values))[:MOST_VALUES]


async def _by_token(access: Access, token: str) -> Signed | None:
    if token.startswith(tokens.PREFIX):
        return await by_personal_token(access, token)
    found = await sessions.check(access, token)
    return Signed(*found) if found else None


async def _by_refresh(access: Access, token: str | None) -> Signed | None:
    if not token:
        return None
    try:
        issued = await sessions.refresh(access, token)
    except NotSignedIn:
        return None
    return Signed(issued.actor, issued.session, by_cookie=True, issued=issued)

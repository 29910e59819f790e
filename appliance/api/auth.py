"""Setting up, signing in, staying signed in, signing out."""

from typing import Annotated, Literal

import msgspec
from quart import Blueprint, request

from appliance import guard, sessions, set_up
from appliance.access import Access
from appliance.actor import Actor
from appliance.api.edge import Body, endpoint
from appliance.callers import CookieNames, csrf_token
from appliance.errors import Conflict, Forbidden, NotSignedIn, TooMany
from appliance.sessions import Issued
from appliance.sign_in import sign_in, sign_out

Email = Annotated[str, msgspec.Meta(max_length=254, extra_json_schema={"format": "email"})]
Password = Annotated[str, msgspec.Meta(max_length=1024)]
Token = Annotated[str, msgspec.Meta(max_length=1024)]


class FirstAccount(Body, frozen=True, kw_only=True):
    """The first account; `token` is from the set-up link."""

    token: Token
    email: Email
    password: Password


class Credentials(Body, frozen=True, kw_only=True):
    """What an account signs in with."""

    email: Email
    password: Password


class Refresh(Body, frozen=True, kw_only=True):
    """The refresh token, where it is not in a cookie."""

    refresh_token: Token | None = None


class SignedInAccount(msgspec.Struct, frozen=True):
    """The account that signed in."""

    id: int
    email: str
    role: Literal["operator", "admin", "user"]


class SignedIn(msgspec.Struct, frozen=True):
    """A sign-in. A browser has its tokens in cookies and sends `csrf_token` with every change, as `X-CSRF-Token`.

    Lifetimes are seconds. After a refresh by cookie the tokens are null: no script is to see them.
    """

    account: SignedInAccount
    csrf_token: str
    expires_in: int
    refresh_expires_in: int
    access_token: str | None = None
    refresh_token: str | None = None
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind of token, not one (RFC 6749 §5.1)


def blueprint(access: Access) -> Blueprint:
    """The routes."""
    api = Blueprint("api_auth", __name__)
    _begin(api, access)
    _go_on(api, access)
    return api


def _begin(api: Blueprint, access: Access) -> None:
    @endpoint(
        api,
        "/auth/setup",
        method="POST",
        body=FirstAccount,
        reply=SignedIn,
        status=201,
        errors=(Conflict, Forbidden),
        anyone=True,
    )
    async def claim_set_up(*, body: FirstAccount) -> SignedIn:
        """Make the first account, an operator, and sign it in."""
        actor = await set_up.claim(access, body.token, body.email, body.password, guard.address())
        return _with_cookies(access, await sessions.begin(access, actor, request.user_agent.string))

    @endpoint(
        api,
        "/auth/sign-in",
        method="POST",
        body=Credentials,
        reply=SignedIn,
        errors=(NotSignedIn, TooMany),
        anyone=True,
    )
    async def create_session(*, body: Credentials) -> SignedIn:
        """Sign in with e-mail and password.

        The tokens come in the answer and, for browsers, as cookies.
        """
        client = request.user_agent.string
        return _with_cookies(access, await sign_in(access, body.email, body.password, client, guard.address()))


def _go_on(api: Blueprint, access: Access) -> None:
    @endpoint(api, "/auth/refresh", method="POST", body=Refresh, reply=SignedIn, errors=(NotSignedIn,), anyone=True)
    async def refresh_session(*, body: Refresh) -> SignedIn:
        """Exchange a refresh token for new tokens.

        It is spent by that; using it again later ends the sign-in. Without one in the body the cookie's is taken.
        """
        if body.refresh_token is not None:
            return _signed_in(access, await sessions.refresh(access, body.refresh_token), show=True)
        issued = await sessions.refresh(access, request.cookies.get(CookieNames.of(access).refresh, ""))
        guard.keep(issued)
        return _signed_in(access, issued, show=False)

    @endpoint(api, "/auth/sign-out", method="POST", status=204, errors=(Conflict,))
    async def end_session(*, actor: Actor) -> None:
        """End this sign-in, with all its tokens, at once."""
        session = guard.signed().session
        if session is None:
            raise Conflict("A personal token is no sign-in: delete the token instead.", code="not_a_session")
        await sign_out(access, actor, session)
        guard.drop()


def _with_cookies(access: Access, issued: Issued) -> SignedIn:
    guard.keep(issued)
    return _signed_in(access, issued, show=True)


def _signed_in(access: Access, issued: Issued, *, show: bool) -> SignedIn:
    return SignedIn(
        account=msgspec.convert(issued.actor, SignedInAccount, from_attributes=True),
        csrf_token=csrf_token(access, issued.session),
        expires_in=issued.access_lifetime,
        refresh_expires_in=issued.refresh_lifetime,
        access_token=issued.access if show else None,
        refresh_token=issued.refresh if show else None,
    )

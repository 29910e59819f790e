"""Links that sign their holder in, once and soon: for whoever has the data folder, so nobody needs a password to it."""

import secrets
from datetime import timedelta

from appliance import audit, sessions
from appliance.access import Access
from appliance.actor import Actor
from appliance.errors import Forbidden, NotFound
from appliance.models.account import Account, RefreshToken, Session
from appliance.sessions import TOKEN_BYTES, Issued, token_hash

PATH = "/sign-in/link"
LIFETIME = timedelta(minutes=5)  # for a person to get from the terminal to the browser
CLIENT = "sign-in link"  # how its session is shown, and what tells its token from others


async def make(access: Access, email: str = "") -> str:
    """A token for the account with this e-mail, or for the first operator; NotFound."""
    account = await holder(email)
    if account is None:
        raise NotFound(f"There is no account {email!r} that may sign in." if email else "There is no account yet.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session = await Session.create(account_id=account.id, expires_at=access.now() + LIFETIME, client=CLIENT)
    await RefreshToken.create(session_id=session.id, hash=token_hash(token))
    return token


async def holder(email: str = "") -> Account | None:
    """The account that `make` is for, if there is one."""
    query = Account.filter(disabled_at__isnull=True)
    return await (query.filter(email=email) if email else query.filter(role="operator").order_by("id")).first()


def link_to(url: str, token: str) -> str:
    """Where a token signs in: at the admin whose address is `url`."""
    return f"{url.rstrip('/')}{PATH}?token={token}"


async def claim(access: Access, token: str, client: str = "", address: str = "") -> Issued:
    """Start the session of a link, which is spent by that; `client` is a User-Agent. Forbidden when it is not good."""
    row = (
        await RefreshToken.filter(hash=token_hash(token), session__client=CLIENT)
        .select_related("session__account")
        .first()
    )
    if row is None or not sessions.is_open(access, row.session):
        raise _spent()
    if not await RefreshToken.filter(id=row.id, used_at__isnull=True).update(used_at=access.now()):
        raise _spent()
    account = row.session.account
    await sessions.end(access, row.session_id)
    actor = Actor(account.id, account.email, account.role, via="sign-in link", address=address)
    issued = await sessions.begin(access, actor, client)
    await audit.record(actor, "sign-in", client=client)
    return issued


def _spent() -> Forbidden:
    return Forbidden(
        "This sign-in link has been used, or is too old: make another with `dropdock sign-in`.", code="link_spent"
    )

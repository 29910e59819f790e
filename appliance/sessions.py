"""Sign-ins that last: short access tokens (JWT), refresh tokens used once, and sessions that end as a whole."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
import structlog
from jwt.types import Options
from tortoise.transactions import in_transaction

from appliance.access import Access
from appliance.actor import Actor
from appliance.errors import NotSignedIn
from appliance.models.account import Account, RefreshToken, Session

ISSUER = "dropdock"
ALGORITHM = "HS256"
CHECKS: Options = {
    "require": ["iss", "sub", "sid", "iat", "exp"],
    "verify_exp": False,  # looked at by `_claims`, by our own clock
    "verify_iat": False,
}
TOKEN_BYTES = 32  # 256 random bits: a token found by its plain SHA-256 needs no slow hash
CLIENT_LENGTH = 200  # characters kept of a User-Agent
GRACE = timedelta(seconds=10)
"""How long a used refresh token still yields a successor: two tabs that wake up send the same one within moments, and
ending their session would be punishing the owner. A thief gains ten seconds, and only beside the owner's own use."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Issued:
    """What a sign-in or a refresh hands out: the account, its session, and two tokens with their lifetimes (s)."""

    actor: Actor
    session: int
    access: str
    refresh: str
    access_lifetime: int
    refresh_lifetime: int


async def begin(access: Access, actor: Actor, client: str = "") -> Issued:
    """Start a session for an account that has proved itself; `client` is its User-Agent, shown among sign-ins."""
    now = access.now()
    await Session.filter(expires_at__lte=now).delete()
    shown = "".join(character for character in client if character.isprintable())[:CLIENT_LENGTH]
    session = await Session.create(account_id=actor.id, expires_at=_expiry(access, now), client=shown)
    issued = await _issue(access, actor, session.id)
    access.news.account(actor.id)  # for its windows that list its sign-ins
    return issued


async def refresh(access: Access, token: str) -> Issued:
    """Exchange a refresh token for new tokens; it is spent by that (RFC 9700 §4.14.2).

    Raises NotSignedIn when it is unknown or its session is over. A token that was spent longer than `GRACE` ago has
    been copied by somebody: its session ends, for thief and owner alike.
    """
    row = await RefreshToken.filter(hash=token_hash(token)).select_related("session__account").first()
    if row is None or not is_open(access, row.session):
        raise NotSignedIn("This sign-in is over: sign in again.", code="session_over")
    if not await _spend(access, row):
        log.warning("refresh_token_reused", session=row.session_id, account=row.session.account_id)
        await end(access, row.session_id)
        raise NotSignedIn(
            "This sign-in was ended because its token was used twice: sign in again.", code="token_reused"
        )
    return await _issue(access, _actor(row.session.account), row.session_id)


async def of_refresh_token(access: Access, token: str) -> int | None:
    """The session, open still, that a refresh token belongs to, whether or not it is spent; None for any other text."""
    row = await RefreshToken.filter(hash=token_hash(token)).select_related("session__account").first()
    return row.session_id if row is not None and is_open(access, row.session) else None


async def check(access: Access, token: str) -> tuple[Actor, int] | None:
    """The account and session an access token stands for, or None. One query, so that sign-out takes effect at once."""
    claims = _claims(access, token)
    if claims is None:
        return None
    session = int(claims["sid"])
    actor = await holder(access, session)
    return (actor, session) if actor else None


async def holder(access: Access, session: int) -> Actor | None:
    """The account whose session this is, as it is now; None once the session is over."""
    row = await Session.filter(id=session).select_related("account").first()
    return _actor(row.account) if row is not None and is_open(access, row) else None


async def end(access: Access, session: int) -> None:
    """End one session: none of its tokens is good any more."""
    await Session.filter(id=session, ended_at__isnull=True).update(ended_at=access.now())


async def end_all(access: Access, account: int, *, but: int | None = None) -> None:
    """End an account's sessions, save one where it is named."""
    await Session.filter(account_id=account, ended_at__isnull=True).exclude(id=but or 0).update(ended_at=access.now())


def is_open(access: Access, session: Session) -> bool:
    """Whether a session (fetched with its account) may still act."""
    return session.ended_at is None and session.expires_at > access.now() and session.account.disabled_at is None


def token_hash(token: str) -> str:
    """What is stored of a token made from `TOKEN_BYTES` of randomness: its SHA-256 as hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


async def _spend(access: Access, row: RefreshToken) -> bool:
    now = access.now()
    async with in_transaction():
        if not await RefreshToken.filter(id=row.id, used_at__isnull=True).update(used_at=now):
            spent = await RefreshToken.get(id=row.id)
            return spent.used_at is not None and now - spent.used_at <= GRACE
        await Session.filter(id=row.session_id).update(expires_at=_expiry(access, now))
        # Spent tokens are kept as long as somebody could still try them, then forgotten.
        dead = now - timedelta(seconds=access.settings.refresh_lifetime)
        await RefreshToken.filter(session_id=row.session_id, used_at__lte=dead).delete()
    return True


async def _issue(access: Access, actor: Actor, session: int) -> Issued:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    await RefreshToken.create(session_id=session, hash=token_hash(token))
    return Issued(
        actor=actor,
        session=session,
        access=_sign(access, actor, session),
        refresh=token,
        access_lifetime=int(access.settings.access_lifetime),
        refresh_lifetime=int(access.settings.refresh_lifetime),
    )


def _sign(access: Access, actor: Actor, session: int) -> str:
    issued = int(access.now().timestamp())
    expires = issued + int(access.settings.access_lifetime)
    claims = {"iss": ISSUER, "sub": str(actor.id), "sid": session, "iat": issued, "exp": expires}
    return jwt.encode(claims, access.keys.access, algorithm=ALGORITHM)


def _claims(access: Access, token: str) -> dict[str, Any] | None:
    try:
        claims: dict[str, Any] = jwt.decode(
            token, access.keys.access, algorithms=[ALGORITHM], issuer=ISSUER, options=CHECKS
        )
    except (jwt.InvalidTokenError, UnicodeError):
        return None
    return claims if claims["exp"] > access.now().timestamp() else None


def _expiry(access: Access, now: datetime) -> datetime:
    return now + timedelta(seconds=access.settings.refresh_lifetime)


def _actor(account: Account) -> Actor:
    return Actor(account.id, account.email, account.role)

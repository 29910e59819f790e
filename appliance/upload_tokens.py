"""Short-lived tokens that let a program send content for one site, and nothing else, in an account's name."""

from dataclasses import dataclass
from typing import Any

import jwt
from jwt.types import Options

from appliance import accounts
from appliance.access import Access
from appliance.actor import Actor
from appliance.sessions import ALGORITHM, ISSUER

LIFETIME = 1800  # seconds; the client asks for another once one has run out
_CHECKS: Options = {"require": ["iss", "sub", "site", "iat", "exp"], "verify_exp": False, "verify_iat": False}


@dataclass(frozen=True, slots=True)
class Permit:
    """What a good upload token stands for."""

    actor: Actor
    site: str


def issue(access: Access, actor: Actor, site: str, **claims: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    """A token for an account and a site, good for `LIFETIME`; `claims` are for the program that gets it to read."""
    now = int(access.now().timestamp())
    own = {"iss": ISSUER, "sub": str(actor.id), "site": site, "iat": now, "exp": now + LIFETIME}
    return jwt.encode({**claims, **own}, access.keys.upload, algorithm=ALGORITHM)


async def check(access: Access, token: str) -> Permit | None:
    """What the token stands for; None when it is not ours, has run out, or its account may not act any more."""
    try:
        claims = jwt.decode(token, access.keys.upload, algorithms=[ALGORITHM], issuer=ISSUER, options=_CHECKS)
    except (jwt.InvalidTokenError, UnicodeError):
        return None
    if claims["exp"] <= access.now().timestamp() or not str(claims["sub"]).isdecimal():
        return None
    actor = await accounts.acting(int(claims["sub"]))
    return Permit(actor, str(claims["site"])) if actor else None

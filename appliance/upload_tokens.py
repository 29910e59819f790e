"""Short-lived tokens that let a program send content for one site, and nothing else, for as long as its own is good."""

from dataclasses import dataclass
from typing import Any

import jwt
from jwt.types import Options

from appliance import tokens
from appliance.access import Access
from appliance.actor import Actor
from appliance.sessions import ALGORITHM, ISSUER, token_hash

LIFETIME = 1800  # seconds; the client asks for another once one has run out
_CHECKS: Options = {"require": ["iss", "sub", "site", "parent", "iat", "exp"], "verify_exp": False, "verify_iat": False}


@dataclass(frozen=True, slots=True)
class Permit:
    """What a good upload token stands for."""

    actor: Actor
    site: str


def issue(access: Access, actor: Actor, parent: str, site: str, **claims: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    """A token for an account and a site, good for `LIFETIME`; `claims` are for the program that gets it to read.

    `parent` is the personal token that it was asked for with: it may do no more than that, and ends with it.
    """
    now = int(access.now().timestamp())
    whose = {"sub": str(actor.id), "site": site, "parent": token_hash(parent)}
    own = {"iss": ISSUER, **whose, "iat": now, "exp": now + LIFETIME}
    return jwt.encode({**claims, **own}, access.keys.upload, algorithm=ALGORITHM)


async def check(access: Access, token: str) -> Permit | None:
    """What the token stands for; None when it is not ours, has run out, or its parent is not good any more."""
    try:
        claims = jwt.decode(token, access.keys.upload, algorithms=[ALGORITHM], issuer=ISSUER, options=_CHECKS)
    except (jwt.InvalidTokenError, UnicodeError):
        return None
    if claims["exp"] <= access.now().timestamp():
        return None
    actor = await tokens.of_hash(access, str(claims["parent"]))
    if actor is None or str(actor.id) != claims["sub"]:
        return None
    return Permit(actor, str(claims["site"]))

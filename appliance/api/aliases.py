"""Aliases and locks: what points to which deploy, and whether what is live may change."""

from typing import Annotated

import msgspec
from quart import Blueprint

from appliance.actor import Actor
from appliance.api.edge import Body, endpoint
from appliance.deploys import Aliases, AliasFacts, Locks
from appliance.errors import Conflict, Invalid, NotFound
from appliance.sites import LockFacts


class Target(Body, frozen=True):
    """A deploy of the site, by id, number or alias."""

    deploy: Annotated[str, msgspec.Meta(min_length=1, max_length=63)]


class Reason(Body, frozen=True):
    """Why a site is locked, for those who meet the lock."""

    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class AliasList(msgspec.Struct, frozen=True):
    """A site's aliases, by name."""

    items: list[AliasFacts]


def blueprint(aliases: Aliases, locks: Locks) -> Blueprint:
    """The routes."""
    api = Blueprint("api_aliases", __name__)

    @endpoint(api, "/sites/<name>/aliases", reply=AliasList, errors=(NotFound,))
    async def list_aliases(*, actor: Actor, name: str) -> AliasList:
        """List a site's aliases."""
        return AliasList(await aliases.listing(actor, name))

    @endpoint(
        api,
        "/sites/<name>/aliases/<alias>",
        method="PUT",
        body=Target,
        reply=AliasFacts,
        errors=(NotFound, Conflict, Invalid),
        right="deploy",
    )
    async def set_alias(*, actor: Actor, name: str, alias: str, body: Target) -> AliasFacts:
        """Let an alias, made if need be, point to a ready deploy."""
        return await aliases.set(actor, name, alias, body.deploy)

    @endpoint(api, "/sites/<name>/aliases/<alias>", method="DELETE", status=204, errors=(NotFound,), right="deploy")
    async def remove_alias(*, actor: Actor, name: str, alias: str) -> None:
        """Take an alias away; the deploy it pointed to stays."""
        await aliases.remove(actor, name, alias)

    @endpoint(
        api,
        "/sites/<name>/lock",
        method="PUT",
        body=Reason,
        reply=LockFacts,
        errors=(NotFound, Conflict, Invalid),
        right="deploy",
    )
    async def lock_site(*, actor: Actor, name: str, body: Reason) -> LockFacts:
        """Keep what visitors get as it is, until the site is unlocked; deploys become ready meanwhile."""
        return await locks.lock(actor, name, body.reason)

    @endpoint(api, "/sites/<name>/lock", method="DELETE", status=204, errors=(NotFound,), right="deploy")
    async def unlock_site(*, actor: Actor, name: str) -> None:
        """Let what visitors get change again."""
        await locks.unlock(actor, name)

    return api

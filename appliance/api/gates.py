"""Gates of sites: what they cover, their password, share links, and the token for automation."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from quart import Blueprint

from appliance.actor import Actor
from appliance.api.edge import Body, endpoint
from appliance.errors import Conflict, Invalid, NotFound
from appliance.gates import ChangeGate, GateFacts, Gates, LinkFacts, NewLink

DAY = 24 * 3600


class GateChange(Body, frozen=True):
    """What of a gate is to change; what is left out stays. It is in force, for every visitor, with the answer."""

    covers: Literal["nothing", "previews", "everything"] | msgspec.UnsetType = msgspec.UNSET
    password: (
        Annotated[str, msgspec.Meta(max_length=1024, description="null takes it away; a new one ends all sessions")]
        | msgspec.UnsetType
        | None
    ) = msgspec.UNSET


class LinkToMake(Body, frozen=True):
    """A share link to be made."""

    lifetime: Annotated[int, msgspec.Meta(ge=60, le=366 * DAY, description="seconds it is good for")] = 7 * DAY
    label: Annotated[str, msgspec.Meta(max_length=100, description="what it is for")] = ""
    path: Annotated[str, msgspec.Meta(max_length=2000, description="the path it leads to")] = "/"


class CreatedLink(msgspec.Struct, frozen=True):
    """A share link just made; `url` is shown this once."""

    url: str
    id: str
    label: str
    created_at: datetime
    expires_at: datetime


class CreatedBypass(msgspec.Struct, frozen=True):
    """The token for automation, shown this once; it goes into the header `X-Dropdock-Bypass`."""

    token: str


def blueprint(gates: Gates) -> Blueprint:
    """The routes."""
    api = Blueprint("api_gates", __name__)

    @endpoint(api, "/sites/<name>/gate", reply=GateFacts)
    async def show_gate(*, actor: Actor, name: str) -> GateFacts:
        """Show what stands before a site."""
        return await gates.get(actor, name)

    @endpoint(api, "/sites/<name>/gate", method="PATCH", body=GateChange, reply=GateFacts, errors=(Invalid,))
    async def change_gate(*, actor: Actor, name: str, body: GateChange) -> GateFacts:
        """Change what stands before a site.

        A password for a gate that covers nothing makes it cover everything, unless `covers` says otherwise.
        """
        covers = None if body.covers is msgspec.UNSET else body.covers
        password = None if body.password is msgspec.UNSET else body.password or ""
        return await gates.change(actor, name, ChangeGate(covers, password))

    _add_links(api, gates)
    _add_bypass(api, gates)
    return api


def _add_links(api: Blueprint, gates: Gates) -> None:
    @endpoint(api, "/sites/<name>/gate/links", method="POST", body=LinkToMake, reply=CreatedLink, status=201,
              errors=(Conflict,))  # fmt: skip
    async def create_link(*, actor: Actor, name: str, body: LinkToMake) -> CreatedLink:
        """Make a link that lets in whoever has it; the answer is the only place where it can be read."""
        made = await gates.share(actor, name, NewLink(body.lifetime, body.label, body.path))
        facts: LinkFacts = made.facts
        return CreatedLink(made.url, facts.id, facts.label, facts.created_at, facts.expires_at)

    @endpoint(api, "/sites/<name>/gate/links/<link>", method="DELETE", status=204, errors=(NotFound,))
    async def delete_link(*, actor: Actor, name: str, link: str) -> None:
        """Take a share link back; whoever came in by it is out."""
        await gates.revoke(actor, name, link)


def _add_bypass(api: Blueprint, gates: Gates) -> None:
    @endpoint(api, "/sites/<name>/gate/bypass", method="POST", reply=CreatedBypass, status=201)
    async def create_bypass(*, actor: Actor, name: str) -> CreatedBypass:
        """Make the token for automation; the one before stops working."""
        return CreatedBypass(await gates.make_bypass(actor, name))

    @endpoint(api, "/sites/<name>/gate/bypass", method="DELETE", status=204)
    async def delete_bypass(*, actor: Actor, name: str) -> None:
        """Take the token for automation away."""
        await gates.remove_bypass(actor, name)

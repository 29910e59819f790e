"""Members of a site: list, add, remove."""

import msgspec
from quart import Blueprint

from appliance import members
from appliance.access import Access
from appliance.actor import Actor
from appliance.api.edge import endpoint
from appliance.errors import Conflict, Invalid, NotFound
from appliance.members import MemberFacts


class MemberList(msgspec.Struct, frozen=True):
    """The members of a site, by e-mail."""

    items: list[MemberFacts]


def blueprint(access: Access) -> Blueprint:
    """The routes."""
    api = Blueprint("api_members", __name__)

    @endpoint(api, "/sites/<name>/members", reply=MemberList, errors=(NotFound,))
    async def list_members(*, actor: Actor, name: str) -> MemberList:
        """List the accounts that look after a site together with its owner."""
        return MemberList(await members.listing(actor, name))

    @endpoint(
        api, "/sites/<name>/members/<email>", method="PUT", reply=MemberFacts, errors=(NotFound, Invalid, Conflict)
    )
    async def add_member(*, actor: Actor, name: str, email: str) -> MemberFacts:
        """Let an account look after a site, too: everything but deleting it and saying who its members are."""
        return await members.add(access, actor, name, email)

    @endpoint(api, "/sites/<name>/members/<email>", method="DELETE", status=204, errors=(NotFound,))
    async def remove_member(*, actor: Actor, name: str, email: str) -> None:
        """Take a member away; members may leave by themselves."""
        await members.remove(access, actor, name, email)

    return api

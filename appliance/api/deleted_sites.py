"""Deleted sites: list, restore, remove for good."""

from quart import Blueprint

from appliance.actor import Actor
from appliance.api.edge import Listing, Page, endpoint
from appliance.errors import NotFound
from appliance.removals import DeletedFacts, Removals
from appliance.sites import SiteFacts, Sites


class DeletedPage(Listing[DeletedFacts], frozen=True):
    """One page of deleted sites, the last one first."""


def blueprint(removals: Removals, sites: Sites) -> Blueprint:
    """The routes."""
    api = Blueprint("api_deleted_sites", __name__)

    @endpoint(api, "/deleted-sites", query=Page, reply=DeletedPage, any_site=True)
    async def list_deleted_sites(*, actor: Actor, query: Page) -> DeletedPage:
        """List the deleted sites that the account may restore."""
        items, total = await removals.listing(actor, query.page, query.per_page)
        return DeletedPage(items, query.page, query.per_page, total)

    @endpoint(api, "/deleted-sites/<name>/restore", method="POST", reply=SiteFacts, errors=(NotFound,))
    async def restore_site(*, actor: Actor, name: str) -> SiteFacts:
        """Restore a deleted site: its deploys, settings and members, and what was live."""
        await removals.restore(actor, name)
        return await sites.get(actor, name)

    @endpoint(api, "/deleted-sites/<name>", method="DELETE", status=204, errors=(NotFound,))
    async def end_site(*, actor: Actor, name: str) -> None:
        """Remove a deleted site for good, before its time is over: its name is free again."""
        await removals.end(actor, name)

    return api

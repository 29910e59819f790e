"""What sites and accounts take of the disk."""

from quart import Blueprint

from appliance.actor import Actor
from appliance.api.edge import KEY, endpoint
from appliance.errors import NotFound
from appliance.usage import AccountUsage, SiteUsage, Usage


def blueprint(usage: Usage) -> Blueprint:
    """The routes."""
    api = Blueprint("api_usage", __name__)

    @endpoint(api, "/usage", reply=AccountUsage)
    async def show_usage(*, actor: Actor) -> AccountUsage:
        """Show what the sites that one owns take of the disk.

        Content counts once, however many deploys and sites have it: so the sites' figures may add up to more. Deleted
        sites count until they are removed for good.
        """
        return await usage.of_account(actor, actor.id)

    @endpoint(api, f"/accounts/<{KEY}:account>/usage", reply=AccountUsage)
    async def show_account_usage(*, actor: Actor, account: int) -> AccountUsage:
        """Show what an account's sites take of the disk: one's own, or any for operators and admins."""
        return await usage.of_account(actor, account)

    @endpoint(api, "/sites/<name>/usage", reply=SiteUsage, errors=(NotFound,))
    async def show_site_usage(*, actor: Actor, name: str) -> SiteUsage:
        """Show what a site takes of the disk: all its deploys, each content once."""
        return await usage.of_site(actor, name)

    return api

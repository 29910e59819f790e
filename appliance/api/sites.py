"""Sites: list, create, show, change, delete."""

from typing import Annotated, Literal

import msgspec
from quart import Blueprint

from appliance.actor import Actor
from appliance.api.edge import Body, Listing, Page, endpoint
from appliance.errors import Conflict, Invalid, NotFound
from appliance.removals import Removals
from appliance.sites import ChangeSite, NewSite, SiteFacts, Sites


class SiteName(Body, frozen=True):
    """A site to be made."""

    name: Annotated[str, msgspec.Meta(max_length=100, description="1 to 48 of a-z, 0-9 and single hyphens")]


class SiteOptions(Body, frozen=True):
    """Options to change; what is left out stays. They are recorded in each deploy from the next one on."""

    dialect: Literal["netlify", "cloudflare"] | msgspec.UnsetType = msgspec.UNSET
    html: Literal["natural", "auto", "slash", "noslash", "exact"] | msgspec.UnsetType = msgspec.UNSET
    spa: bool | msgspec.UnsetType = msgspec.UNSET
    minify: bool | msgspec.UnsetType = msgspec.UNSET
    any_case: bool | msgspec.UnsetType = msgspec.UNSET
    head_snippet: (
        Annotated[str, msgspec.Meta(description="HTML at the end of the head of every page")] | msgspec.UnsetType
    ) = msgspec.UNSET


class SitePage(Listing[SiteFacts], frozen=True):
    """One page of sites, by name."""


def blueprint(sites: Sites, removals: Removals) -> Blueprint:
    """The routes."""
    api = Blueprint("api_sites", __name__)

    @endpoint(api, "/sites", query=Page, reply=SitePage, any_site=True)
    async def list_sites(*, actor: Actor, query: Page) -> SitePage:
        """List the sites the account may see."""
        items, total = await sites.listing(actor, query.page, query.per_page)
        return SitePage(items, query.page, query.per_page, total)

    @endpoint(api, "/sites", method="POST", body=SiteName, reply=SiteFacts, status=201, errors=(Conflict, Invalid))
    async def create_site(*, actor: Actor, body: SiteName) -> SiteFacts:
        """Create a site."""
        return await sites.create(actor, NewSite(body.name))

    @endpoint(api, "/sites/<name>", reply=SiteFacts, errors=(NotFound,))
    async def show_site(*, actor: Actor, name: str) -> SiteFacts:
        """Show a site."""
        return await sites.get(actor, name)

    @endpoint(api, "/sites/<name>", method="PATCH", body=SiteOptions, reply=SiteFacts, errors=(NotFound, Invalid))
    async def change_site(*, actor: Actor, name: str, body: SiteOptions) -> SiteFacts:
        """Change a site's options."""
        given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not msgspec.UNSET}
        return await sites.change(actor, name, ChangeSite(**given))

    @endpoint(api, "/sites/<name>", method="DELETE", status=204, errors=(NotFound,))
    async def delete_site(*, actor: Actor, name: str) -> None:
        """Delete a site with all its deploys: visitors get 404 at once.

        For `keep_deleted` it can be restored, and its name stays taken; then it is removed for good.
        """
        await removals.remove(actor, name)

    return api

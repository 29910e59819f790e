"""Personal tokens: list, create, delete one's own."""

from datetime import datetime
from typing import Annotated

import msgspec
from quart import Blueprint

from appliance import tokens
from appliance.actor import Actor, Right
from appliance.api.edge import KEY, Body, Listing, Page, endpoint
from appliance.errors import Conflict, NotFound
from appliance.tokens import TokenFacts


class TokenPage(Listing[TokenFacts], frozen=True):
    """A page of personal tokens, oldest first."""


class TokenToCreate(Body, frozen=True, kw_only=True):
    """A personal token to be made; its name says what it is for.

    `right` is what it may do: read, deploy (and read), or all. With `site` it is for that site only.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    right: Right = "all"
    site: Annotated[str, msgspec.Meta(max_length=100)] = ""


class CreatedToken(msgspec.Struct, frozen=True):
    """A personal token just made; `token` is shown this once."""

    token: str
    id: int
    name: str
    hint: str
    created_at: datetime
    right: Right
    site: str | None


def blueprint() -> Blueprint:
    """The routes."""
    api = Blueprint("api_tokens", __name__)

    @endpoint(api, "/tokens", query=Page, reply=TokenPage)
    async def list_tokens(*, actor: Actor, query: Page) -> TokenPage:
        """List one's own personal tokens."""
        items, total = await tokens.listing(actor, query.page, query.per_page)
        return TokenPage(items, query.page, query.per_page, total)

    @endpoint(
        api, "/tokens", method="POST", body=TokenToCreate, reply=CreatedToken, status=201, errors=(Conflict, NotFound)
    )
    async def create_token(*, actor: Actor, body: TokenToCreate) -> CreatedToken:
        """Create a personal token; the answer is the only place where it can be read."""
        new = await tokens.create(actor, body.name, body.right, body.site)
        made = new.facts
        return CreatedToken(new.token, made.id, made.name, made.hint, made.created_at, made.right, made.site)

    @endpoint(api, f"/tokens/<{KEY}:token>", method="DELETE", status=204)
    async def delete_token(*, actor: Actor, token: int) -> None:
        """Delete one of one's own personal tokens; it stops working at once."""
        await tokens.remove(actor, token)

    return api

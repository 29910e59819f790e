"""Personal tokens: list, create, delete one's own."""

from datetime import datetime
from typing import Annotated

import msgspec
from quart import Blueprint

from appliance import tokens
from appliance.actor import Actor
from appliance.api.edge import KEY, Body, Listing, Page, endpoint
from appliance.errors import Conflict
from appliance.tokens import TokenFacts


class TokenPage(Listing[TokenFacts], frozen=True):
    """A page of personal tokens, oldest first."""


class TokenToCreate(Body, frozen=True, kw_only=True):
    """A personal token to be made; its name says what it is for."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class CreatedToken(msgspec.Struct, frozen=True):
    """A personal token just made; `token` is shown this once."""

    token: str
    id: int
    name: str
    hint: str
    created_at: datetime


def blueprint() -> Blueprint:
    """The routes."""
    api = Blueprint("api_tokens", __name__)

    @endpoint(api, "/tokens", query=Page, reply=TokenPage)
    async def list_tokens(*, actor: Actor, query: Page) -> TokenPage:
        """List one's own personal tokens."""
        items, total = await tokens.listing(actor, query.page, query.per_page)
        return TokenPage(items, query.page, query.per_page, total)

    @endpoint(api, "/tokens", method="POST", body=TokenToCreate, reply=CreatedToken, status=201, errors=(Conflict,))
    async def create_token(*, actor: Actor, body: TokenToCreate) -> CreatedToken:
        """Create a personal token; the answer is the only place where it can be read."""
        new = await tokens.create(actor, body.name)
        return CreatedToken(new.token, new.facts.id, new.facts.name, new.facts.hint, new.facts.created_at)

    @endpoint(api, f"/tokens/<{KEY}:token>", method="DELETE", status=204)
    async def delete_token(*, actor: Actor, token: int) -> None:
        """Delete one of one's own personal tokens; it stops working at once."""
        await tokens.remove(actor, token)

    return api

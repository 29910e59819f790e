"""The account that is asking."""

from typing import Annotated

import msgspec
from quart import Blueprint

from appliance import accounts, guard
from appliance.access import Access
from appliance.accounts import AccountFacts
from appliance.actor import Actor
from appliance.api.edge import Body, endpoint
from appliance.errors import TooMany
from appliance.sign_in import prove_again


class NewPassword(Body, frozen=True, kw_only=True):
    """A new password, and the current one to prove who asks."""

    password: Annotated[str, msgspec.Meta(max_length=1024)]
    current_password: Annotated[str, msgspec.Meta(max_length=1024)]


def blueprint(access: Access) -> Blueprint:
    """The routes."""
    api = Blueprint("api_me", __name__)

    @endpoint(api, "/me", reply=AccountFacts, any_site=True)
    async def show_me(*, actor: Actor) -> AccountFacts:
        """Show the account that is asking."""
        return await accounts.get(actor, actor.id)

    @endpoint(api, "/me", method="PATCH", body=NewPassword, reply=AccountFacts, errors=(TooMany,))
    async def change_me(*, actor: Actor, body: NewPassword) -> AccountFacts:
        """Change one's own password, which ends all other sign-ins of the account."""
        await prove_again(access, actor, body.current_password)
        return await accounts.set_password(access, actor, body.password, keep_session=guard.signed().session)

    return api

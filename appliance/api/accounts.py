"""Accounts: list, create, show, change."""

from typing import Annotated, Literal

import msgspec
from quart import Blueprint

from appliance import accounts
from appliance.access import Access
from appliance.accounts import AccountFacts, ChangeAccount, NewAccount
from appliance.actor import Actor
from appliance.api.edge import KEY, Body, Listing, Page, endpoint
from appliance.errors import Conflict
from appliance.plan import LONGEST_NAME

Role = Literal["operator", "admin", "user"]
Password = Annotated[str, msgspec.Meta(max_length=1024)]


class AccountPage(Listing[AccountFacts], frozen=True):
    """A page of accounts, oldest first."""


class AccountToCreate(Body, frozen=True, kw_only=True):
    """An account to be made; without a password only personal tokens work."""

    email: Annotated[str, msgspec.Meta(max_length=254, extra_json_schema={"format": "email"})]
    role: Role = "user"
    password: Password | None = None


class AccountToChange(Body, frozen=True, kw_only=True):
    """What to change; what is left out stays."""

    role: Role | msgspec.UnsetType = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET
    password: Password | msgspec.UnsetType = msgspec.UNSET
    plan: (
        Annotated[str, msgspec.Meta(max_length=LONGEST_NAME, description='of GET /plans; "" for the usual one')]
        | msgspec.UnsetType
    ) = msgspec.UNSET


def blueprint(access: Access) -> Blueprint:
    """The routes."""
    api = Blueprint("api_accounts", __name__)

    @endpoint(api, "/accounts", query=Page, reply=AccountPage)
    async def list_accounts(*, actor: Actor, query: Page) -> AccountPage:
        """List the accounts, for operators and admins."""
        items, total = await accounts.listing(actor, query.page, query.per_page)
        return AccountPage(items, query.page, query.per_page, total)

    @endpoint(api, "/accounts", method="POST", body=AccountToCreate, reply=AccountFacts, status=201, errors=(Conflict,))
    async def create_account(*, actor: Actor, body: AccountToCreate) -> AccountFacts:
        """Create an account: operators any, admins users."""
        return await accounts.create(access, actor, NewAccount(body.email, body.role, body.password))

    @endpoint(api, f"/accounts/<{KEY}:account>", reply=AccountFacts)
    async def show_account(*, actor: Actor, account: int) -> AccountFacts:
        """Show an account: one's own, or any for operators and admins."""
        return await accounts.get(actor, account)

    @endpoint(
        api, f"/accounts/<{KEY}:account>", method="PATCH", body=AccountToChange, reply=AccountFacts, errors=(Conflict,)
    )
    async def change_account(*, actor: Actor, account: int, body: AccountToChange) -> AccountFacts:
        """Change an account's role, standing, password or plan, for operators.

        Disabling it and setting its password end its sign-ins at once.
        """
        given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not msgspec.UNSET}
        return await accounts.change(access, actor, account, ChangeAccount(**given))

    return api

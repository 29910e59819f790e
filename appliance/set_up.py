"""The first account: made once, by whoever holds the link printed at start."""

import hmac
import secrets

from tortoise.transactions import in_transaction

from appliance import audit
from appliance.access import Access
from appliance.accounts import checked_email, close_set_up
from appliance.actor import Actor
from appliance.errors import Conflict, Forbidden
from appliance.models.account import Account, SetUp
from appliance.passwords import check_password
from appliance.sessions import TOKEN_BYTES, token_hash


async def is_open() -> bool:
    """Whether the first account is still to be made."""
    return not await Account.exists()


async def begin(access: Access) -> str:
    """Make the set-up token for this start; the one before stops working. Conflict once there is an account."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    async with in_transaction():
        await SetUp.filter(id=1).delete()
        await SetUp.create(id=1, token_hash=token_hash(token), created_at=access.now())
        if not await is_open():
            raise _done()
    return token


async def claim(access: Access, token: str, email: str, password: str, address: str = "") -> Actor:
    """Make the first account, an operator. Of any number of claims at once, and of `account create`, one wins.

    Raises Conflict when it is done already, Forbidden for a wrong token, Invalid for e-mail or password.
    """
    await _check_token(token)
    email = checked_email(email)
    check_password(password, email=email, at_least=access.settings.password_length)
    hashed = await access.passwords.hash(password)
    async with in_transaction():
        mine = await SetUp.filter(id=1, token_hash=token_hash(token), claimed_at__isnull=True).update(
            claimed_at=access.now()
        )
        if not mine or not await close_set_up(access):
            raise _done()
        account = await Account.create(email=email, role="operator", password=hashed)
        actor = Actor(account.id, account.email, account.role, via="set-up link", address=address)
        await audit.record(actor, "account.create", email=email, role="operator")
    return actor


async def _check_token(token: str) -> None:
    if not await is_open():
        raise _done()
    row = await SetUp.get_or_none(id=1)
    if row is None or not hmac.compare_digest(row.token_hash, token_hash(token)):
        raise Forbidden(
            "This set-up link is not the current one: use the link printed when the server last started.",
            code="wrong_set_up_token",
        )


def _done() -> Conflict:
    return Conflict("This installation is set up already: sign in instead.", code="set_up_done")

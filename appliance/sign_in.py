"""Signing in with e-mail and password, and proving a password again."""

from appliance import sessions, throttle
from appliance.access import Access
from appliance.accounts import Actor, normal_email
from appliance.errors import Busy, Invalid, NotSignedIn
from appliance.models.account import Account
from appliance.sessions import Issued


async def sign_in(access: Access, email: str, password: str, client: str = "") -> Issued:
    """Start a session. Raises NotSignedIn, alike for every reason, or TooMany after too many failures."""
    account = await _proved(access, email, password)
    if account is None:
        raise NotSignedIn("This e-mail and password do not match an account.", code="wrong_password")
    return await sessions.begin(access, Actor(account.id, account.email, account.role), client)


async def prove_again(access: Access, actor: Actor, password: str) -> None:
    """Make sure it is still the account's owner who acts. Raises Invalid, or TooMany after too many failures."""
    if await _proved(access, actor.email, password) is None:
        raise Invalid(
            "The current password is not right.",
            code="wrong_password",
            fields={"current_password": "is not this account's password"},
        )


async def _proved(access: Access, email: str, password: str) -> Account | None:
    await throttle.count_try(access, email)
    account = await Account.get_or_none(email=normal_email(email))
    right = await _is_right(access, email, account, password)
    if account is None or not right or account.disabled_at is not None:
        return None
    await throttle.forget(email)
    await _rehash(access, account, password)
    return account


async def _is_right(access: Access, email: str, account: Account | None, password: str) -> bool:
    try:
        return await access.passwords.prove(account.password if account else None, password)
    except Busy:
        await throttle.take_back(email)
        raise


async def _rehash(access: Access, account: Account, password: str) -> None:
    """Store the password under today's parameters, unless it was changed while we were at it."""
    if account.password is not None and access.passwords.is_dated(account.password):
        hashed = await access.passwords.hash(password)
        await Account.filter(id=account.id, password=account.password).update(password=hashed)

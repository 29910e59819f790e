"""Signing in with e-mail and password, and proving a password again."""

from collections.abc import Awaitable, Callable
from functools import partial

from appliance import audit, sessions, throttle
from appliance.access import Access
from appliance.accounts import EMAIL_LENGTH, normal_email
from appliance.actor import Actor
from appliance.errors import Busy, Invalid, NotSignedIn
from appliance.models.account import Account
from appliance.sessions import Issued


async def sign_in(access: Access, email: str, password: str, client: str = "", address: str = "") -> Issued:
    """Start a session; `client` is a User-Agent, `address` where it asks from.

    Raises NotSignedIn, alike for every reason, or TooMany after too many failures.
    """
    account = await _proved(access, email, password, address)
    if account is None:
        nobody = Actor(0, "", "user", via="password", address=address)
        await audit.record_failure(nobody, "sign-in.failed", email=normal_email(email)[:EMAIL_LENGTH])
        raise NotSignedIn("This e-mail and password do not match an account.", code="wrong_password")
    actor = Actor(account.id, account.email, account.role, via="password", address=address)
    issued = await sessions.begin(access, actor, client)
    await audit.record(actor, "sign-in", client=client)
    return issued


async def sign_out(access: Access, actor: Actor, session: int) -> None:
    """End a session, with all its tokens, at once."""
    await sessions.end(access, session)
    await audit.record(actor, "sign-out")
    access.news.account(actor.id)  # for its windows that list its sign-ins


async def prove_again(access: Access, actor: Actor, password: str) -> None:
    """Make sure it is still the account's owner who acts. Raises Invalid, or TooMany after too many failures.

    Each is counted as a failed sign-in is, also for the network it comes from.
    """
    if await _proved(access, actor.email, password, actor.address) is None:
        await audit.record_failure(actor, "account.password.failed")
        raise Invalid(
            "The current password is not right.",
            code="wrong_password",
            fields={"current_password": "is not this account's password"},
        )


async def _proved(access: Access, email: str, password: str, address: str = "") -> Account | None:
    await throttle.count_try(access, email, address)
    account = await Account.get_or_none(email=normal_email(email))
    right = await _is_right(access, account, password, partial(throttle.take_back, access, email, address))
    if account is None or not right or account.disabled_at is not None:
        return None
    await throttle.forget(access, email, address)
    await _rehash(access, account, password)
    return account


async def _is_right(
    access: Access, account: Account | None, password: str, take_back: Callable[[], Awaitable[None]]
) -> bool:
    try:
        return await access.passwords.prove(account.password if account else None, password)
    except Busy:
        await take_back()
        raise


async def _rehash(access: Access, account: Account, password: str) -> None:
    """Store the password under today's parameters, unless it was changed while we were at it."""
    if account.password is not None and access.passwords.is_dated(account.password):
        hashed = await access.passwords.hash(password)
        await Account.filter(id=account.id, password=account.password).update(password=hashed)

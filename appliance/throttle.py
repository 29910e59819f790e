"""Slows down guessing at one account's password: counts tries per e-mail address in the database."""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.expressions import F, Q
from tortoise.transactions import in_transaction

from appliance.access import Access
from appliance.accounts import normal_email
from appliance.errors import Limit, TooMany
from appliance.models.account import SignInFailure

FIRST_WAIT = timedelta(seconds=2)  # doubles with every further failure, up to `sign_in_window`


@dataclass(frozen=True, slots=True)
class _Blocked:
    until: datetime


async def count_try(access: Access, email: str) -> None:
    """Count one try for an e-mail, known or not, before its password is looked at; TooMany while it has to wait.

    Counting first is what makes it hold under concurrency: a thousand tries sent at once are a thousand counted, not
    a thousand that all saw an empty counter. `forget` takes them back after a success.
    """
    key, now = _key(email), access.now()
    await _prune(access, now)
    await SignInFailure.bulk_create([SignInFailure(email_hash=key, first_at=now)], ignore_conflicts=True)
    blocked = await _count(access, key, now)
    if blocked is not None:
        seconds = max(1, math.ceil((blocked.until - now).total_seconds()))
        raise TooMany(
            f"Too many failed sign-ins for this account; try again in {seconds} seconds.",
            retry_after=seconds,
            code="too_many_sign_ins",
            limit=Limit("sign_in_attempts", str(access.settings.sign_in_attempts)),
        )


async def forget(email: str) -> None:
    """Forget the tries counted for an e-mail: its password was right."""
    await SignInFailure.filter(email_hash=_key(email)).delete()


async def take_back(email: str) -> None:
    """Take one try back: nobody had the time to look at its password. A wait that it began stays."""
    await SignInFailure.filter(email_hash=_key(email), count__gt=0).update(count=F("count") - 1)


async def _count(access: Access, key: str, now: datetime) -> _Blocked | None:
    longest = now + timedelta(seconds=access.settings.sign_in_window)  # more waits only where the clock was set back
    async with in_transaction():
        over = Q(blocked_until__isnull=True) | Q(blocked_until__lte=now) | Q(blocked_until__gt=longest)
        free = SignInFailure.filter(over, email_hash=key)
        counted = await free.update(count=F("count") + 1)
        row = await SignInFailure.get(email_hash=key)
        if not counted and row.blocked_until is not None:
            return _Blocked(row.blocked_until)
        excess = row.count - access.settings.sign_in_attempts
        if excess >= 0:
            await SignInFailure.filter(id=row.id).update(blocked_until=now + _wait(access, excess))
    return None


def _wait(access: Access, excess: int) -> timedelta:
    longest = timedelta(seconds=access.settings.sign_in_window)
    doublings = 1 << min(excess, 30)  # enough to pass any window
    return min(FIRST_WAIT * doublings, longest)


async def _prune(access: Access, now: datetime) -> None:
    stale = now - timedelta(seconds=access.settings.sign_in_window)
    await SignInFailure.filter(Q(blocked_until__isnull=True) | Q(blocked_until__lte=now), first_at__lte=stale).delete()


def _key(email: str) -> str:
    return hashlib.sha256(normal_email(email).encode("utf-8", "surrogatepass")).hexdigest()

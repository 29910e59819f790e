"""Slows down guessing at passwords: counts tries per e-mail address, and per network, in the database."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Never

from tortoise.expressions import F, Q
from tortoise.transactions import in_transaction

from appliance.access import Access
from appliance.accounts import normal_email
from appliance.errors import Limit, TooMany
from appliance.models.account import SignInFailure
from appliance.networks import network_of, tells_visitors_apart

_OF_ACCOUNT = "sign_in_attempts"
FIRST_WAIT = timedelta(seconds=2)  # doubles with every further failure, up to `sign_in_window`


@dataclass(frozen=True, slots=True)
class _Counter:
    """Tries of one kind: the key they are counted under, how many are free, and by which setting."""

    key: str
    most: int
    setting: str


@dataclass(frozen=True, slots=True)
class _Blocked:
    until: datetime


async def count_try(access: Access, email: str, address: str = "") -> None:
    """Count one try for an e-mail, known or not, before its password is looked at; TooMany while it has to wait.

    It counts for the network that `address` is in, too, so that nobody tries one password with many e-mails. Counting
    first is what makes it hold under concurrency: a thousand tries sent at once are a thousand counted, not a thousand
    that all saw an empty counter. `forget` takes them back after a success.
    """
    now = access.now()
    await _prune(access, now)
    counted: list[_Counter] = []
    for counter in _counters(access, email, address):
        blocked = await _count(access, counter, now)
        if blocked is not None:
            await _take_back(counted)  # nobody learns anything from a try that is not looked at
            _refuse(counter, math.ceil((blocked.until - now).total_seconds()))
        counted.append(counter)


async def forget(access: Access, email: str, address: str = "") -> None:
    """Forget the tries counted for an e-mail, whose password was right; of its network's this one.

    Otherwise somebody with an account could go on guessing at those of others.
    """
    network, account = _split(access, email, address)
    await SignInFailure.filter(email_hash=account.key).delete()
    await _take_back(network)


async def take_back(access: Access, email: str, address: str = "") -> None:
    """Take one try back: nobody had the time to look at its password. A wait that it began stays."""
    await _take_back(_counters(access, email, address))


def _counters(access: Access, email: str, address: str) -> list[_Counter]:
    network, account = _split(access, email, address)
    return [*network, account]


def _split(access: Access, email: str, address: str) -> tuple[list[_Counter], _Counter]:
    """What counts tries from a network, if any does, and what counts those at an account."""
    settings = access.settings
    account = _Counter(_key(email), settings.sign_in_attempts, _OF_ACCOUNT)
    most = settings.sign_in_network_attempts
    if not most or not tells_visitors_apart(address, settings.trusted_proxies):
        return [], account
    return [_Counter(_network_key(address), most, "sign_in_network_attempts")], account


async def _take_back(counters: Iterable[_Counter]) -> None:
    for counter in counters:
        await SignInFailure.filter(email_hash=counter.key, count__gt=0).update(count=F("count") - 1)


def _refuse(counter: _Counter, wait: int) -> Never:
    seconds, code = max(1, wait), "too_many_sign_ins"
    limit = Limit(counter.setting, str(counter.most))
    if counter.setting == _OF_ACCOUNT:
        raise TooMany(
            f"Too many failed sign-ins for this account; try again in {seconds} seconds.",
            retry_after=seconds,
            code=code,
            limit=limit,
        )
    raise TooMany(
        f"Too many failed sign-ins from your network; try again in {seconds} seconds.",
        retry_after=seconds,
        code=code,
        limit=limit,
    )


async def _count(access: Access, counter: _Counter, now: datetime) -> _Blocked | None:
    key = counter.key
    await SignInFailure.bulk_create([SignInFailure(email_hash=key, first_at=now)], ignore_conflicts=True)
    longest = now + timedelta(seconds=access.settings.sign_in_window)  # more waits only where the clock was set back
    async with in_transaction():
        over = Q(blocked_until__isnull=True) | Q(blocked_until__lte=now) | Q(blocked_until__gt=longest)
        free = SignInFailure.filter(over, email_hash=key)
        counted = await free.update(count=F("count") + 1)
        row = await SignInFailure.get(email_hash=key)
        if not counted and row.blocked_until is not None:
            return _Blocked(row.blocked_until)
        excess = row.count - counter.most
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


def _network_key(address: str) -> str:
    """Made in another way than those of e-mails, so that no e-mail that is tried counts for a network."""
    return hashlib.blake2b(network_of(address).encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()

"""Passwords: what may be one, and how they are hashed and proved without stalling the server."""

import asyncio
import base64
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from appliance.errors import Busy, Invalid, Limit

LONGEST = 1024  # characters; more helps nobody and hashing would read it all

# argon2id by OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane; about 20 ms. Its memory-heavier
# equals (46 MiB, one pass) would triple what a sign-in adds to a server that idles under 90 MB.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1

AT_ONCE = 2  # hashes computed at the same time: bounds memory to 38 MiB and leaves the other cores to visitors
WAITING = 64  # hashes waited for; about a second's work, beyond which a flood of sign-ins is told to come back
COME_BACK = 3  # seconds

Result = TypeVar("Result")


def check_password(password: str, *, email: str, at_least: int) -> None:
    """Raise Invalid, in words for its author, when a new password may not be used."""
    fault = _fault(password, email, at_least)
    if fault is not None:
        limit = Limit("password_length", str(at_least)) if len(password) < at_least else None
        raise Invalid(f"This password {fault}.", code="bad_password", limit=limit, fields={"password": fault})


def _fault(password: str, email: str, at_least: int) -> str | None:
    if len(password) < at_least:
        return f"is too short: use at least {at_least} characters"
    if len(password) > LONGEST:
        return f"is too long: use at most {LONGEST} characters"
    if password.strip().lower() == email:
        return "is the e-mail address itself: use another"
    if any("\ud800" <= character <= "\udfff" for character in password):
        return "is not valid Unicode text"
    return None


class Passwords:
    """Hashes and proves passwords in threads, a few at once."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._in_line = 0
        self._nobodys = _hash_nobody_has(self._hasher)

    async def hash(self, password: str) -> str:
        """An argon2id hash with its salt and parameters, as text. Raises Busy when too many wait."""
        return await self._in_turn(lambda: self._hasher.hash(_encoded(password)))

    async def prove(self, hashed: str | None, password: str) -> bool:
        """Whether the password is the one hashed; takes as long when there is none to compare with."""
        return await self._in_turn(lambda: self._matches(hashed, password))

    def is_dated(self, hashed: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def _matches(self, hashed: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(hashed or self._nobodys, _encoded(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[[], Result]) -> Result:
        if self._in_line >= WAITING:
            raise Busy(
                "Too many people are signing in at this moment; try again in a few seconds.", retry_after=COME_BACK
            )
        self._in_line += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._in_line -= 1


def _hash_nobody_has(hasher: PasswordHasher) -> str:
    """A well-formed hash with the hasher's costs, salt and digest all zero: no password is known to give it."""
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, digest = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v=19${costs}${salt}${digest}"


def _encoded(password: str) -> bytes:
    # RFC 8265 (OpaqueString): the same password typed on two systems may arrive in two Unicode forms.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")

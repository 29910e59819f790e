"""A plane whose sites have a gate or locks, and what visitors bring to them."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from argon2 import PasswordHasher

from appliance.addresses import Addresses
from appliance.gate_attempts import Attempts
from appliance.gatekeeper import Gatekeeper
from appliance.passwords import Passwords
from appliance.serving.entrance import compile_locks
from appliance.serving.entrances import Entrances
from appliance.storage.rules import Lock
from tests.serving.lanes import LANES, Plane, Wiring, release, running
from tests.serving.visitors import Answer, Header

PASSWORD = "open sesame please"
TOKEN = b"ddb_token"
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASHED = HASHER.hash(PASSWORD)
FILES = {
    "index.html": b"<h1>secret</h1>",
    "docs/index.html": b"secret docs",
    "404.html": b"secret 404",
    "members/list.html": b"members",
}
SITE, PREVIEW, LOCKED = b"gated.localhost", b"d1--gated.localhost", b"locked.localhost"
BROWSER: Header = (b"accept", b"text/html,*/*;q=0.8")
LATER = 4_000_000_000
LINK = "abcdef"


def basic(user: str, password: str) -> Header:
    return (b"authorization", b"Basic " + base64.b64encode(f"{user}:{password}".encode()))


@dataclass
class Guarded:
    """A plane whose sites have gates."""

    plane: Plane
    entrances: Entrances
    attempts: Attempts

    def gate(self, *, password: str | None = HASHED, version: str = "v1", links: dict[str, int] | None = None) -> None:
        """Give the site a gate, and everything of it the entrance that follows."""
        made = self.entrances.make("gated", version, password, links or {}, hashlib.sha256(TOKEN).digest())

        async def swap() -> None:
            self.entrances.put("everything", made)
            found = self.plane.found
            found.update({host: self.entrances.before(known) for host, known in found.items()})
            self.plane.table.change("gated", self.entrances.before)

        self.plane.call(swap())

    def as_it_began(self) -> None:
        """The gate it began with, and no tries counted."""
        self.gate(links={LINK: LATER})
        self.attempts._addresses._counts.clear()
        self.attempts._sites._counts.clear()

    def open(self) -> None:
        """Take the site's gate away."""

        async def swap() -> None:
            self.entrances.drop("gated")
            self.plane.table.change("gated", self.entrances.before)

        self.plane.call(swap())

    def get(self, lane: str, target: bytes, *headers: Header, host: bytes = SITE, method: bytes = b"GET") -> Answer:
        with LANES[lane](self.plane.port) as visitor:
            return visitor.get(target, *headers, host=host, method=method)

    def link(self, name: str, ends: int) -> bytes:
        return self.entrances.make("gated", "", None, {}, b"").share_link(name, ends).encode()


@contextmanager
def guarding(blobs: Path) -> Iterator[Guarded]:
    """A plane with a gated site, one with locks, and an open one."""
    entrances = Entrances(key=bytes(32))
    addresses = Addresses("localhost", "localhost", "http", 80)
    attempts = Attempts(per_address=6, per_site=1_000, window=60)
    keeper = Gatekeeper(
        Passwords(HASHER), entrances, attempts, read=addresses.read, is_site=lambda name: name == "gated"
    )
    with running(Wiring(keeper=keeper)) as plane:
        made = Guarded(plane, entrances, attempts)
        made.gate()
        gated = replace(release(blobs, FILES), site="gated")
        plane.put(SITE.decode(), entrances.before(gated))
        plane.found[PREVIEW.decode()] = entrances.before(gated)
        rules = (Lock("/members/*", (f"ann:{HASHED}",)), Lock("/members/list", (f"bob:{HASHED}", "bob:no hash")))
        locked = replace(release(blobs, FILES), site="locked", locks=compile_locks(rules, "netlify"))
        plane.put(LOCKED.decode(), entrances.before(locked))
        plane.put("open.localhost", release(blobs, FILES))
        yield made


def cookie_of(answer: Answer) -> Header:
    return (b"cookie", answer.headers["set-cookie"].partition(";")[0].encode())

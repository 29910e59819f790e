"""The standing cast: Alice owns, Bob is another user, Charlie is a stranger, Adam administers, Olga operates."""

from dataclasses import dataclass

from argon2 import PasswordHasher


@dataclass(frozen=True)
class Person:
    """Somebody who signs in."""

    email: str
    password: str
    role: str


OLGA = Person("olga@example.org", "olga keeps it running", "operator")
ADAM = Person("adam@example.org", "adam minds the people", "admin")
ALICE = Person("alice@example.org", "alice owns this site", "user")
BOB = Person("bob@example.org", "bob has his own site", "user")
CHARLIE = Person("charlie@example.org", "charlie is a stranger", "user")

EVERYBODY = (OLGA, ADAM, ALICE, BOB, CHARLIE)

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # KiB, for their passwords

"""Fixtures for tests below the server: a database of their own, a clock to move, keys, and the cast's accounts."""

import functools
import logging
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import hypothesis
import pytest
import structlog

from appliance import accounts, db
from appliance.access import Access, Keys
from appliance.accounts import NewAccount
from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.passwords import Passwords
from appliance.settings import Settings
from tests.cast import ADAM, ALICE, BOB, OLGA, QUICK, Person
from tests.clock import Clock
from tests.fresh import lay_database

pytest_plugins = [
    "tests.selection",  # which tests run here, and what is said of those that do not
    "tests.measuring",  # and whose lines are counted
]

# How long an example takes says how busy the machine is, not whether it is right.
hypothesis.settings.register_profile("anywhere", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("anywhere")

# A client reads all authorities that are trusted, which takes 20 ms, and there are thousands: they share what was read.
httpx._transports.default.create_ssl_context = functools.cache(httpx.create_ssl_context)  # type: ignore[attr-defined]

# Tests start hundreds of servers and build children: what one has compiled is there for the next.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

SECRET = "a secret key of more than thirty-two characters"


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    """Takes back what `logs.configure` sets for the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(clock: Clock, tmp_path: Path) -> Access:
    return Access(Settings(data=tmp_path / "data"), Keys.derive(SECRET), Passwords(QUICK), clock)


@pytest.fixture
async def database(access: Access) -> AsyncIterator[DataFolder]:
    """A database of this test's own, open."""
    folder = DataFolder(access.settings.data)
    folder.create()
    lay_database(folder.root)
    async with await db.open(folder):
        yield folder


async def join(access: Access, person: Person) -> Actor:
    """Make a person's account."""
    facts = await accounts.create(access, None, NewAccount(person.email, person.role, person.password))
    return Actor(facts.id, facts.email, facts.role)


@pytest.fixture
async def olga(access: Access, database: DataFolder) -> Actor:
    return await join(access, OLGA)


@pytest.fixture
async def adam(access: Access, olga: Actor) -> Actor:
    return await join(access, ADAM)


@pytest.fixture
async def alice(access: Access, olga: Actor) -> Actor:
    return await join(access, ALICE)


@pytest.fixture
async def bob(access: Access, olga: Actor) -> Actor:
    return await join(access, BOB)

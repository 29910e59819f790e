"""A server with the admin, and the cast sitting in front of it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

import admin_ui
from tests.admin_ui.desk import Desk
from tests.builders import Appliance, appliance
from tests.cast import ALICE, EVERYBODY


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Appliance]:
    """One server for a file of tests, which keep apart by the names of their sites."""
    data = tmp_path_factory.mktemp("admin") / "data"
    async with appliance(data, EVERYBODY, admin=admin_ui.blueprints) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def alice(server: Appliance) -> AsyncIterator[Desk]:
    """Alice, signed in with a browser."""
    async with Desk.of(server, ALICE) as desk:
        yield desk


@pytest_asyncio.fixture(loop_scope="session")
async def stranger(server: Appliance) -> AsyncIterator[Desk]:
    """Somebody without an account."""
    async with Desk.of(server, None) as desk:
        yield desk

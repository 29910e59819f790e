"""A server with the admin, and the cast sitting in front of it."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.sync_api import Browser

import admin_ui
from admin_ui.languages import shipped
from admin_ui.words import speak
from tests.admin_ui.desk import Desk
from tests.admin_ui.house import House, set_up
from tests.admin_ui.window import Chromium, Window
from tests.builders import Appliance, appliance
from tests.cast import ALICE, EVERYBODY, OLGA


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """The browsers of a file of tests."""
    with Chromium.at_hand() as at_hand:
        yield at_hand


@pytest.fixture
def browser(chromium: Chromium) -> Browser:
    """Chromium, the same for a file of tests unless it ends: then only the test fails that it ended in."""
    return chromium.browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server in a process of its own that Olga has set up."""
    with set_up(tmp_path_factory.mktemp("house") / "data") as made:
        yield made


@pytest.fixture
def olga(browser: Browser, house: House) -> Iterator[Window]:
    """Olga's window, signed in."""
    with Window.on(browser, house.server.url) as window:
        window.sign_in(OLGA)
        yield window


@pytest.fixture
def german() -> Iterator[None]:
    """Everything is said in German."""
    speak(shipped().all["de"])
    yield
    speak(shipped().english)

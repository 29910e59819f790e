"""Every screen in its states is looked at in a real Chromium: nothing complains, nothing is cut off, axe finds nothing.

At length (`make test-long`) that is every state in light and dark, on a phone and on a desk, from left to right and
from right to left, and each picture is kept in `test-results/screens/` for people to look at. What the browser
complains of fails a test, a violation of the Content-Security-Policy too (`Window`).
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page

from tests.admin_ui.camera import SIZES, Camera, overflow, violations
from tests.admin_ui.states import STATES, State
from tests.admin_ui.window import Chromium, Window
from tests.admin_ui.world import World, world
from tests.cast import Person

pytestmark = pytest.mark.needs("chromium")

PICTURES = Path(__file__).parents[2] / "test-results" / "screens"
SCHEMES = ("light", "dark")
FEW = ("sign_in-empty", "sites-filled", "site-filled", "deploy-asking", "account-refused", "components-all")


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("seen") / "data") as laid_out:
        yield laid_out


@pytest.fixture(scope="module")
def signed() -> dict[Person, Any]:
    """Who has signed in for a camera, which the others need not repeat."""
    return {}


@pytest.fixture
def cameras(browser: Browser, everything: World, signed: dict[Person, Any]) -> list[Camera]:
    """Light and dark, on a desk and on a phone."""
    return [Camera(browser, everything, scheme, size, signed=signed) for scheme, size in product(SCHEMES, SIZES)]


@pytest.mark.parametrize("state", [state for state in STATES if state.id in FEW], ids=lambda state: state.id)
def test_a_screen_has_no_barriers(cameras: list[Camera], state: State) -> None:
    with cameras[0].on(state) as page:
        assert violations(page) == []
        page.set_viewport_size(SIZES["phone"])
        assert overflow(page) == 0


def test_what_breaks_the_policy_is_complained_of(browser: Browser, everything: World) -> None:
    with Window.on(browser, everything.url) as window:
        window.expect("Content Security Policy")
        window.page.goto(f"{everything.url}/sign-in")
        with window.page.expect_console_message():
            window.page.evaluate("document.body.setAttribute('style', 'color: red')")

        assert window.complaints != []


@pytest.mark.long
def test_a_browser_that_ends_is_followed_by_another(chromium: Chromium, everything: World) -> None:
    with pytest.raises(Error, match="closed"):
        chromium.browser.new_browser_cdp_session().send("Browser.crash")

    with Window.on(chromium.browser, everything.url) as window:
        window.page.goto(f"{everything.url}/sign-in")


@pytest.mark.long
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.id)
def test_a_screen_is_seen_in_light_and_dark_on_phone_and_desk(cameras: list[Camera], state: State) -> None:
    found = []

    for camera in cameras:
        with camera.on(state) as page:
            keep(page, f"{state.id}-{camera.scheme}-{camera.size}")
            found += violations(page)
            assert overflow(page) == 0
            page.evaluate("document.documentElement.dir = 'rtl'")
            if camera.scheme == "light":
                keep(page, f"{state.id}-rtl-{camera.size}")
            assert overflow(page) == 0

    assert found == []


@pytest.mark.long
@pytest.mark.parametrize("theme", ["contrast", "dune", "fjord"])
def test_every_theme_is_seen_without_barriers(browser: Browser, everything: World, theme: str) -> None:
    states = [state for state in STATES if state.id in {"components-all", "site-filled"}]
    wrong = []

    for scheme, state in product(SCHEMES, states):
        with Camera(browser, everything, scheme).on(state) as page:
            page.evaluate(THEMED, theme)
            page.wait_for_function("(theme) => document.styleSheets[0].href.includes(theme)", arg=theme)
            keep(page, f"{state.id}-{scheme}-{theme}")
            wrong += violations(page)

    assert wrong == []


def keep(page: Page, name: str) -> None:
    """A picture of the whole page for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


THEMED = """(theme) => new Promise((done) => {
  const sheet = document.querySelector("link[rel=stylesheet]");
  sheet.addEventListener("load", done, { once: true });
  sheet.href = sheet.href.replace(/[a-z-]+\\.css$/, `${theme}.css`);
})"""

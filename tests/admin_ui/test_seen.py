"""Every screen in its states is looked at in a real Chromium: nothing complains, nothing is cut off, axe finds nothing.

At length (`make test-long`) that is every state in light and dark, on a phone and on a desk, and each picture is kept
in `test-results/screens/` for people to look at. What the browser complains of fails a test, a violation of the
Content-Security-Policy too (`Window`).
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.admin_ui.camera import SIZES, Camera, overflow, violations
from tests.admin_ui.states import STATES, State
from tests.admin_ui.world import World, world

pytestmark = pytest.mark.needs("chromium")

PICTURES = Path(__file__).parents[2] / "test-results" / "screens"
SCHEMES = ("light", "dark")
FEW = ("sign_in-empty", "sites-filled", "site-filled", "deploy-asking", "account-refused", "components-all")


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("seen") / "data") as laid_out:
        yield laid_out


@pytest.fixture(scope="module")
def camera(browser: Browser, everything: World) -> Camera:
    return Camera(browser, everything)


@pytest.mark.parametrize("state", [state for state in STATES if state.id in FEW], ids=lambda state: state.id)
def test_a_screen_has_no_barriers(camera: Camera, state: State) -> None:
    with camera.on(state) as page:
        assert violations(page) == []
        page.set_viewport_size({"width": SIZES["phone"][0], "height": SIZES["phone"][1]})
        assert overflow(page) == 0


@pytest.mark.long
@pytest.mark.parametrize(("scheme", "size"), list(product(SCHEMES, SIZES)))
def test_every_state_is_seen_without_barriers(browser: Browser, everything: World, scheme: str, size: str) -> None:
    camera = Camera(browser, everything, scheme, size)
    PICTURES.mkdir(parents=True, exist_ok=True)
    found: dict[str, object] = {}

    for state in STATES:
        with camera.on(state) as page:
            page.screenshot(path=PICTURES / f"{state.id}-{scheme}-{size}.png", full_page=True)
            wrong = [*violations(page), *([f"{overflow(page)} px too wide"] if overflow(page) else [])]
        if wrong:
            found[state.id] = wrong

    assert found == {}


@pytest.mark.long
@pytest.mark.parametrize("theme", ["contrast", "dune", "fjord"])
def test_every_theme_is_seen_without_barriers(browser: Browser, everything: World, theme: str) -> None:
    states = [state for state in STATES if state.id in {"components-all", "site-filled"}]
    wrong = []

    for scheme, state in product(SCHEMES, states):
        with Camera(browser, everything, scheme).on(state) as page:
            page.evaluate(THEMED, theme)
            page.wait_for_function("(theme) => document.styleSheets[0].href.includes(theme)", arg=theme)
            page.screenshot(path=PICTURES / f"{state.id}-{scheme}-{theme}.png", full_page=True)
            wrong += violations(page)

    assert wrong == []


THEMED = """(theme) => new Promise((done) => {
  const sheet = document.querySelector("link[rel=stylesheet]");
  sheet.addEventListener("load", done, { once: true });
  sheet.href = sheet.href.replace(/[a-z-]+\\.css$/, `${theme}.css`);
})"""

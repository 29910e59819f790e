"""The admin in German, in a real Chromium: what is dropped, what goes wrong, and that everything finds its place."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.admin_ui.camera import Camera, overflow
from tests.admin_ui.house import House
from tests.admin_ui.states import STATES
from tests.admin_ui.window import Window
from tests.admin_ui.world import world
from tests.builders import page, tar_of
from tests.cast import OLGA

pytestmark = pytest.mark.browser

PATIENCE = 30_000  # ms
SEND = """(button) => fetch(button.form.action, {  // from elsewhere: this page stays, and watches
  method: "POST", headers: { Accept: "text/html" }, body: new URLSearchParams(new FormData(button.form)),
})"""


@pytest.fixture
def window(house: House, browser: Browser) -> Iterator[Window]:
    """Olga's, whose browser asks for German."""
    with Window.on(browser, house.server.url, locale="de-AT") as opened:
        opened.sign_in(OLGA)
        yield opened


def put(path: Path, files: dict[str, str]) -> Path:
    path.write_bytes(tar_of(files))
    return path


def test_what_is_dropped_goes_live_in_german(window: Window, tmp_path: Path) -> None:
    window.new_site("deutsch")

    window.drop(put(tmp_path / "site.tar", {"a/index.html": page("Hallo"), "b/c.txt": "c"}))

    card = window.page.locator(".upload")
    expect(card).to_contain_text("Deploy 1 ist live", timeout=PATIENCE)
    expect(card).to_contain_text("Ganz oben ist keine index.html", timeout=PATIENCE)


def test_why_an_upload_was_refused_is_said_in_german(window: Window, tmp_path: Path) -> None:
    window.new_site("kaputt")

    window.drop(put(tmp_path / "site.tar", {"../oben.html": page("Hallo")}))

    refusal = window.page.locator(".upload [role=alert]")
    expect(refusal).to_contain_text("führt aus seinem Ordner hinaus", timeout=PATIENCE)


def test_the_log_of_a_deploy_ends_in_german(window: Window, tmp_path: Path) -> None:
    window.new_site("protokoll")
    source = {"mkdocs.yml": "site_name: x\n", "index.html": page("Hallo"), "_redirects": "/nirgends\n"}

    window.drop(put(tmp_path / "site.tar", source))
    window.page.get_by_role("link", name="Wählen, womit gebaut wird").click(timeout=PATIENCE)
    window.page.get_by_role("button", name="Unverändert veröffentlichen").evaluate(SEND)

    log = window.page.locator("#log .log")
    expect(log).to_contain_text("Diese Regel sagt nicht, wohin sie führt", timeout=PATIENCE)
    expect(log).not_to_contain_text("This rule", timeout=PATIENCE)


@pytest.mark.long
@pytest.mark.needs("chromium")
@pytest.mark.parametrize("size", ["phone", "desk"])
def test_nothing_is_too_wide_in_german(browser: Browser, tmp_path: Path, size: str) -> None:
    wide = {}

    with world(tmp_path / "data") as laid_out:
        camera = Camera(browser, laid_out, "light", size, language="de")
        for state in (state for state in STATES if state.act is None):
            with camera.on(state) as shown:
                wide[state.id] = overflow(shown)

    assert {name: pixels for name, pixels in wide.items() if pixels} == {}

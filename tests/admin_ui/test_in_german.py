"""The admin in German: what is dropped, what goes wrong, that nothing is in English and everything finds its place."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.admin_ui.camera import SIZES, Camera, overflow
from tests.admin_ui.english import english_on
from tests.admin_ui.house import House
from tests.admin_ui.reader import Reader
from tests.admin_ui.states import STATES, State
from tests.admin_ui.window import Window
from tests.admin_ui.world import CLIENTS, FAILED, FIRST, LONG, PRINTERS, REASON, World, world
from tests.builders import page, tar_of
from tests.cast import OLGA

pytestmark = pytest.mark.browser

PATIENCE = 30_000  # ms
TEXTS = (LONG, LONG[:100], FIRST, FAILED, REASON, PRINTERS, "The press", "Cloudflare Pages", "English", *CLIENTS)
OWN = "|".join(  # what the world's people wrote, and names
    (*map(re.escape, TEXTS), r"\b(busy|Try \d+)\b", r"„(nothing|no good name)“", r"^Settings ·", r"Mozilla/.*")
)
CUT_OFF = """() => [...document.querySelectorAll(".table-frame, .form-line, .row")]
  .filter((each) => each.scrollWidth > each.clientWidth + 1)
  .map((each) => `${each.className}: ${each.scrollWidth - each.clientWidth} px`)"""
SEND = """(button) => fetch(button.form.action, {  // from elsewhere: this page stays, and watches
  method: "POST", headers: { Accept: "text/html" }, body: new URLSearchParams(new FormData(button.form)),
})"""


@pytest.fixture
def window(house: House, browser: Browser) -> Iterator[Window]:
    """Olga's, whose browser asks for German."""
    with Window.on(browser, house.server.url, locale="de-AT") as opened:
        opened.sign_in(OLGA)
        yield opened


def is_german(state: State) -> bool:
    """Whether a screen is for people: components are shown to those who work on the look."""
    return state.screen != "components"


def put(path: Path, files: dict[str, str]) -> Path:
    path.write_bytes(tar_of(files))
    return path


def test_what_is_dropped_goes_live_in_german(window: Window, tmp_path: Path) -> None:
    window.expect("status of 404")  # the preview's
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


def test_the_longest_name_fits_on_a_phone(window: Window) -> None:
    name, wide = "m" * 48, {}
    window.page.set_viewport_size(SIZES["phone"])
    window.new_site(name)

    for tab in ("", "/deploys", "/settings", "/gate", "/builds", "/domains"):
        window.page.goto(f"{window.url}/sites/{name}{tab}")
        assert name in window.page.inner_text("h1")
        wide[tab] = overflow(window.page)

    assert set(wide.values()) == {0}, wide


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("german") / "data") as laid_out:
        yield laid_out


def test_screens_are_german_through_and_through(everything: World) -> None:
    with ExitStack() as stack:
        reader = Reader(everything, "de", stack)
        found = {
            state.id: english_on(reader.read(state), "de", OWN)
            for state in STATES
            if is_german(state) and not state.act
        }

    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize("words", ["Nothing was stored.", '<p title="The whole queue">x</p>', "<b>2 deploys wait</b>"])
def test_english_on_a_german_page_is_found(words: str) -> None:
    assert english_on(f'<html lang="de"><p>Gut. <i lang="en">What is new</i></p>{words}</html>', "de", OWN) != set()
    assert english_on('<html lang="de"><p>Gut. <i lang="en">What is new</i></p></html>', "de", OWN) == set()


@pytest.mark.long
@pytest.mark.needs("chromium")
@pytest.mark.parametrize("size", ["phone", "desk"])
def test_every_state_is_german_and_nothing_is_too_wide(browser: Browser, everything: World, size: str) -> None:
    camera = Camera(browser, everything, "light", size, language="de")
    wrong = {}

    for state in filter(is_german, STATES):
        with camera.on(state) as shown:
            wrong[state.id] = (overflow(shown), shown.evaluate(CUT_OFF), english_on(shown.content(), "de", OWN))

    assert {name: found for name, found in wrong.items() if any(found)} == {}

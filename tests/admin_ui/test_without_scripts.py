"""The whole life of a site in a real Chromium with JavaScript switched off: plain forms and pages do all of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.admin_ui.window import Window
from tests.builders import Served, page, served, zip_of
from tests.cast import OLGA

pytestmark = pytest.mark.browser

PASSWORD = "let them in please"


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """A server nobody has an account on."""
    with served(tmp_path / "data") as running:
        yield running


@pytest.fixture
def window(browser: Browser, fresh: Served) -> Iterator[Window]:
    """One without scripts."""
    with Window.on(browser, fresh.url, scripts=False) as opened:
        opened.expect("status of 401")  # a gate is met
        yield opened


def press(window: Window, button: str, within: str = "#main") -> None:
    """A button or a link that looks like one, by its words."""
    window.page.locator(within).locator("button, a.button").filter(has_text=button).first.click()


def notice(window: Window, words: str) -> None:
    expect(window.page.locator("#notice")).to_contain_text(words)


def first_run(window: Window, link: str) -> None:
    window.page.goto(link)
    for field, value in (("email", OLGA.email), ("password", OLGA.password), ("again", OLGA.password)):
        window.page.fill(f"#{field}", value)
    press(window, "Create account")
    window.page.wait_for_url(f"{window.url}/")


def upload(window: Window, path: Path, text: str) -> None:
    """By the form on the site's page; the deploy's page is looked at until it is live."""
    path.write_bytes(zip_of({"index.html": page(text)}))
    window.page.goto(f"{window.url}/sites/plain")
    window.page.set_input_files("#dropzone input[multiple]", path)
    press(window, "Upload", "#dropzone")
    window.page.wait_for_url("**/deploys/*")
    expect(window.page.locator(".badge-live")).to_be_visible()  # the page refreshes itself until then


def rolled_back(window: Window) -> None:
    expect(window.page.locator("#deploys tbody .badge")).to_have_text(["Ready", "Live"])


def roll_back(window: Window) -> None:
    window.page.goto(f"{window.url}/sites/plain")
    press(window, "Roll back to this")
    press(window, "Roll back")
    notice(window, "The deploy is live.")
    rolled_back(window)


def close_and_open_the_gate(window: Window, site: str) -> None:
    gate = f"{window.url}/sites/plain/gate"
    window.page.goto(gate)
    window.page.select_option("#covers", "everything")
    window.page.fill("#password", PASSWORD)
    press(window, "Save")
    notice(window, "Saved")
    window.page.goto(site)
    expect(window.page.locator("input[type=password]")).to_be_visible()

    window.page.goto(gate)
    press(window, "Remove the password")
    expect(window.page.locator("h1")).to_have_text("Remove the password of plain?")
    press(window, "Yes, remove it")
    notice(window, "Saved")
    window.page.select_option("#covers", "nothing")
    press(window, "Save")
    notice(window, "Saved")


def change_settings(window: Window) -> None:
    window.page.goto(f"{window.url}/sites/plain/settings")
    window.page.check("#spa")
    press(window, "Save")
    notice(window, "Saved")
    expect(window.page.locator("#spa")).to_be_checked()


def delete_and_restore(window: Window) -> None:
    window.page.goto(f"{window.url}/sites/plain/settings")
    window.page.fill("#confirm", "plain")
    press(window, "Delete plain")
    window.page.wait_for_url("**/deleted-sites?*")
    press(window, "Restore")
    window.page.wait_for_url("**/sites/plain?*")


def test_a_site_is_made_published_guarded_deleted_and_restored_without_scripts(
    window: Window, fresh: Served, tmp_path: Path
) -> None:
    site = f"http://plain.localhost:{fresh.port}/"

    first_run(window, fresh.set_up_link or "")
    press(window, "Sign out", "header")
    window.sign_in(OLGA)
    window.new_site("plain")
    for text in ("first", "second"):
        upload(window, tmp_path / "site.zip", text)
        assert window.heading_of(site) == text
    roll_back(window)
    assert window.heading_of(site) == "first"
    close_and_open_the_gate(window, site)
    assert window.heading_of(site) == "first"
    change_settings(window)
    delete_and_restore(window)
    rolled_back(window)
    assert window.heading_of(site) == "first"

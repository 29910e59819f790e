"""Keys that lead somewhere, in a real Chromium: listed, quiet while somebody types, and switched off."""

import pytest
from playwright.sync_api import expect

from tests.admin_ui.house import House
from tests.admin_ui.window import Window
from tests.builders import page

pytestmark = pytest.mark.browser


def test_keys_lead_to_pages_fields_and_the_chooser(house: House, olga: Window) -> None:
    house.deployed("keys", {"index.html": page("x")})
    shown = olga.page
    olga.open("/history")

    shown.keyboard.press("n")
    expect(shown.locator("#name")).to_be_focused()
    shown.keyboard.type("g a n ? u")  # is typed, and nothing else
    expect(shown.locator("#name")).to_have_value("g a n ? u")

    olga.open("/sites/keys")
    shown.keyboard.press("u")
    shown.wait_for_function("window.pickersOpened.length === 1")
    shown.keyboard.press("g")
    shown.keyboard.press("a")
    shown.wait_for_url("**/account")
    shown.keyboard.press("g")
    shown.keyboard.press("s")
    shown.wait_for_url(f"{olga.url}/")


def test_the_list_of_keys_is_a_dialog_in_which_they_are_switched_off(house: House, olga: Window) -> None:
    house.deployed("listed", {"index.html": page("x")})
    shown = olga.page
    olga.open("/sites/listed")
    shown.keyboard.press("?")
    dialog = shown.locator("#keys")
    expect(dialog).to_contain_text("Choose files to upload")
    expect(dialog).to_contain_text("Go to History")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()

    dialog.get_by_role("checkbox").uncheck()
    shown.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    shown.keyboard.press("u")
    shown.keyboard.press("?")

    shown.get_by_role("button", name="Keyboard shortcuts").click()  # is always there
    expect(dialog).to_be_visible()
    assert olga.pickers_opened() == []

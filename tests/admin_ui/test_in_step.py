"""Windows that are open show what others do, in a real Chromium: nobody has to reload a page to see what is live."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.admin_ui.house import House
from tests.admin_ui.window import Window
from tests.builders import page
from tests.cast import BOB, CHARLIE

pytestmark = pytest.mark.browser

TWO = ({"index.html": page("first")}, {"index.html": page("second")})


@pytest.fixture(scope="module", autouse=True)
def people(house: House) -> None:
    house.admit(BOB, CHARLIE)


@pytest.fixture
def bob(browser: Browser, house: House) -> Iterator[Window]:
    """The window of another account, in a browser of its own."""
    with Window.on(browser, house.server.url) as window:
        window.sign_in(BOB)
        yield window


def test_a_rollback_shows_in_every_window_without_a_reload(house: House, olga: Window, bob: Window) -> None:
    house.deployed("shared", *TWO, members=[BOB])
    for window in (olga, bob):
        window.open("/sites/shared")
        window.wait_for_deploys("Deploy 2: Live", "Deploy 1: Ready")

    olga.page.click("text=Roll back to this")
    olga.page.click("dialog >> button >> text=Roll back")

    for window in (olga, bob):
        window.wait_for_deploys("Deploy 2: Ready", "Deploy 1: Live")
        expect(window.page.locator("#live")).to_contain_text("Deploy 1")
        assert window.stayed()
    expect(olga.page.locator("#notice")).to_have_text("The deploy is live.")
    expect(olga.page.locator("dialog")).to_have_count(0)


def test_a_deploy_somebody_else_makes_appears(house: House, bob: Window) -> None:
    house.deployed("watched", TWO[0], members=[BOB])
    bob.open("/sites/watched")

    house.deploy("watched", TWO[1])

    bob.wait_for_deploys("Deploy 2: Live", "Deploy 1: Ready")
    assert bob.stayed()


def test_the_list_of_sites_gains_and_loses_sites(house: House, bob: Window) -> None:
    house.deployed("shown", TWO[0], members=[BOB])
    bob.open("/")
    expect(bob.page.locator("#sites")).to_contain_text("Deploy 1")

    house.deploy("shown", TWO[1])
    expect(bob.page.locator("#sites")).to_contain_text("Deploy 2")
    house.api.delete("/sites/shown").raise_for_status()

    expect(bob.page.locator("#sites")).not_to_contain_text("shown")
    assert bob.stayed()


def test_a_page_of_a_site_that_is_deleted_says_so(house: House, bob: Window) -> None:
    bob.expect("status of 404")
    house.deployed("deleted", TWO[0], members=[BOB])
    bob.open("/sites/deleted")

    house.api.delete("/sites/deleted").raise_for_status()

    expect(bob.page.locator("#gone")).to_be_visible()


@pytest.mark.long
def test_what_has_the_focus_keeps_it(house: House, bob: Window) -> None:
    house.deployed("focused", TWO[0], members=[BOB])
    bob.open("/sites/focused")
    bob.page.focus("#deploys tbody a")

    house.deploy("focused", TWO[1])

    bob.wait_for_deploys("Deploy 2: Live", "Deploy 1: Ready")
    expect(bob.page.locator("#deploys tbody tr:nth-child(2) td:first-child a")).to_be_focused()


def test_a_rollback_that_is_refused_says_so_in_the_dialog(house: House, olga: Window) -> None:
    olga.expect("status of 409")
    house.deployed("locked", *TWO)
    olga.open("/sites/locked")
    olga.page.click("text=Roll back to this")
    olga.page.wait_for_selector("dialog[open]")
    house.api.put("/sites/locked/lock", json={}).raise_for_status()

    olga.page.click("dialog >> button >> text=Roll back")

    expect(olga.page.locator("dialog [role=alert]")).to_contain_text("locked")
    olga.wait_for_deploys("Deploy 2: Live", "Deploy 1: Ready")


@pytest.mark.long
def test_where_no_stream_comes_through_the_page_asks(house: House, olga: Window) -> None:
    olga.expect("ERR_FAILED")
    olga.page.route("**/events?*", lambda route: route.abort())
    house.deployed("asked", TWO[0])
    olga.open("/sites/asked")

    house.deploy("asked", TWO[1])

    olga.wait_for_deploys("Deploy 2: Live", "Deploy 1: Ready")


def test_a_window_that_was_hidden_catches_up(house: House, olga: Window) -> None:
    house.deployed("hidden", TWO[0])
    olga.open("/sites/hidden")
    olga.set_hidden(hidden=True)
    house.deploy("hidden", TWO[1])

    olga.set_hidden(hidden=False)

    olga.wait_for_deploys("Deploy 2: Live", "Deploy 1: Ready")
    assert olga.stayed()

"""Windows that are open show what others do, in a real Chromium: nobody has to reload a page to see what is live."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.admin_ui.house import House
from tests.admin_ui.window import Window
from tests.builders import page
from tests.cast import BOB, CHARLIE

pytestmark = pytest.mark.browser

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
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


def test_a_deploy_made_again_is_seen_through_on_its_own_page(house: House, olga: Window) -> None:
    house.deployed("made-again", *TWO)
    olga.open("/sites/made-again/deploys")

    row = olga.page.locator("#deploys tbody tr").last
    row.locator("summary").click()
    row.locator("text=Deploy again").click()
    expect(olga.page.locator("dialog")).to_contain_text("Nothing is uploaded for it")
    olga.page.click("dialog >> button >> text=Deploy again")

    expect(olga.page.locator("#deploy-head h1")).to_have_text("Deploy 3 of made-again")
    expect(olga.page.locator("#progress .badge").first).to_have_text("Live")
    expect(olga.page.locator("#progress")).to_contain_text("The files of deploy 1, once more")
    assert olga.heading_of(f"http://made-again.localhost:{house.server.port}/") == "first"


def test_a_deploy_somebody_else_makes_appears(house: House, bob: Window) -> None:
    house.deployed("watched", TWO[0], members=[BOB])
    bob.open("/sites/watched")

    house.deploy("watched", TWO[1])

    bob.wait_for_deploys("Deploy 2: Live", "Deploy 1: Ready")
    assert bob.stayed()


def test_what_the_live_site_looks_like_is_shown_as_it_changes(house: House, olga: Window) -> None:
    house.api.post("/sites", json={"name": "looked-at"}).raise_for_status()
    olga.open("/sites/looked-at")

    for files, heading in zip(TWO, ("first", "second"), strict=True):
        house.deploy("looked-at", files)

        expect(olga.page.frame_locator(".preview-frame").locator("h1")).to_have_text(heading)

    assert olga.stayed()


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


@pytest.mark.parametrize("path", ["/settings", *(pytest.param(each, marks=pytest.mark.long) for each in ("", "/gate"))])
def test_who_is_a_member_no_more_is_told_and_sees_no_stale_controls(house: House, bob: Window, path: str) -> None:
    bob.expect("status of 404")
    site = f"left{path.strip('/')}"
    house.deployed(site, TWO[0], members=[BOB])
    bob.open(f"/sites/{site}{path}")

    house.api.delete(f"/sites/{site}/members/{BOB.email}").raise_for_status()

    expect(bob.page.locator("#gone")).to_be_visible()
    controls = bob.page.locator("#main").locator("button:visible, input:visible, select:visible, a:visible")
    expect(controls).to_have_text(["All sites"])
    assert bob.stayed()


def test_a_site_somebody_is_made_a_member_of_appears(house: House, bob: Window) -> None:
    house.deployed("joined", TWO[0])
    bob.open("/")
    expect(bob.page.locator("#main")).not_to_contain_text("joined")

    house.api.put(f"/sites/joined/members/{BOB.email}").raise_for_status()

    expect(bob.page.locator("#sites")).to_contain_text("joined")
    assert bob.stayed()


def test_settings_gate_and_members_show_in_every_window(house: House, bob: Window) -> None:
    house.deployed("settled", TWO[0], members=[BOB])

    bob.open("/sites/settled/settings")
    house.api.patch("/sites/settled", json={"spa": True}).raise_for_status()
    expect(bob.page.locator("#spa")).to_be_checked()
    house.api.put(f"/sites/settled/members/{CHARLIE.email}").raise_for_status()
    expect(bob.page.locator("#members")).to_contain_text(CHARLIE.email)
    assert bob.stayed()

    bob.open("/sites/settled/gate")
    house.api.post("/sites/settled/gate/links", json={"lifetime": 3600, "label": "The press"}).raise_for_status()
    expect(bob.page.locator("#links")).to_contain_text("The press")
    house.api.patch("/sites/settled/gate", json={"covers": "previews"}).raise_for_status()
    expect(bob.page.locator("#covers")).to_have_value("previews")
    assert bob.stayed()

    bob.open("/sites/settled/builds")
    house.api.put("/sites/settled/build/variables/API_KEY", json={"value": "secret"}).raise_for_status()
    expect(bob.page.locator("#variables")).to_contain_text("API_KEY")
    assert bob.stayed()


def test_a_form_that_is_being_filled_in_stays_and_says_what_changed(house: House, bob: Window) -> None:
    house.deployed("half-typed", TWO[0], members=[BOB])
    bob.open("/sites/half-typed/settings")
    bob.page.check("#any_case")

    house.api.patch("/sites/half-typed", json={"spa": True}).raise_for_status()

    expect(bob.page.locator("#options [data-changed]")).to_contain_text("changed in another window")
    expect(bob.page.locator("#any_case")).to_be_checked()


def test_what_is_taken_away_in_a_dialog_goes_from_the_page(house: House, olga: Window, bob: Window) -> None:
    house.deployed("asked-twice", TWO[0], members=[BOB])
    house.api.post("/sites/asked-twice/gate/links", json={"lifetime": 3600, "label": "The press"}).raise_for_status()
    bob.open("/sites/asked-twice/gate")
    olga.open("/sites/asked-twice/gate")

    olga.page.click("text=Take back")
    expect(olga.page.locator("dialog h1")).to_have_text("Take back the link “The press” of asked-twice?")
    olga.page.click("dialog >> button >> text=Yes, remove it")

    for window in (olga, bob):
        expect(window.page.locator("#links")).not_to_contain_text("The press")
        assert window.stayed()
    olga.page.click("#bypass button")
    olga.page.wait_for_selector("#bypass .secret")
    olga.open("/sites/asked-twice/gate")
    olga.page.click("#bypass button >> nth=0")
    olga.page.click("dialog >> button >> text=Yes, replace it")
    olga.page.wait_for_selector("#bypass .secret")


def test_what_an_account_may_changes_in_its_windows(house: House, olga: Window, bob: Window) -> None:
    bob.expect("status of 403")
    bob.expect("status of 401")  # in the place of events
    number = next(each["id"] for each in house.api.get("/accounts").json()["items"] if each["email"] == BOB.email)
    bob.open("/")
    expect(bob.page.locator("#nav")).not_to_contain_text("People")

    house.api.patch(f"/accounts/{number}", json={"role": "admin"}).raise_for_status()
    expect(bob.page.locator("#nav")).to_contain_text("People")
    assert bob.stayed()
    bob.open("/people")
    olga.open("/people")
    house.api.patch(f"/accounts/{number}", json={"role": "user"}).raise_for_status()
    expect(bob.page.locator("#gone")).to_be_visible()
    expect(bob.page.locator("#nav")).not_to_contain_text("People")

    bob.open("/")
    house.api.patch(f"/accounts/{number}", json={"disabled": True}).raise_for_status()
    expect(bob.page.locator("#signed-out")).to_be_visible()
    expect(olga.page.locator("#people")).to_contain_text("Disabled")
    assert olga.stayed()
    house.api.patch(f"/accounts/{number}", json={"disabled": False}).raise_for_status()


def test_a_window_whose_sign_in_is_ended_elsewhere_says_so(browser: Browser, house: House, bob: Window) -> None:
    bob.expect("status of 401")  # in the place of events
    bob.open("/account")
    with Window.on(browser, house.server.url, user_agent=FIREFOX) as other:
        other.sign_in(BOB)
        expect(bob.page.locator("#sign-ins")).to_contain_text("Firefox")  # which shows by itself
        other.open("/account")

        other.page.click("text=End all others")
        other.page.click("dialog >> button >> text=Yes, end them")

        expect(bob.page.locator("#signed-out")).to_be_visible()
        expect(other.page.locator("#sign-ins button")).to_have_count(0)


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

"""The first minute of a fresh install, in a real Chromium, with scripts and without; and what an operator does next."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.admin_ui.window import Window
from tests.builders import Served, page, served, zip_of
from tests.cast import OLGA

pytestmark = pytest.mark.browser

FEW = 4  # interactions: a link that is opened, a form that is sent, a button that is pressed


class Counted:
    """A window whose person's interactions are counted; filling a form in belongs to sending it."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.page = window.page
        self.count = 0

    def go(self, url: str) -> None:
        self.page.goto(url)
        self.count += 1

    def send(self, button: str, **fields: str) -> None:
        for name, value in fields.items():
            self.page.fill(f"#{name}", value)
        self.page.get_by_role("button", name=button, exact=True).click()
        self.count += 1


def set_up(person: Counted, fresh: Served) -> None:
    person.go(fresh.set_up_link or "")
    person.send("Create account", email=OLGA.email, password=OLGA.password, again=OLGA.password)


@pytest.mark.parametrize("scripts", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_fresh_install_has_a_live_sample_site(browser: Browser, tmp_path: Path, *, scripts: bool) -> None:
    with served(tmp_path / "data") as fresh, Window.on(browser, fresh.url, scripts=scripts) as window:
        person = Counted(window)
        set_up(person, fresh)
        person.send("Publish a sample site")
        window.page.wait_for_url("**/sites/sample")
        if not scripts:
            wait_without_scripts(window)

        address = window.page.locator("#live a.address")
        expect(address).to_have_text(f"sample.localhost:{fresh.port}")
        person.count += 1  # opening it
        assert window.heading_of(address.get_attribute("href") or "") == "It works"
        assert person.count <= FEW


@pytest.mark.long
def test_a_fresh_install_has_a_live_site_of_ones_own(browser: Browser, tmp_path: Path) -> None:
    archive = tmp_path / "mine.zip"
    archive.write_bytes(zip_of({"index.html": page("mine")}))
    with served(tmp_path / "data") as fresh, Window.on(browser, fresh.url) as window:
        person = Counted(window)
        set_up(person, fresh)
        window.page.wait_for_url(f"{fresh.url}/")
        window.drop(archive)
        expect(window.page.locator("#name")).to_have_value("mine")
        person.count += 1
        person.send("Publish")

        window.wait_until_live(1)
        assert window.heading_of(f"http://mine.localhost:{fresh.port}/") == "mine"
        assert person.count <= FEW


def test_what_an_operator_does_next_is_listed_and_can_be_put_away(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path / "data") as fresh, Window.on(browser, fresh.url) as window:
        set_up(Counted(window), fresh)
        points = window.page.locator("#checklist li")
        expect(points).to_have_count(3)
        for point, said in zip(points.all(), ("Done", "To do", "To do"), strict=True):
            expect(point).to_contain_text(said)

        window.page.get_by_role("button", name="Do not show this again").click()

        expect(window.page.locator("#new-site")).to_be_visible()
        expect(points).to_have_count(0)


def wait_without_scripts(window: Window) -> None:
    """The page is asked for again until something is live."""
    for _ in range(60):
        if window.page.locator("#live a.address").count():
            return
        window.page.wait_for_timeout(500)
        window.page.reload()
    raise AssertionError("nothing went live")

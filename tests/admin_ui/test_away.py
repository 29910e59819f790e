"""A window that loses its server says so and loses nothing, in a real Chromium: the server ends and comes back."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.admin_ui.camera import violations
from tests.admin_ui.house import House, set_up
from tests.admin_ui.window import Window
from tests.builders import Served, page, served
from tests.cast import OLGA

pytestmark = pytest.mark.browser

TWO = ({"index.html": page("first")}, {"index.html": page("second")})


@dataclass
class Fragile:
    """A server that goes away and comes back at the same address."""

    house: House
    data: Path
    started: ExitStack
    running: Served

    @property
    def port(self) -> int:
        return self.house.server.port

    def go(self) -> None:
        """End it without a word; connections that are open are cut."""
        self.running.kill()

    def come_back(self) -> None:
        self.running = self.started.enter_context(served(self.data, "--listen", f"127.0.0.1:{self.port}"))


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fragile]:
    data = tmp_path_factory.mktemp("away") / "data"
    with set_up(data) as house, ExitStack() as started:
        yield Fragile(house, data, started, house.server)


@pytest.fixture
def olga(browser: Browser, fragile: Fragile) -> Iterator[Window]:
    with Window.on(browser, f"http://localhost:{fragile.port}") as window:
        window.expect("ERR_")  # Chromium's own words for a server that is away
        window.sign_in(OLGA)
        yield window


def test_every_screen_says_so_and_catches_up_with_nothing_lost(fragile: Fragile, olga: Window) -> None:
    fragile.house.deployed("fragile", *TWO)
    settings = olga.page.context.new_page()
    settings.goto(f"{olga.url}/sites/fragile/settings")
    settings.fill("#head_snippet", "<!-- not lost -->")
    olga.open("/sites/fragile")
    olga.wait_for_deploys("Deploy 2: Live", "Deploy 1: Ready")
    olga.page.fill("#message", "typed before")

    fragile.go()

    for tab in (olga.page, settings):
        expect(tab.get_by_role("status").filter(has_text="cannot be reached")).to_be_visible()
    assert violations(olga.page) == []
    settings.get_by_role("button", name="Save").click()
    expect(settings.locator("#away")).to_contain_text("Nothing was sent")
    expect(settings.locator("#head_snippet")).to_have_value("<!-- not lost -->")

    fragile.come_back()
    httpx.post(
        f"{fragile.house.api.base_url}sites/fragile/rollback", headers=fragile.house.api.headers, json={}
    ).raise_for_status()

    olga.wait_for_deploys("Deploy 2: Ready", "Deploy 1: Live")
    for tab in (olga.page, settings):
        expect(tab.locator("#away")).to_be_empty()
    assert olga.stayed()
    expect(olga.page.locator("#message")).to_have_value("typed before")
    expect(settings.locator("#head_snippet")).to_have_value("<!-- not lost -->")
    settings.get_by_role("button", name="Save").click()
    expect(settings.locator("#notice")).to_have_text("Saved.")


@pytest.mark.long
def test_a_form_that_is_sent_before_anybody_has_noticed_stays_too(fragile: Fragile, olga: Window) -> None:
    olga.open("/help")
    olga.set_hidden(hidden=True)  # nothing listens: the first to notice is the form
    olga.page.fill("#q", "redirects")
    fragile.running.stop()

    olga.page.press("#q", "Enter")

    expect(olga.page.locator("#away")).to_contain_text("Nothing was sent")
    expect(olga.page.locator("#q")).to_have_value("redirects")
    fragile.come_back()
    expect(olga.page.locator("#away")).to_be_empty()
    olga.page.press("#q", "Enter")
    expect(olga.page.locator("#found-heading")).to_contain_text("redirects")


def test_a_machine_without_a_network_is_told_the_same(olga: Window) -> None:
    olga.open("/account")
    olga.page.context.set_offline(True)
    expect(olga.page.locator("#away")).to_contain_text("cannot be reached")

    olga.page.context.set_offline(False)

    expect(olga.page.locator("#away")).to_contain_text("there again")
    assert olga.stayed()


def test_a_request_that_fails_while_the_server_is_there_is_no_alarm(fragile: Fragile, olga: Window) -> None:
    looks = []
    olga.page.on("response", lambda answer: looks.append(answer.url) if answer.url.endswith("/healthz") else None)
    olga.page.route("**/events?*", lambda route: route.abort())

    with olga.page.expect_response("**/healthz"):
        olga.open("/help")

    expect(olga.page.locator("#away")).to_be_empty()
    assert looks

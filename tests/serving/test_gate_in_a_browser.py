"""The sign-in page as a visitor meets it: a real Chromium, without script."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Page

from appliance.addresses import Addresses
from appliance.gate_attempts import Attempts
from appliance.gatekeeper import Gatekeeper
from appliance.passwords import Passwords
from appliance.serving.entrances import Entrances
from tests.admin_ui.window import chromium
from tests.serving.lanes import Wiring, release, running

pytestmark = pytest.mark.browser

HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "open sesame please"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address of a site that opens with a password."""
    entrances = Entrances()
    entrances.put("everything", entrances.make("gated", "v1", HASHER.hash(PASSWORD), {}, b""))
    addresses = Addresses("localhost", "localhost", "http", 80)
    attempts = Attempts(per_address=10, per_site=10, window=60)
    keeper = Gatekeeper(Passwords(HASHER), entrances, attempts, read=addresses.read, is_site=lambda _: True)
    with running(Wiring(keeper=keeper)) as plane:
        files = {"index.html": b"<h1>start</h1>", "docs/index.html": b"<h1>docs</h1><script src=/a.js></script>"}
        plane.put("gated.localhost", entrances.before(replace(release(tmp_path, files), site="gated")))
        yield f"http://gated.localhost:{plane.port}"


@pytest.fixture
def visitor() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_context(java_script_enabled=False).new_page()


def test_a_visitor_signs_in_and_gets_where_they_wanted(site: str, visitor: Page) -> None:
    shut = visitor.goto(f"{site}/docs/?a=1&b=2")
    assert shut is not None
    assert (shut.status, visitor.inner_text("h1")) == (401, "This site is not public")

    visitor.fill("#password", "wrong")
    visitor.click("button")
    assert visitor.inner_text("h1") == "That is not the password"

    visitor.fill("#password", PASSWORD)
    visitor.click("button")
    assert (visitor.url, visitor.inner_text("h1")) == (f"{site}/docs/?a=1&b=2", "docs")

    visitor.goto(site)
    assert visitor.inner_text("h1") == "start"
    visitor.context.clear_cookies()
    visitor.reload()
    assert visitor.inner_text("h1") == "This site is not public"

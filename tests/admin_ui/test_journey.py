"""What a person does with the admin, in a real Chromium on a real server."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.admin_ui.house import House
from tests.admin_ui.window import Window
from tests.builders import Served, folder_of, page, served, zip_of
from tests.cast import OLGA

pytestmark = pytest.mark.browser

LITTLE = "card => card.dataset.limits = JSON.stringify({ ...JSON.parse(card.dataset.limits), upload_size: 10 })"


@pytest.fixture(scope="module")
def server(house: House) -> Served:
    """A server Olga has set up."""
    return house.server


def zip_at(path: Path, text: str) -> Path:
    path.write_bytes(zip_of({"index.html": page(text), "big.bin": text.encode() * 300_000}))
    return path


def test_from_the_set_up_link_to_a_rollback(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path / "data") as fresh, Window.on(browser, fresh.url) as window:
        shown = window.page
        site = f"http://my-site.localhost:{fresh.port}/"

        shown.goto(fresh.set_up_link or "")
        shown.fill("#email", OLGA.email)
        shown.fill("#password", OLGA.password)
        shown.fill("#again", OLGA.password)
        shown.click("text=Create account")
        shown.wait_for_url(f"{fresh.url}/")
        window.new_site("my-site")

        window.drop(zip_at(tmp_path / "site.zip", "first"))
        window.wait_until_live(1)
        assert {"receive running", "receive done", "store done", "publish done"} <= set(window.steps_seen())
        expect(shown.locator(f".upload a.address[href='{site}']")).to_be_focused()
        assert window.heading_of(site) == "first"

        shown.fill("#message", "now better")
        window.drop(zip_at(tmp_path / "site.zip", "second"))
        window.wait_until_live(2)
        assert window.heading_of(site) == "second"
        shown.wait_for_selector("#deploys >> text=now better")
        window.wait_for_deploys("Deploy 2: Live", "Deploy 1: Ready")

        shown.click("text=Roll back to this")
        shown.click("dialog >> button >> text=Roll back")
        shown.wait_for_selector("#notice >> text=The deploy is live.")
        assert window.heading_of(site) == "first"
        window.wait_for_deploys("Deploy 2: Ready", "Deploy 1: Live")
        own = shown.locator("#deploys a >> text=View").first.get_attribute("href")
        assert window.heading_of(own or "") == "second"


def test_a_file_dropped_on_the_list_becomes_a_site(olga: Window, tmp_path: Path) -> None:
    olga.drop(zip_at(tmp_path / "Holiday Pictures.zip", "beach"))
    olga.page.wait_for_selector("text=Holiday Pictures.zip")
    expect(olga.page.locator("#name")).to_have_value("holiday-pictures")

    olga.page.keyboard.press("Enter")
    olga.wait_until_live(1)
    olga.drop(zip_at(tmp_path / "again.zip", "mountains"))
    olga.wait_until_live(2)

    olga.page.click("text=Go to holiday-pictures >> nth=0")
    olga.wait_for_deploys("Deploy 2: Live", "Deploy 1: Ready")


def test_a_name_that_is_taken_keeps_what_was_dropped(olga: Window, tmp_path: Path) -> None:
    olga.expect("status of 409")
    olga.new_site("taken-name")
    olga.page.goto(olga.url)

    olga.drop(zip_at(tmp_path / "taken-name.zip", "kept"))
    olga.page.wait_for_selector("text=taken-name.zip")
    olga.page.keyboard.press("Enter")
    olga.page.wait_for_selector(".notice >> text=is taken")
    olga.page.fill("#name", "free-name")
    olga.page.keyboard.press("Enter")

    olga.wait_until_live(1)
    assert len(olga.complaints) == 1


def test_a_folder_is_walked_to_its_last_file(olga: Window, server: Served, tmp_path: Path) -> None:
    pages = {f"docs/page-{number}.html": page(str(number)) for number in range(230)}  # readers hand out 100 at a time
    junk = {".DS_Store": "junk", "node_modules/left/pad.js": "junk"}
    folder = folder_of(tmp_path / "site", {"index.html": page("folder"), **pages, **junk})
    olga.new_site("folder")

    olga.drop(folder)
    olga.wait_until_live(1)

    expect(olga.page.locator("#deploys tbody td[data-cell=files]")).to_have_text("231")
    assert olga.heading_of(f"http://folder.localhost:{server.port}/docs/page-229.html") == "229"


def test_single_files_are_a_site(olga: Window, server: Served, tmp_path: Path) -> None:
    folder_of(tmp_path, {"index.html": page("loose"), "about.html": page("about")})
    olga.new_site("loose")

    olga.page.set_input_files("#dropzone input[multiple]", [tmp_path / "index.html", tmp_path / "about.html"])
    olga.wait_until_live(1)

    assert olga.heading_of(f"http://loose.localhost:{server.port}/about.html") == "about"


def test_a_missing_index_is_said_where_one_looks(olga: Window, server: Served, tmp_path: Path) -> None:
    olga.expect("status of 404")  # the preview's
    olga.new_site("no-index")
    upload = tmp_path / "site.zip"
    upload.write_bytes(zip_of({"a.html": page("a"), "b.html": page("b")}))

    olga.drop(upload)
    olga.page.click(".upload >> text=Send")
    olga.wait_until_live(1)

    warning = olga.page.locator(".upload [data-part=warning]")
    expect(warning).to_contain_text("There is no index.html at the top")


def test_of_two_dropped_at_once_the_last_ends_up_live(olga: Window, server: Served, tmp_path: Path) -> None:
    olga.new_site("twice")

    olga.drop(zip_at(tmp_path / "one.zip", "one"))
    olga.drop(zip_at(tmp_path / "two.zip", "two"))
    olga.wait_until_live(2)

    assert olga.heading_of(f"http://twice.localhost:{server.port}/") == "two"
    olga.page.wait_for_function("document.querySelectorAll('#deploys tbody tr').length === 2")


def test_what_is_refused_says_why_and_changes_nothing(olga: Window, server: Served, tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4 and then nothing")
    olga.new_site("refused")
    olga.drop(zip_at(tmp_path / "good.zip", "good"))
    olga.wait_until_live(1)

    olga.drop(tmp_path / "broken.zip")
    refusal = olga.page.wait_for_selector(".upload[data-outcome=failed] .notice-bad")

    assert refusal is not None
    assert "Nothing was stored" in refusal.inner_text()
    assert olga.heading_of(f"http://refused.localhost:{server.port}/") == "good"


def test_what_is_larger_than_the_limit_is_not_sent(olga: Window, tmp_path: Path) -> None:
    olga.new_site("too-large")
    olga.page.eval_on_selector("#upload-card", LITTLE)

    olga.drop(zip_at(tmp_path / "site.zip", "large"))

    olga.page.wait_for_selector(".notice >> text=the server takes 10 B (upload_size)")
    olga.page.wait_for_selector("#deploys >> text=No deploys yet.")


def test_sending_counts_bytes_and_can_be_cancelled(olga: Window, tmp_path: Path) -> None:
    (tmp_path / "slow.zip").write_bytes(os.urandom(3_000_000))
    olga.new_site("cancelled")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
    olga.page.context.new_cdp_session(olga.page).send("Network.emulateNetworkConditions", slow)

    olga.drop(tmp_path / "slow.zip")
    olga.page.wait_for_selector(".step-figure >> text=/[1-9]\\d* kB of 3.0 MB/")
    olga.page.get_by_role("button", name="Cancel").click()

    olga.page.wait_for_selector(".notice >> text=Cancelled. Nothing was changed.")
    olga.page.wait_for_selector("#deploys >> text=No deploys yet.")


def test_a_lost_connection_is_said_and_tried_again(olga: Window, tmp_path: Path) -> None:
    olga.expect("ERR_INTERNET_DISCONNECTED")
    olga.new_site("offline")
    olga.page.context.set_offline(True)
    olga.drop(zip_at(tmp_path / "site.zip", "patience"))
    olga.page.wait_for_selector(".notice >> text=The connection was lost")

    olga.page.context.set_offline(False)
    olga.page.get_by_role("button", name="Try again").click()

    olga.wait_until_live(1)


def test_without_the_server_s_events_the_page_asks(olga: Window, tmp_path: Path) -> None:
    olga.expect("ERR_FAILED")
    olga.page.route("**/events", lambda route: route.abort())
    olga.new_site("no-events")

    olga.drop(zip_at(tmp_path / "site.zip", "asked"))

    olga.wait_until_live(1)


def test_a_session_that_is_over_leads_to_the_sign_in(olga: Window, tmp_path: Path) -> None:
    olga.expect("status of 401")
    olga.new_site("signed-out")
    other = olga.page.context.new_page()
    other.goto(olga.url)
    other.click("text=Sign out")
    other.wait_for_url("**/sign-in")

    olga.drop(zip_at(tmp_path / "site.zip", "late"))

    olga.page.click("text=Sign in again")
    olga.page.wait_for_url("**/sign-in?next=%2Fsites%2Fsigned-out")


def test_the_page_of_a_deploy_follows_it_to_its_end(olga: Window, tmp_path: Path) -> None:
    olga.new_site("followed")
    files = {f"{number}.html": page(str(number)) for number in range(3000)}
    (tmp_path / "many.zip").write_bytes(zip_of({"index.html": page("many"), **files}))
    olga.page.set_input_files("#dropzone input[multiple]", tmp_path / "many.zip")

    olga.page.click("#deploys tbody a")  # listed as soon as it is received

    olga.page.wait_for_selector(".badge-live")
    olga.page.wait_for_selector("text=3,001 files")


def test_everything_is_done_with_the_keyboard(olga: Window, server: Served, tmp_path: Path) -> None:
    shown = olga.page
    olga.new_site("keyboard")
    for number, text in enumerate(("first", "second"), start=1):
        press_tab_until(olga, "Choose files")
        shown.keyboard.press("Enter")
        assert olga.pickers_opened() == ["Choose files"] * number
        shown.set_input_files("#dropzone input[multiple]", zip_at(tmp_path / "site.zip", text))
        olga.wait_until_live(number)

    shown.wait_for_selector("text=Roll back to this")
    press_tab_until(olga, "Roll back to this")
    shown.keyboard.press("Enter")
    shown.wait_for_selector("dialog[open]")
    shown.keyboard.press("Escape")
    shown.wait_for_selector("dialog", state="detached")
    shown.keyboard.press("Enter")  # the link has the focus again
    shown.wait_for_selector("dialog[open]")
    shown.keyboard.press("Enter")
    shown.wait_for_selector("#notice >> text=The deploy is live.")

    assert olga.heading_of(f"http://keyboard.localhost:{server.port}/") == "first"


def press_tab_until(window: Window, text: str) -> None:
    for _ in range(60):
        window.page.keyboard.press("Tab")
        focused = "document.activeElement.closest('a, button, label')?.innerText ?? ''"
        if window.page.evaluate(focused).startswith(text):
            return
    raise AssertionError(f"{text} cannot be reached with the keyboard")

"""Dropping and pasting, in a real Chromium: what is said first, what can be stopped, what a reload leaves, and undo."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.admin_ui.house import House, set_up
from tests.admin_ui.window import Window
from tests.builders import folder_of, page, zip_of

pytestmark = pytest.mark.browser

SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}  # bytes a second
LONG = 150_000  # ms: on a busy machine that one takes its time, too
MANY = {
    f"{number}.html": page(str(number)) for number in range(4000)
}  # what keeps the one who unpacks busy for a while


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server that works on one upload at a time, so that the next waits."""
    with set_up(tmp_path_factory.mktemp("house") / "data", {"DROPDOCK_DEPLOYS_AT_ONCE": "1"}) as made:
        yield made


def site_at(path: Path, text: str) -> Path:
    path.write_bytes(zip_of({"index.html": page(text), "about.html": page("about")}))
    return path


def test_a_drop_on_any_page_of_a_site_is_published_there(house: House, olga: Window, tmp_path: Path) -> None:
    house.deployed("anywhere")
    olga.open("/sites/anywhere/settings")

    olga.drop(site_at(tmp_path / "site.zip", "dropped"))

    olga.wait_until_live(1)
    assert olga.stayed()
    assert olga.heading_of(f"http://anywhere.localhost:{house.server.port}/") == "dropped"


def test_what_will_be_sent_is_said(house: House, olga: Window, tmp_path: Path) -> None:
    house.deployed("said")
    olga.open("/sites/said")
    archive = tmp_path / "site.zip"
    packed_on_a_mac = {"__MACOSX/dist/._index.html": "x"}
    archive.write_bytes(zip_of({"dist/index.html": page("x"), "dist/a.css": "a {}", **packed_on_a_mac}))

    olga.drop(archive)

    facts = olga.page.locator(".upload [data-part=facts]")
    expect(facts).to_contain_text("2 files")
    expect(facts).to_contain_text("The top of the site is the folder dist/.")
    olga.wait_until_live(1)  # and it goes by itself, for nothing is wrong


@pytest.mark.parametrize("answer", ["Send", pytest.param("Cancel", marks=pytest.mark.long)])
def test_without_a_start_page_somebody_is_asked_first(house: House, olga: Window, tmp_path: Path, answer: str) -> None:
    olga.expect("status of 404")  # the preview's
    site = f"doubtful-{answer.lower()}"
    house.deployed(site)
    olga.open(f"/sites/{site}")
    folder = folder_of(tmp_path / "pages", {"a.html": page("a"), "below/b.html": page("b"), "c.php": "x"})

    olga.drop(folder)
    expect(olga.page.locator(".upload [data-part=doubts]")).to_contain_text("There is no index.html at the top")
    expect(olga.page.locator(".upload [data-part=doubts]")).to_contain_text("c.php is a program, and none is run here")
    expect(olga.page.get_by_role("button", name="Send")).to_be_focused()
    olga.page.get_by_role("button", name=answer).click()

    if answer == "Send":
        olga.wait_until_live(1)
    else:
        olga.page.wait_for_selector(".notice >> text=Cancelled. Nothing was changed.")
        assert house.api.get(f"/sites/{site}/deploys").json()["total"] == 0


@pytest.mark.long
def test_names_that_will_not_work_are_named_and_nothing_is_sent(house: House, olga: Window, tmp_path: Path) -> None:
    house.deployed("names")
    olga.open("/sites/names")
    folder = folder_of(tmp_path / "site", {"index.html": page("x"), "a\\b.html": "x", "com1.txt": "x"})

    olga.drop(folder)

    refusal = olga.page.locator(".upload .notice-bad")
    expect(refusal).to_contain_text("a\\b.html")
    expect(refusal).to_contain_text("com1.txt")
    assert house.api.get("/sites/names/deploys").json()["total"] == 0


def test_a_pasted_page_is_looked_at_and_published(house: House, olga: Window) -> None:
    house.deployed("pasted")
    olga.open("/sites/pasted")
    olga.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    olga.page.evaluate("text => navigator.clipboard.writeText(text)", page("From the clipboard"))

    olga.page.keyboard.press("Control+v")
    olga.page.click(".upload >> text=Send")

    olga.wait_until_live(1)
    assert olga.heading_of(f"http://pasted.localhost:{house.server.port}/") == "From the clipboard"


@pytest.mark.long
def test_what_is_pasted_into_a_field_stays_there(house: House, olga: Window) -> None:
    house.deployed("field")
    olga.open("/sites/field")
    olga.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    olga.page.evaluate("text => navigator.clipboard.writeText(text)", page("not a page"))
    olga.page.focus("#message")

    olga.page.keyboard.press("Control+v")

    expect(olga.page.locator("#message")).to_have_value(page("not a page"))
    expect(olga.page.locator(".upload")).to_have_count(0)


def test_a_folder_that_is_dropped_again_is_not_sent_again(house: House, olga: Window, tmp_path: Path) -> None:
    house.deployed("again")
    olga.open("/sites/again")
    folder = folder_of(tmp_path / "site", {"index.html": page("one"), "big.bin": os.urandom(2_000_000)})
    sent: list[str] = []
    olga.page.on("request", lambda request: sent.append(request.url) if "/contents" in request.url else None)
    olga.drop(folder)
    olga.wait_until_live(1)
    assert len(sent) == 2  # the large file, and a bundle of small ones

    (folder / "index.html").write_text(page("two"))
    olga.drop(folder)

    olga.wait_until_live(2)
    assert len(sent) == 3
    assert olga.heading_of(f"http://again.localhost:{house.server.port}/") == "two"


def test_what_the_server_works_on_can_be_called_off(house: House, olga: Window, tmp_path: Path) -> None:
    busy(house)
    house.deployed("called-off")
    olga.open("/sites/called-off")
    olga.drop(site_at(tmp_path / "site.zip", "never"))
    expect(olga.page.locator("#announcement")).to_contain_text("was received")

    olga.page.click(".upload >> text=Cancel")

    olga.page.wait_for_selector(".upload[data-outcome=failed] >> text=Called off by olga@example.org")
    olga.page.wait_for_selector("#deploys >> text=Called off")


def test_what_the_server_works_on_is_there_after_a_reload(house: House, olga: Window, tmp_path: Path) -> None:
    busy(house)
    house.deployed("reloaded")
    olga.open("/sites/reloaded")
    olga.drop(site_at(tmp_path / "site.zip", "kept"))
    expect(olga.page.locator("#announcement")).to_contain_text("was received")

    olga.page.reload()

    olga.wait_until_live(1, LONG)


def test_what_was_cut_off_by_a_reload_is_said_and_goes_on(house: House, olga: Window, tmp_path: Path) -> None:
    house.deployed("cut-off")
    olga.open("/sites/cut-off")
    folder = folder_of(tmp_path / "site", {"index.html": page("whole"), "big.bin": os.urandom(3_000_000)})
    session = olga.page.context.new_cdp_session(olga.page)
    session.send("Network.emulateNetworkConditions", SLOW)
    olga.page.on("dialog", lambda dialog: dialog.accept())
    olga.drop(folder)
    olga.page.wait_for_selector(".step-figure >> text=/[1-9]\\d* kB of 3.0 MB/")

    olga.page.reload()
    session.send("Network.emulateNetworkConditions", SLOW | {"uploadThroughput": -1})

    expect(olga.page.locator(".upload .notice-bad")).to_contain_text("The page was left when")
    olga.drop(folder)
    olga.wait_until_live(1)


def test_what_went_live_is_said_to_be_live_for_as_long_as_it_is(house: House, olga: Window, tmp_path: Path) -> None:
    house.deployed("overtaken")
    olga.open("/sites/overtaken")
    olga.drop(site_at(tmp_path / "one.zip", "one"))
    olga.wait_until_live(1)
    first = olga.page.locator(".upload").last

    olga.drop(site_at(tmp_path / "two.zip", "two"))

    olga.wait_until_live(2)
    expect(first).to_contain_text("Deploy 1 is not live any more.")
    expect(first.get_by_role("button", name="Undo")).to_have_count(0)
    expect(olga.page.locator(".upload").first).to_contain_text("Deploy 2 is live:")
    oldest = house.api.get("/sites/overtaken/deploys").json()["items"][-1]["id"]
    house.api.post("/sites/overtaken/publish", json={"deploy": oldest}).raise_for_status()
    expect(first).to_contain_text("Deploy 1 is live:")
    expect(olga.page.locator(".upload").first).to_contain_text("Deploy 2 is not live any more.")


def test_going_live_can_be_taken_back(house: House, olga: Window, tmp_path: Path) -> None:
    house.deployed("undone", {"index.html": page("before")})
    olga.open("/sites/undone")
    olga.drop(site_at(tmp_path / "site.zip", "after"))
    olga.wait_until_live(2)
    expect(olga.page.locator(".upload a >> text=Open")).to_have_attribute(
        "href", f"http://undone.localhost:{house.server.port}/"
    )

    olga.page.locator(".upload").get_by_role("button", name="Undo").click()

    olga.page.wait_for_selector(".upload >> text=Taken back. Deploy 1 is live again.")
    olga.wait_for_deploys("Deploy 2: Ready", "Deploy 1: Live")
    assert olga.heading_of(f"http://undone.localhost:{house.server.port}/") == "before"


def test_taking_the_first_deploy_back_takes_the_site_off(house: House, olga: Window, browser: Browser) -> None:
    house.deployed("first", {"index.html": page("only")})
    olga.open("/sites/first")

    olga.page.click("#live >> text=Undo")

    expect(olga.page.locator("#notice")).to_contain_text("Taken back")
    expect(olga.page.locator("#live")).to_contain_text("Nothing is live yet")
    olga.wait_for_deploys("Deploy 1: Ready")
    assert olga.stayed()


def busy(house: House) -> None:
    """Give the one who unpacks something to do."""
    name = f"busy-{house.api.get('/sites').json()['total']}"
    house.api.post("/sites", json={"name": name}).raise_for_status()
    kind = {"content-type": "application/zip"}
    for _ in range(2):
        house.api.post(f"/sites/{name}/deploys?draft=true", content=zip_of(MANY), headers=kind).raise_for_status()

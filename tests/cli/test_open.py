"""`open`, and starting with nothing else to do: what a double click leads to."""

import re
import stat
import subprocess
import sys
import webbrowser
from pathlib import Path

import httpx
import pytest

from appliance import browser
from tests.builders import MAIN, served
from tests.cast import OLGA
from tests.cli.conftest import Run
from tests.opened import Desktop, link_in, page_at

NO_BROWSER = (*browser.DISPLAYS, "BROWSER")
LINK = "http://localhost:8080/sign-in/link?token=abc"


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    return Desktop.at(tmp_path, (sys.executable, str(MAIN)))


def browsing() -> httpx.Client:
    return httpx.Client(follow_redirects=True, timeout=30, headers={"Sec-Fetch-Site": "same-origin"})


def followed(link: str) -> httpx.Response:
    with browsing() as client:
        return client.get(link)


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" (?:value|content)="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_a_double_click_leads_into_the_admin_without_typing_anything(desktop: Desktop) -> None:
    with desktop.double_clicked():
        way_in = desktop.opened()
        page = followed(link_in(way_in))

    assert (page.status_code, page.url.path) == (200, "/")
    assert "@localhost" in page.text
    assert not page_at(way_in).exists()


def test_a_second_start_opens_the_server_that_runs(desktop: Desktop) -> None:
    with desktop.double_clicked():
        first = followed(link_in(desktop.opened()))
        with desktop.double_clicked() as second:
            again = followed(link_in(desktop.opened(after=1)))
            status = second.wait(60)

    assert status == 0
    assert again.url == first.url
    assert again.status_code == 200


def test_a_server_that_somebody_else_started_is_opened_too(desktop: Desktop) -> None:
    desktop.data.parent.mkdir(parents=True)
    with served(desktop.data) as server, desktop.double_clicked() as opener:
        page = followed(link_in(desktop.opened()))
        status = opener.wait(60)

    assert status == 0
    assert str(page.url) == f"{server.url}/"
    assert page.status_code == 200


def test_who_has_no_terminal_sets_a_password_and_stops_it_in_the_admin(desktop: Desktop) -> None:
    new = {"password": "a password of mine", "again": "a password of mine"}
    with desktop.double_clicked() as process, browsing() as olga:
        account = olga.get(link_in(desktop.opened())).url.join("/account")
        before = olga.get(account).text
        first = olga.post(account.join("/account/password"), data={**new, "csrf": csrf(before)})
        second = olga.post(account.join("/account/password"), data={**new, "csrf": csrf(before)})
        answer = olga.post(account.join("/stop"), data={"csrf": csrf(olga.get(account.join("/stop")).text)})
        status = process.wait(60)

    assert "Set password" in before
    assert 'href="/stop"' in before
    assert (first.status_code, second.status_code) == (200, 422)
    assert "Change password" in first.text
    assert "Dropdock has stopped" in answer.text
    assert status == 0


def test_an_account_that_is_there_is_the_one_signed_in(desktop: Desktop, run: Run, logging_as_it_was: None) -> None:
    run("account", "create", "--email", OLGA.email, "--role", "operator", "--data", desktop.data)

    with desktop.double_clicked():
        page = followed(link_in(desktop.opened()))

    assert OLGA.email in page.text
    assert "@localhost" not in page.text


def test_a_settings_file_beside_the_data_counts(desktop: Desktop) -> None:
    desktop.data.mkdir(parents=True)
    (desktop.data / "appliance.toml").write_text('base = "sites.localhost"\nadmin_host = "admin.localhost"\n')

    with desktop.double_clicked():
        link = link_in(desktop.opened())

    assert link.startswith("http://admin.localhost:")


def test_what_goes_wrong_is_shown_to_who_has_no_terminal(desktop: Desktop) -> None:
    desktop.data.mkdir(parents=True)
    (desktop.data / "appliance.toml").write_text("lisen = 8080\n")

    with desktop.double_clicked() as process:
        shown = page_at(desktop.opened()).read_text()
        status = process.wait(60)

    assert status == 78
    assert "Dropdock could not be opened." in shown
    assert "lisen" in shown


def test_on_a_terminal_without_a_browser_the_link_is_printed(desktop: Desktop) -> None:
    environment = {key: value for key, value in desktop.environment.items() if key not in NO_BROWSER}
    desktop.data.parent.mkdir(parents=True)
    with served(desktop.data):
        done = subprocess.run(
            [*desktop.program, "open"],
            cwd=desktop.home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        page = followed(done.stdout.split()[-1])

    assert done.stdout.startswith("Dropdock runs already. Open this link within five minutes, once:")
    assert page.status_code == 200


def test_without_a_display_there_is_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NO_BROWSER:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")

    assert not browser.is_here()


def test_a_page_that_leads_on_replaces_what_stands_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "open.html"
    page.write_text("somebody else's")
    page.chmod(0o644)
    monkeypatch.setenv("BROWSER", "true")
    asked: list[str] = []
    monkeypatch.setattr(webbrowser, "open", asked.append)

    opened = browser.open_link(LINK, page)

    assert opened
    assert asked == [page.as_uri()]
    assert link_in(page.as_uri()) == LINK
    assert "token" not in page.as_uri()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600


def test_a_browser_that_may_not_see_hidden_folders_gets_its_page_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snap = tmp_path / "snap"
    snap.write_text("#!/bin/sh\n")
    snap.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DOWNLOAD_DIR", raising=False)
    hidden, seen = tmp_path / ".local" / "open.html", tmp_path / "data" / "open.html"

    without = browser.place_of(hidden)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert without == hidden
    assert browser.place_of(seen) == seen
    assert browser.place_of(hidden) == tmp_path / "Downloads" / "dropdock.html"

"""A double click on the single executable: no terminal, no arguments; what it opens is followed with a real browser."""

from pathlib import Path

import psutil
import pytest

from tests.admin_ui.window import Window, chromium
from tests.opened import Desktop, link_in, words_of

pytestmark = pytest.mark.long  # it would wait for another process to have made the executable


@pytest.fixture
def desktop(executable: Path, tmp_path: Path) -> Desktop:
    return Desktop.at(tmp_path, (str(executable),))


@pytest.mark.browser
def test_a_double_click_ends_in_the_admin_and_a_second_one_too(desktop: Desktop) -> None:
    with desktop.double_clicked() as server, chromium() as browser:
        address = desktop.opened()
        family = [server.pid, *(child.pid for child in psutil.Process(server.pid).children(recursive=True))]
        token = link_in(address).rpartition("=")[2]
        with Window.on(browser, address) as window:
            window.page.goto(address)
            window.page.wait_for_url("http://localhost:*/")
            heading = window.page.inner_text("h1")
        with desktop.double_clicked() as second, Window.on(browser, address) as window:
            window.page.goto(desktop.opened(after=1))
            window.page.wait_for_url("http://localhost:*/")
            status = second.wait(60)

    assert heading == "Sites"
    assert status == 0
    assert not any(token in words_of(process) for process in family if psutil.pid_exists(process))


def test_the_browser_finds_the_libraries_of_the_system_not_those_of_the_bundle(desktop: Desktop) -> None:
    with desktop.double_clicked():
        desktop.opened()

    assert (desktop.home / "opened.environment").read_text() == "LD_LIBRARY_PATH=\n"


def test_it_stops_when_told(desktop: Desktop) -> None:
    with desktop.double_clicked() as server:
        desktop.opened()
        server.terminate()
        status = server.wait(60)

    assert status == 0
    assert not (desktop.data / "running.json").exists()

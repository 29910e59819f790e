"""The desktop window for real: Qt's WebEngine on a screen of the test's own, handled by mouse and keys."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from appliance import presence
from appliance.data_folder import DataFolder
from appliance.file_lock import FileLock
from appliance.presence import Presence
from tests.builders import MAIN, folder_of, page
from tests.desktop import inspector
from tests.desktop import screen as screens
from tests.desktop.screen import Screen, Toolkit
from tests.opened import Desktop, link_in

TITLE = "Dropdock"
QUESTION = "Close Dropdock?"
BUTTONS = {"Keep running": (510, 157), "Stop Dropdock": (357, 157)}  # pixels from the content's upper left
MENU = ("All sites", "Open site", "Copy address", "Open data folder", "On other devices", "Quit")

pytestmark = [
    pytest.mark.long,
    pytest.mark.needs(
        "xvfb", "xdotool", "openbox", "imagemagick", "libxcb-cursor0", "libxcb-icccm4", "libxcb-keysyms1"
    ),
]


@dataclass(frozen=True)
class Session:
    """Somebody at a screen with Dropdock's window before them."""

    screen: Screen
    desktop: Desktop
    process: "subprocess.Popen[bytes]"
    names: dict[str, str]
    inspector: int

    @property
    def server(self) -> Presence:
        found = presence.find(DataFolder(self.desktop.data))
        assert found is not None
        return found

    def start_again(self) -> int:
        with self.desktop.double_clicked(**self.names) as second:
            return second.wait(90)

    def choose(self, entry: str) -> None:
        self.screen.click(self.screen.window(TITLE), (40, 9))
        self.screen.do("sleep", 1, "key", *["Down"] * (MENU.index(entry) + 1), "Return")

    def go(self, path: str) -> None:
        """Have the window show another page of the admin."""
        inspector.go(self.inspector, self.server.url.rstrip("/") + path)
        self.screen.do("sleep", 3)

    def clipboard(self, interpreter: Path) -> str:
        """What another program would paste."""
        with self.screen.python(interpreter, screens.CLIPBOARD) as reader:
            return reader.communicate(timeout=60)[0].strip()

    def close(self) -> None:
        self.screen.window(TITLE)
        self.screen.do("key", "alt+F4")
        self.screen.window(QUESTION)

    def answer(self, button: str, *, happened: Callable[[], bool]) -> None:
        """Click a button of the question; again if that came before the page was there."""

        def has_happened() -> bool:
            if self.screen.windows(QUESTION):
                self.screen.click(self.screen.windows(QUESTION)[0], BUTTONS[button])
                self.screen.do("sleep", 1)
            return happened()

        self.screen.until(has_happened, f"{button!r} was not heard")

    def visit(self, site: str) -> int:
        host = f"{site}.localhost:{self.server.port}"
        return httpx.get(f"http://127.0.0.1:{self.server.port}/", headers={"Host": host}, timeout=30).status_code


@pytest.fixture(scope="module")
def interpreter() -> Path:
    return screens.QT.environment()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def with_file_manager(home: Path) -> str:
    """A PATH on which what opens a folder is what opens an address: it remembers what it was asked for."""
    opener = home / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.symlink_to(home / "browser")
    return f"{opener.parent}:{os.environ['PATH']}"


@contextmanager
def at_a_screen(home: Path, toolkit: Toolkit, *program: str, language: str = "C.UTF-8") -> Iterator[Session]:
    with Screen.on() as screen:
        desktop = Desktop.at(home, (*program, str(MAIN)))
        port = free_port()
        names = {"DISPLAY": screen.display, "QTWEBENGINE_REMOTE_DEBUGGING": f"127.0.0.1:{port}"}
        names |= {"PATH": with_file_manager(home), "LC_ALL": language, **toolkit.variables()}
        with desktop.double_clicked(**names) as process:
            screen.window(TITLE)
            screen.until(lambda: screen.colours() > 100, "the page was not drawn")
            yield Session(screen, desktop, process, names, port)


@pytest.fixture
def session(interpreter: Path, tmp_path: Path) -> Iterator[Session]:
    with at_a_screen(tmp_path, screens.QT, str(interpreter)) as session:
        yield session


@contextmanager
def file_manager(session: Session, interpreter: Path, folder: Path) -> Iterator[None]:
    with session.screen.python(interpreter, screens.SOURCE, str(folder)) as manager:
        session.screen.window("File manager")
        try:
            yield
        finally:
            manager.terminate()


def test_a_folder_dragged_onto_the_window_goes_live(session: Session, interpreter: Path, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "garden", {"index.html": page("Roses")})
    screen = session.screen
    screen.picture("window")

    def published() -> bool:
        """Drag, then confirm the name that is proposed; a busy page may miss one."""
        screen.drag((45, 15), (640, 500))
        screen.do("sleep", 3)
        screen.picture("dropped")
        screen.window(TITLE)
        screen.do("key", "Return", "sleep", 8)
        return session.visit("garden") == 200

    with file_manager(session, interpreter, folder):
        screen.until(published, "the site did not go live")
    screen.picture("live")


def test_the_menu_copies_and_opens_what_is_shown(session: Session, interpreter: Path) -> None:
    address = f"http://garden.localhost:{session.server.port}/"
    session.go("/sites/garden")  # there need not be one yet

    session.choose("Copy address")
    session.screen.until(lambda: session.clipboard(interpreter) == address, "nothing was copied")
    session.screen.picture("copied")
    session.choose("Open site")
    site = session.desktop.opened()
    session.choose("Open data folder")
    folder = session.desktop.opened(after=1)

    assert site == address
    assert folder == str(session.desktop.data)


def test_closed_it_goes_on_in_the_background_until_it_is_started_again(session: Session) -> None:
    session.close()
    session.screen.picture("question")

    session.answer("Keep running", happened=lambda: not session.screen.windows(TITLE))
    answer = httpx.get(session.server.url, timeout=30, follow_redirects=True)
    again = session.start_again()

    assert answer.status_code == 200
    assert again == 0
    assert session.screen.windows(TITLE)
    assert session.desktop.times_opened() == 0


def test_closed_it_stops_when_that_is_wanted(session: Session) -> None:
    session.close()

    session.answer("Stop Dropdock", happened=lambda: session.process.poll() is not None)

    assert session.process.returncode == 0
    assert presence.find(DataFolder(session.desktop.data)) is None


def test_it_stays_when_the_question_is_closed_and_quits_from_the_menu_without_one(session: Session) -> None:
    session.close()
    session.screen.do("key", "alt+F4")
    session.screen.until(lambda: not session.screen.windows(QUESTION), "the question is still there")
    stayed = session.screen.windows(TITLE)

    session.choose("Quit")

    assert stayed
    assert session.process.wait(90) == 0


def test_it_asks_in_german_where_the_system_does(interpreter: Path, tmp_path: Path) -> None:
    with at_a_screen(tmp_path, screens.QT, str(interpreter), language="de_DE.UTF-8") as session:
        session.screen.window(TITLE)
        session.screen.click(session.screen.window(TITLE), (40, 9))
        session.screen.do("sleep", 1)
        session.screen.picture("menu-german")
        session.screen.do("key", "Escape", "key", "alt+F4")
        session.screen.window("Dropdock schließen?")
        session.screen.do("sleep", 2)
        session.screen.picture("question-german")


def test_it_stops_when_told(session: Session) -> None:
    session.process.terminate()

    assert session.process.wait(90) == 0
    assert not DataFolder(session.desktop.data).running.exists()


@pytest.mark.needs("python3-gi", "gir1.2-webkit2-4.1", "dbus")
def test_gtk_draws_the_window_too(tmp_path: Path) -> None:
    python = str(screens.GTK.environment())
    with at_a_screen(tmp_path, screens.GTK, "dbus-run-session", "--", python) as session:
        session.screen.picture("gtk")
        server = FileLock(DataFolder(session.desktop.data).lock).holder()
        assert server

        os.kill(server, signal.SIGTERM)

        assert session.process.wait(90) == 0


def test_where_nothing_draws_a_window_the_browser_opens(interpreter: Path, tmp_path: Path) -> None:
    with Screen.on() as screen:
        desktop = Desktop.at(tmp_path, (str(interpreter), str(MAIN)))
        folder_of(tmp_path / "without", {f"{toolkit}.py": "raise ImportError" for toolkit in ("gi", "qtpy")})
        names = {"DISPLAY": screen.display, "PYTHONPATH": str(tmp_path / "without")}
        with desktop.double_clicked(**names) as process:
            page = httpx.get(link_in(desktop.opened()), follow_redirects=True, timeout=30)
            process.terminate()
            status = process.wait(90)

    assert (page.status_code, page.url.path) == (200, "/")
    assert status == 0

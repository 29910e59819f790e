"""The window itself: pywebview shows the admin in it, with a menu, and a question before it closes."""

import json
import logging
import os
import secrets
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Literal, NoReturn
from urllib.parse import urlsplit

import click
import structlog
import webview
from webview.errors import WebViewException
from webview.menu import Menu as NativeMenu
from webview.menu import MenuAction, MenuSeparator

from admin_ui.desktop import front, markup, network, tongue
from admin_ui.desktop.accepting import ask_in
from admin_ui.desktop.aside import Aside
from admin_ui.desktop.clipboard import let_copy
from admin_ui.desktop.closing import Closing, leave
from admin_ui.desktop.menu import Entry, Menu
from admin_ui.desktop.question import Question
from admin_ui.words import speak, t
from appliance import browser, opening
from appliance.backstage import Backstage
from appliance.data_folder import DataFolder
from appliance.server import Program, Running
from appliance.settings import Settings

TITLE = "Dropdock"
SIZE = (1100, 800)  # pixels
SMALLEST = (420, 480)
NETWORK_SIZE = (520, 640)
KEY_BYTES = 32

log = structlog.get_logger(__name__)


def run(settings: Settings, program: Program) -> int:
    """Serve, with the admin in a window, until the program is quit or told to stop; the exit code.

    Raises what keeps a server from starting (`server.REFUSALS`). To be called on the main thread.
    """
    bell = front.Bell(secrets.token_urlsafe(KEY_BYTES))
    admin = program.admin
    with_window = replace(program, admin=lambda parts: [*admin(parts), bell.blueprint()], window=bell.key)
    backstage = Backstage(settings, with_window)
    running = backstage.start()
    left = threading.Event()
    try:
        window = Window(backstage, running)
        bell.rung = window.come_to_front
        _on_stop_signals(lambda: leave(window.quit, left, lambda: _without_window(backstage)))
        window.stay_open()
        left.set()
        _end(backstage)
    except WebViewException as error:
        log.warning("no_window", reason=str(error))
        _in_browser(backstage, running)
    finally:
        backstage.stop()
    return 0


class Window:
    """One window on one server, made on the main thread; everything else may be called from any thread but that."""

    def __init__(self, backstage: Backstage, running: Running) -> None:
        self._backstage, self._parts = backstage, running.parts
        self._closing = Closing(ask=self._ask, hide=self._hide, end=self._end)
        self._question = Question(self._closing.answered)
        self._network = Aside(NETWORK_SIZE)
        webview.settings["ALLOW_DOWNLOADS"] = True  # deploys can be downloaded
        width, height = SIZE
        self._main = webview.create_window(
            TITLE, self._link(), width=width, height=height, min_size=SMALLEST, text_select=True
        )
        self._main.events.closing += self._closing.wanted
        self._main.events.before_show += self._before_show

    def stay_open(self) -> None:
        """Show the window until `quit`; returns then. Raises WebViewException where nothing can draw one."""
        self._speak()
        menu = Menu(self, self._parts.addresses, self._parts.settings.data.absolute())
        shown = [NativeMenu(TITLE, [_native(entry) for entry in menu.entries()])]
        webview.start(gui=_toolkit(), menu=shown, private_mode=True)

    def come_to_front(self) -> None:
        """Show the window, wherever it is, and whoever sits there signed in."""
        if urlsplit(self.shown()).path.startswith("/sign-in"):
            self.show(self._link())
        self._main.show()
        self._main.restore()

    def quit(self) -> None:
        """End the program without asking."""
        self._closing.end()

    def shown(self) -> str:
        """The address of the page that is shown."""
        return self._main.get_current_url() or ""

    def show(self, address: str) -> None:
        """Show a page."""
        self._main.load_url(address)

    def say(self, key: str) -> None:
        """Show a sentence above the page for a while."""
        self._speak()
        self._main.run_js(f"({markup.SAY})({json.dumps(t(key))}, 'good')")

    def copy(self, text: str) -> None:
        """Put a text on the clipboard, and say whether it is there."""
        self._speak()
        said = [text, t("desktop.copied", address=text), t("desktop.not_copied", address=text)]
        self._main.run_js(f"{markup.COPY}({', '.join(map(json.dumps, said))}, {markup.SAY})")

    def open_outside(self, place: str) -> None:
        """Open an address in the browser, or a folder in the file manager."""
        if "://" in place:
            webbrowser.open(place)
        else:
            click.launch(place)

    def show_network(self) -> None:
        """Show where other devices reach this server."""
        self._speak()
        self._network.show(network.title(), network.page(self._parts.settings, self._parts.addresses))

    def _link(self) -> str:
        return self._backstage.do(opening.link(self._parts.access, self._parts.addresses.admin_url))

    def _before_show(self) -> None:
        """Called by the toolkit, on its own thread, which has nothing to wait for yet."""
        let_copy(self._main, self._parts.addresses.admin_url)
        ask_in(self._main, self._backstage.do(tongue.of_window(self._parts.settings)).tag)

    def _ask(self) -> None:
        self._speak()
        self._question.ask()

    def _speak(self) -> None:
        """Say everything on this thread in the window's language."""
        speak(self._backstage.do(tongue.of_window(self._parts.settings)))

    def _hide(self) -> None:
        self._main.hide()

    def _end(self) -> None:
        for end in (self._question.end, self._network.end, self._main.destroy):
            end()


def _native(entry: Entry | None) -> MenuAction | MenuSeparator:
    return MenuSeparator() if entry is None else MenuAction(entry.title, entry.act)


def _toolkit() -> Literal["qt"] | None:
    """What to draw with first, None to leave it to pywebview, which reports at length that GTK is not there."""
    without_gtk = sys.platform == "linux" and find_spec("gi") is None
    return "qt" if without_gtk else None


def _without_window(backstage: Backstage) -> None:
    log.warning("window_hangs")
    _end(backstage)


def _end(backstage: Backstage) -> NoReturn:
    """End the server and the program, also from another thread than the main one.

    Python would wait for threads of pywebview, of which one waits for ever where a page was being drawn as its window
    was closed.
    """
    backstage.stop()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _on_stop_signals(stop: Callable[[], None]) -> None:
    """Call `stop` once on SIGTERM or SIGINT.

    Python's own handlers run on the main thread, which is busy in a toolkit's loop. Some toolkits let it through every
    now and then; for the others there is a socket that the system itself writes to, and a thread at its other end.
    """
    told = threading.Event()
    near, far = socket.socketpair()
    far.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    signal.set_wakeup_fd(far.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())

    def listen() -> None:
        with near, far:
            while near.recv(1):
                told.set()

    def wait() -> None:
        told.wait()
        stop()

    for each in (listen, wait):
        threading.Thread(target=each, daemon=True, name=f"signals: {each.__name__}").start()


def _in_browser(backstage: Backstage, running: Running) -> None:
    """What is left where nothing can draw a window."""
    stopped = threading.Event()
    _on_stop_signals(stopped.set)
    link = backstage.do(opening.link(running.parts.access, running.parts.addresses.admin_url))
    way_in = DataFolder(running.parts.settings.data).way_in
    if not browser.open_link(link, way_in):
        click.echo(f"Open this link within five minutes, once:\n  {link}")
    stopped.wait()
    browser.forget(way_in)

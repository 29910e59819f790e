"""`open`: what a double click does: the admin comes up, of the server that runs or of one that is started now."""

import http.client
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from appliance import browser, opening, presence
from appliance.cli import options
from appliance.cli.offline import with_database
from appliance.cli.output import Failure, on_terminal, show
from appliance.data_folder import DataFolder, InUse
from appliance.file_lock import FileLock
from appliance.presence import Presence
from appliance.settings import Settings
from appliance.settings_sources import CONFIG_NAME

START = 60.0  # seconds for a server that is just starting, or migrates its database, to listen
POLL = 0.1
PATIENCE = 5.0  # seconds for a window to come to the front

Start = Callable[[Settings, Path | None], int]
"""Starts a server, with the settings of a file if there is one, and opens its admin, until it is told to stop.

Raises InUse, Failure.
"""


def command(start: Start) -> click.Command:
    """The command, which calls `start` where no server runs."""

    @click.command("open")
    @options.config
    @options.data
    def open_admin(config: Path | None, data: Path | None) -> int:
        """Open the admin, signed in; start the server where none runs.

        This is what Dropdock does when it is started with nothing else to do, as by a double click. The first time it
        makes your account. It opens a window, or the browser where windows are not installed.
        """
        try:
            return _open(*_settings(config, data), start)
        except (Failure, OSError) as error:
            _tell_without_terminal(error)
            raise

    return open_admin


def _open(settings: Settings, file: Path | None, start: Start) -> int:
    folder = DataFolder(settings.data)
    if FileLock(folder.lock).holder() is None:
        try:
            return start(settings, file)
        except InUse:
            pass  # somebody clicked twice
    return _bring_to_front(settings, _running(folder))


def _settings(config: Path | None, data: Path | None) -> tuple[Settings, Path | None]:
    """The settings and their file: one beside the user's data where nothing else is named, for who has no terminal."""
    settings, file = options.settings(config, {"data": data}), options.file(config)
    beside = settings.data.absolute() / CONFIG_NAME
    if file is None and beside.is_file():
        return options.settings(beside, {"data": data}), beside
    return settings, file


def _running(folder: DataFolder) -> Presence:
    """The server on the folder, once it listens."""
    until = time.monotonic() + START
    while time.monotonic() < until:
        found = presence.find(folder)
        if found is not None:
            return found
        time.sleep(POLL)
    raise Failure(f"Another Dropdock uses {folder.root} and has not said for {START:.0f} seconds where it listens.")


def _bring_to_front(settings: Settings, running: Presence) -> int:
    if running.window and _raise_window(running):
        show("Dropdock runs already: its window is in front.")
        return 0
    link: str = with_database(settings, lambda access: opening.link(access, running.url))
    if browser.open_link(link, DataFolder(settings.data).way_in):
        show(f"Dropdock runs already: opened {running.url} in your browser.")
    else:
        show(f"Dropdock runs already. Open this link within five minutes, once:\n  {link}")
    return 0


def _raise_window(running: Presence) -> bool:
    """Have the window of the server that runs come to the front; whether it did."""
    connection = http.client.HTTPConnection(running.host, running.port, timeout=PATIENCE)
    try:
        authorization = {"Host": running.admin, "Authorization": f"Bearer {running.window}", "Content-Length": "0"}
        connection.request("POST", presence.WINDOW, headers=authorization)
        return connection.getresponse().status == 204
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tell_without_terminal(error: Exception) -> None:
    """Say in the browser what went wrong, to who has nothing else to read it on."""
    if on_terminal():
        return
    sentence = error.message if isinstance(error, Failure) else str(error)
    page = Path(tempfile.mkdtemp(prefix="dropdock-"), "dropdock.html")
    browser.open_message(f"Dropdock could not be opened. {sentence}", page)

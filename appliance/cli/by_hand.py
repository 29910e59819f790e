"""Serve for the person who opened Dropdock: the admin comes up in their browser, signed in."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from appliance import browser, greeting, opening, server
from appliance.cli.output import Failure, on_terminal
from appliance.data_folder import DataFolder, InUse
from appliance.server import Program, Running
from appliance.settings import Settings


def serve(settings: Settings, program: Program) -> int:
    """Serve until told to stop; the exit code. Raises InUse when another server has the folder, Failure."""
    with refusals_as_failures():
        server.serve(settings, program if on_terminal() else replace(program, stop=_stop), _greet)
    browser.forget(DataFolder(settings.data).way_in)
    return 0


@contextmanager
def refusals_as_failures() -> Iterator[None]:
    """Within, what keeps a server from starting is raised as Failure; InUse as it is."""
    try:
        yield
    except InUse:
        raise
    except server.REFUSALS as error:
        raise Failure(str(error)) from None


def _stop() -> None:
    signal.raise_signal(signal.SIGTERM)


async def _greet(running: Running) -> None:
    parts = running.parts
    link = await opening.link(parts.access, parts.addresses.admin_url)
    opened = browser.open_link(link, DataFolder(parts.settings.data).way_in)
    greeting.say(running, told(link, opened=opened))


def told(link: str, *, opened: bool) -> str:
    """What a person is told of a link, which they need only where no browser was found."""
    return "Opened in your browser." if opened else f"Open this link within five minutes, once:\n  {link}"

"""Whether the data folder is where it was: its disk may be unmounted, or somebody moves it, while the server runs.

What has it open goes on reading and writing what is not there any more, and what is made anew in its place, or in a
bare mount point, hides the folder that comes back. So nothing is changed meanwhile.
"""

import asyncio
import errno
from pathlib import Path

import structlog
from quart import Quart, current_app, request

from appliance import guard
from appliance.callers import SAFE_METHODS
from appliance.data_folder import NOT_THERE, DataFolder
from appliance.errors import Busy

NO_DATABASE = "lacks its database: put that back, or restore a backup"
OTHER = "has another database than the server has open, as after being copied: restart Dropdock"
EXTENSION = "dropdock_whereabouts"
SIGN_OUT = "/sign-out"  # how the addresses end that anybody may ask who wants to be gone

Identity = tuple[int, int] | None

log = structlog.get_logger(__name__)


class Whereabouts:
    """Of one folder, whose database is open. From any thread."""

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self._opened = _identity(folder.database)
        self._said = ""

    def wrong(self) -> str:
        """What is wrong with the folder, as words that follow its name; empty where nothing is. Blocks.

        The log is told when that changes.
        """
        found = self._look()
        if found != self._said:
            self._said = found
            self._tell(found)
        return found

    def _look(self) -> str:
        if not self.folder.is_there():
            return NOT_THERE
        now = _identity(self.folder.database)
        if now == self._opened:
            return ""
        return OTHER if now else NO_DATABASE

    def _tell(self, found: str) -> None:
        if found:
            log.error("data_folder_lost", reason=f"{self.folder.root.absolute()} {found}")
        else:
            log.info("data_folder_back", path=str(self.folder.root.absolute()))

    async def check(self) -> None:
        """Raise Busy (storage_failed) while anything is wrong."""
        if found := await asyncio.to_thread(self.wrong):
            raise lost(found)


def lost(found: str) -> Busy:
    """What somebody is told who wants to change something."""
    return Busy(
        f"The server's data folder {found}. That is for its operator to do, and nothing was changed: try again then.",
        code="storage_failed",
    )


def install(app: Quart, whereabouts: Whereabouts) -> None:
    """Refuse changes while the folder is not there, of those who are let in. Call it after `guard.install`."""
    app.extensions[EXTENSION] = whereabouts
    app.before_request(_refuse_changes)


def explained(error: OSError) -> Busy | None:
    """What to answer where something was not found because the folder is not there. Blocks for that one look."""
    whereabouts: Whereabouts | None = current_app.extensions.get(EXTENSION)
    found = whereabouts.wrong() if whereabouts is not None and error.errno == errno.ENOENT else ""
    return lost(found) if found else None


async def _refuse_changes() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.method in SAFE_METHODS or request.path.endswith(SIGN_OUT):
        return
    if not guard.is_open(request.endpoint or "", view):  # to sign in helps an operator to see what is the matter
        whereabouts: Whereabouts = current_app.extensions[EXTENSION]
        await whereabouts.check()


def _identity(path: Path) -> Identity:
    """What tells a file from another that has its name; None where it is not there."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino

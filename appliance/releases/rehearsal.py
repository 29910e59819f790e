"""A new executable is tried out before anything is changed: it has to start, on a copy of the database."""

import contextlib
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance import presence, readiness
from appliance.data_folder import DataFolder
from appliance.releases import outside
from appliance.releases.values import CannotUpdate

START_SECONDS = 120.0  # to be ready: a large database may have to be migrated, on a slow disk
STOP_SECONDS = 30.0
LOOK_SECONDS = 0.1  # between two looks
# What of the operator's settings leads to what only the real data folder, or only one server at a time, has.
_NOT_IN_REHEARSAL = {
    "DROPDOCK_LISTEN": "127.0.0.1:0",
    "DROPDOCK_LISTEN_TLS": "",
    "DROPDOCK_HTTPS_REDIRECT": "false",
    "DROPDOCK_GEOIP_FILE": "",
    "DROPDOCK_ACCESS_LOG": "off",
}


def try_out(candidate: Path, version: str, options: Sequence[str], folder: DataFolder) -> None:
    """See that a file is this version and gets ready on a copy of the folder's database. Raises CannotUpdate.

    `options` are those that the server is started with, without `--data`. Blocks, as long as a start takes.
    """
    said = _run([str(candidate), "version"])
    if said != f"dropdock {version}":
        raise CannotUpdate(f"The new version says of itself {said[:200]!r}, not {version}. Nothing was changed.")
    with tempfile.TemporaryDirectory(prefix="dropdock-update-") as scratch:
        copy = DataFolder(Path(scratch, "data"))
        copy.create()
        copy_database(folder.database, copy.database)
        _copy_themes(folder, copy)
        _see_it_start([str(candidate), "serve", *options, "--data", str(copy.root)], copy)


def copy_database(database: Path, target: Path) -> None:
    """Copy a database that may be in use; nothing where there is none yet. Raises CannotUpdate."""
    if not database.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise CannotUpdate(f"The database could not be copied ({error}). Nothing was changed.") from None


def _copy_themes(folder: DataFolder, copy: DataFolder) -> None:
    """A server does not start without the theme it is to have. Raises CannotUpdate."""
    try:
        if folder.themes.is_dir():
            shutil.copytree(folder.themes, copy.themes)
    except OSError as error:
        raise CannotUpdate(f"The themes could not be copied ({error}). Nothing was changed.") from None


def await_ready(folder: DataFolder, ended: Callable[[], bool]) -> bool:
    """Whether the server of a folder gets ready, before it has `ended` and within START_SECONDS."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and not ended():
        if readiness.is_ready(presence.find(folder)):
            return True
        time.sleep(LOOK_SECONDS)
    return False


def _see_it_start(command: Sequence[str], folder: DataFolder) -> None:
    with tempfile.TemporaryFile() as said:
        environment = outside.environment() | _NOT_IN_REHEARSAL
        server = subprocess.Popen(  # noqa: S603 - the executable whose signature was checked
            command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=folder.root
        )
        try:
            ready = await_ready(folder, lambda: server.poll() is not None)
        finally:
            _end(server)
        if not ready:
            said.seek(0)
            last = said.read().decode(errors="replace").strip().splitlines()[-1:]
            raise CannotUpdate(
                f"The new version does not start, tried on a copy of the database ({''.join(last)[:300]}). "
                "Nothing was changed."
            )


def _end(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _run(command: Sequence[str]) -> str:
    """What a command prints."""
    try:
        done = subprocess.run(  # noqa: S603 - as above
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=START_SECONDS,
            check=True,
            env=outside.environment(),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotUpdate(f"The new version does not run on this machine ({error}). Nothing was changed.") from None
    return done.stdout.strip()

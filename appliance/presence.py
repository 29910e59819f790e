"""What a running server leaves in its data folder for other programs of the same user: where it can be asked."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from appliance.data_folder import DataFolder
from appliance.file_lock import FileLock

WINDOW = "/window"  # below the admin's address
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - who listens everywhere is asked on this machine


@dataclass(frozen=True, slots=True)
class Presence:
    """A server that listens on `host`:`port` for plain HTTP. `admin` is the host of its admin, `url` the address.

    `window` is what has its window come to the front, sent to the address WINDOW; empty where it has none.
    """

    host: str
    port: int
    admin: str
    url: str
    window: str = ""


@contextlib.contextmanager
def shown(folder: DataFolder, presence: Presence) -> Iterator[None]:
    """Say where the server is while the block runs; readable by this user alone, written beside and renamed."""
    beside = folder.running.with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps(asdict(presence)), encoding="utf-8")
    beside.chmod(0o600)
    beside.replace(folder.running)
    try:
        yield
    finally:
        folder.running.unlink(missing_ok=True)


def find(folder: DataFolder) -> Presence | None:
    """The server that runs on the folder; None when there is none, or none that listens yet.

    What a killed server left behind does not count: the lock tells whether one is there.
    """
    if FileLock(folder.lock).holder() is None:
        return None
    return _read(folder.running)


def reached_at(host: str) -> str:
    """The address at which this machine reaches who listens on `host`."""
    return _EVERYWHERE.get(host, host)


def _read(path: Path) -> Presence | None:
    try:
        return Presence(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None

"""Examines a data folder: whether content has the bytes its name says, and whether all that deploys name is there."""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance import schema
from appliance.data_folder import DataFolder
from appliance.safekeeping import database
from appliance.safekeeping.copying import PIECE
from appliance.safekeeping.database import Kept
from appliance.storage.manifest import Entry, Manifests, UnreadableManifest, files_of
from appliance.storage.packs import Places, places


class Stopped(Exception):
    """Whoever began the work has called it off."""


class Pace:
    """Keeps reading to so many bytes a second (0: as fast as it goes), and ends it once `stop` is set."""

    def __init__(self, rate: float = 0, stop: threading.Event | None = None) -> None:
        self._rate = rate
        self._stop = stop or threading.Event()
        self._began = time.monotonic()
        self.bytes = self.files = 0

    def spent(self, count: int) -> None:
        """So many bytes were read: wait as long as that is to take. Raises Stopped."""
        self.bytes += count
        ahead = self.bytes / self._rate - (time.monotonic() - self._began) if self._rate else 0.0
        if self._stop.wait(ahead) if ahead > 0 else self._stop.is_set():
            raise Stopped


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it should be.

    `kind` is database, manifest or content; `what` the path in the data folder, `how` a few words. Where a site is
    concerned: its name, the number of the deploy, and the path of the file in it.
    """

    kind: str
    what: str
    how: str
    site: str = ""
    deploy: int = 0
    path: str = ""

    def __str__(self) -> str:
        where = f"{self.site}, deploy {self.deploy}: " if self.site else ""
        which = f"{self.path} ({self.what})" if self.path else self.what
        return f"{where}{which} {self.how}"


def examine(folder: DataFolder, pace: Pace) -> Iterator[Damage]:
    """All of it, as it is found; blocks. What goes while it looks, because it was deleted, is no damage.

    Memory is bounded by the largest manifest and the number of damaged files. Raises OSError only where the folder
    itself cannot be read, and Stopped.
    """
    broken = database_damage(folder.database)
    yield from broken
    bad = dict(rehash(folder.blobs, pace))
    if broken:  # it cannot tell whose they are
        yield from (Damage("content", f"blobs/{sha256[:2]}/{sha256}", how) for sha256, how in bad.items())
        return
    named: set[str] = set()
    for damage in named_damage(folder, bad):
        named.add(damage.what.rpartition("/")[2])
        yield damage
    for sha256, how in bad.items():
        if sha256 not in named:
            yield Damage("content", f"blobs/{sha256[:2]}/{sha256}", f"{how} (no deploy names it)")


def database_damage(path: Path) -> list[Damage]:
    """What is wrong with the database itself."""
    found = [Damage("database", path.name, fault) for fault in database.faults(path)]
    if found:
        return found
    try:
        unknown = schema.look(path).unknown
    except schema.Unreadable as error:
        return [Damage("database", path.name, str(error))]
    return [Damage("database", path.name, f"was made by a newer Dropdock ({name})") for name in unknown]


def rehash(blobs: Path, pace: Pace) -> Iterator[tuple[str, str]]:
    """Every blob whose bytes are not what its name says, or that cannot be read: its SHA-256, and how."""
    for number in range(256):
        folder = blobs / f"{number:02x}"
        for name in sorted(path.name for path in folder.iterdir()) if folder.is_dir() else ():
            if not name.startswith("."):  # being written
                how = _wrong(folder / name, pace)
                if how:
                    yield name, how


def named_damage(folder: DataFolder, bad: Collection[str] | dict[str, str] = ()) -> Iterator[Damage]:
    """What deploys name and is not there, not readable, or not of its size; also if it is among the `bad`."""
    manifests = Manifests(folder.manifests)
    try:
        for deploy in database.kept_deploys(folder.database):
            found = list(_deploy_damage(folder, manifests, deploy, bad))
            if found and database.is_kept(folder.database, deploy):  # else it was deleted meanwhile
                yield from found
    except sqlite3.Error as error:
        yield Damage("database", folder.database.name, str(error))


def _deploy_damage(
    folder: DataFolder, manifests: Manifests, deploy: Kept, bad: Collection[str] | dict[str, str]
) -> Iterator[Damage]:
    try:
        manifest = manifests.get(deploy.manifest)
    except (OSError, UnreadableManifest) as error:
        how = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
        yield Damage("manifest", f"manifests/{deploy.manifest}", how, deploy.site, deploy.number)
        return
    inside = places(manifest.packs)
    for path, entry in manifest.entries.items():
        for sha256, size in (*files_of(entry, inside), *_packs_of(entry, inside).items()):
            how = _missing(folder.blobs / sha256[:2] / sha256, size)
            if not how and sha256 in bad:
                how = bad[sha256] if isinstance(bad, dict) else "is damaged"
            if how:
                yield Damage("content", f"blobs/{sha256[:2]}/{sha256}", how, deploy.site, deploy.number, path)


def _packs_of(entry: Entry, inside: Places) -> dict[str, int]:
    """The packs in which something of an entry lies: SHA-256 → bytes."""
    lying = (inside.get(sha256) for sha256 in (entry.sha256, *(form.sha256 for form in entry.variants)))
    return {place.pack: place.whole for place in lying if place}


def _missing(path: Path, size: int) -> str:
    try:
        found = path.stat().st_size
    except OSError as error:
        return "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
    return "" if found == size else f"has {found} bytes instead of {size}"


def _wrong(path: Path, pace: Pace) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb", buffering=0) as file:
            while piece := file.read(PIECE):
                digest.update(piece)
                pace.spent(len(piece))
    except FileNotFoundError:  # swept since the folder was listed
        return ""
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    pace.files += 1
    return "" if digest.hexdigest() == path.name else "has other bytes than its name says"

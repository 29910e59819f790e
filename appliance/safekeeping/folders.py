"""A folder of backups that share what is the same: content under its SHA-256, and a listing for each backup.

objects/ab/abcdef…   every file of every backup, once
snapshots/….list     what each backup holds; a backup is there when its listing is
incoming/            what is being written
"""

import contextlib
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from appliance.file_lock import FileLock, Held
from appliance.safekeeping.copying import Hashed, copy
from appliance.safekeeping.items import Item, Listing, Refused
from appliance.safekeeping.naming import names
from appliance.storage.blobs import sync_filesystem, sync_folder

MOST_STAGED = 2_000  # files, or
MOST_STAGED_BYTES = 512 * 1024 * 1024  # written before they are made durable and named: what a crash loses at most
NAMED = "%Y%m%dT%H%M%S.%fZ"  # listings, so that the order of names is that of time


class BackupFolder:
    """One folder of backups; nothing is touched before it is entered."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = FileLock(root / "backups.lock")
        self._staged: dict[str, Path] = {}
        self._staged_bytes = 0
        self._count = 0

    @property
    def scratch(self) -> Path:
        """Where things are written before they have a name."""
        return self.root / "incoming"

    def __enter__(self) -> Self:
        """Raises Refused where the folder holds something else, or another backup is under way in it."""
        _check_kind(self.root)
        for folder in (self.root, self.root / "objects", self.root / "snapshots"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._lock.take()
        except Held as held:
            raise Refused(f"Another backup into {self.root} is under way ({held}): wait for it.") from held
        shutil.rmtree(self.scratch, ignore_errors=True)  # left by one that was killed
        self.scratch.mkdir(mode=0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self._lock.release()

    def holds(self, sha256: str, size: int) -> bool:
        """Whether an earlier backup has brought it."""
        if sha256 in self._staged:
            return True
        try:
            return self.object(sha256).stat().st_size == size
        except FileNotFoundError:
            return False

    def put(self, path: str, source: Hashed) -> Item:
        """Write it beside; it gets its name with others, once they are durable."""
        size, beside = source.left, self.scratch / str(self._count)
        self._count += 1
        copy(source, beside, 0o400)
        item = Item(path, source.sha256, size)
        if self.holds(item.sha256, size):
            beside.unlink()
        else:
            self._staged[item.sha256] = beside
            self._staged_bytes += size
        if len(self._staged) >= MOST_STAGED or self._staged_bytes >= MOST_STAGED_BYTES:
            self._settle()
        return item

    def finish(self, listing: Path) -> Path:
        """The backup is there once its listing is."""
        self._settle()
        sync_filesystem(self.root)
        place = self.root / "snapshots" / f"{self._now():{NAMED}}.list"
        listing.replace(place)
        sync_folder(place.parent)
        return place

    def _now(self) -> datetime:
        """Later than every backup there is, also when the clock was set back: the newest is the last by name."""
        now = datetime.now(UTC)
        for last in self.snapshots()[-1:]:
            with contextlib.suppress(ValueError):  # somebody gave it another name
                now = max(now, datetime.strptime(last.stem, NAMED).replace(tzinfo=UTC) + timedelta(microseconds=1))
        return now

    def object(self, sha256: str) -> Path:
        """Where content stands, whether or not it is there."""
        return self.root / "objects" / sha256[:2] / sha256

    def snapshots(self) -> list[Path]:
        """The listings of all backups in it, the oldest first."""
        return sorted((self.root / "snapshots").glob("*.list"))

    def prune(self, keep: int) -> int:
        """Let all but the newest `keep` backups go, and what only they held; how many went. Only while entered."""
        old = self.snapshots()[:-keep]
        for listing in old:
            listing.unlink()
        if old:
            sync_folder(self.root / "snapshots")
            self._sweep()
        return len(old)

    def _sweep(self) -> None:
        with names(self.scratch) as held:
            for listing in self.snapshots():
                held.add((item.sha256, item.size) for item in Listing(listing).check().items())
            for stored in _files(self.root / "objects"):
                if stored.name not in held:
                    stored.unlink()

    def _settle(self) -> None:
        sync_filesystem(self.root)
        for sha256, beside in self._staged.items():
            place = self.object(sha256)
            place.parent.mkdir(exist_ok=True, mode=0o700)
            beside.replace(place)
        self._staged.clear()
        self._staged_bytes = 0


def _check_kind(root: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        found = {entry.name for entry in root.iterdir()}
        if found and "snapshots" not in found:
            raise Refused(f"{root} is not empty and holds no backups of Dropdock: name another folder.")


def _files(root: Path) -> Iterator[Path]:
    for folder in root.iterdir():
        yield from folder.iterdir()

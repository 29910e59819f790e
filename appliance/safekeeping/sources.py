"""Reads backups back: every file checked against its hash as it is written, nothing written that is not named."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from appliance.safekeeping.archives import members
from appliance.safekeeping.copying import Hashed, copy
from appliance.safekeeping.folders import BackupFolder
from appliance.safekeeping.items import LISTING, Damaged, Head, Item, Listing, Refused, checked, name_of_content
from appliance.safekeeping.targets import is_archive

LARGEST_LISTING = 2**32  # bytes: some 40 million files

Receive = Callable[[str, Hashed], None]
"""Takes one file of a backup: where it stands in a data folder, and its bytes."""


class Source(Protocol):
    """A backup to be read. Raises Damaged for what is not as it was written, Refused for what is no backup, OSError."""

    def unpack(self, staging: Path) -> Head:
        """Write everything below an empty folder; it is whole and unchanged once this returns."""

    def fetch(self, paths: Collection[str], receive: Receive) -> None:
        """Hand over those of these blobs and manifests that are in it."""


def source_of(place: str) -> Source:
    """What a name on the command line means: an archive, a folder of backups (its newest), or one listing in it."""
    path = Path(place)
    if path.suffix == ".list" and path.is_file():
        return SnapshotSource(BackupFolder(path.absolute().parent.parent), path)
    if path.is_file() or is_archive(place):
        return ArchiveSource(path)
    folder = BackupFolder(path)
    found = folder.snapshots()
    if not found:
        raise Refused(f"{place} holds no backup: name a folder of backups, one of its .list files, or an archive.")
    return SnapshotSource(folder, found[-1])


class SnapshotSource:
    """One backup in a folder of them."""

    def __init__(self, folder: BackupFolder, listing: Path) -> None:
        self._folder = folder
        self._listing = listing

    def unpack(self, staging: Path) -> Head:
        """Copy what the listing names, checking each hash on the way."""
        listing = Listing(self._listing).check()
        for item in listing.items():
            self._unpack(staging, item)
        return listing.head

    def fetch(self, paths: Collection[str], receive: Receive) -> None:
        """Content is under its hash: the listing need not be read."""
        for path in paths:
            place = self._folder.object(str(name_of_content(path)))
            if place.is_file():
                with place.open("rb") as file:
                    receive(path, Hashed(file, place.stat().st_size))

    def _unpack(self, staging: Path, item: Item) -> None:
        try:
            with self._folder.object(item.sha256).open("rb") as file:
                source = Hashed(file, item.size)
                if _place(staging, item.path, source) != item.sha256 or source.left:
                    raise Damaged(f"The backup is damaged ({item.path} has other bytes): use another one.")
        except FileNotFoundError as error:
            raise Damaged(f"The backup is damaged ({item.path} is missing): use another one.") from error


class ArchiveSource:
    """A backup in one file."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def unpack(self, staging: Path) -> Head:
        """Write each member, then hold all of them against the listing, which comes last."""
        found: dict[str, str] = {}  # of what does not tell its hash by its name: few
        count = 0
        listed = staging / LISTING
        with members(self._place) as files:
            for path, source in files:
                if listed.exists():
                    raise Damaged(f"{self._place} goes on after its listing: use another backup.")
                if path == LISTING:
                    _bounded(source)
                    copy(source, listed)
                    continue
                sha256 = _place(staging, checked(path), source)
                if name_of_content(path) not in {None, sha256}:
                    raise Damaged(f"The backup is damaged ({path} has other bytes): use another one.")
                if name_of_content(path) is None:
                    found[path] = sha256
                count += 1
        return self._hold_against(listed, staging, found, count)

    def fetch(self, paths: Collection[str], receive: Receive) -> None:
        """One pass through the archive."""
        with members(self._place) as files:
            for path, source in files:
                if path in paths:
                    receive(path, source)

    def _hold_against(self, listed: Path, staging: Path, found: dict[str, str], count: int) -> Head:
        if not listed.exists():
            raise Damaged(f"{self._place} was cut short: use another backup.")
        listing = Listing(listed)
        for item in listing.items():
            place = staging / item.path
            unlike = found.get(item.path, item.sha256) != item.sha256
            if unlike or not place.is_file() or place.stat().st_size != item.size:
                raise Damaged(f"The backup is damaged ({item.path} is not as listed): use another one.")
            count -= 1
        if count:
            raise Damaged(f"{self._place} holds files that it does not list: use another backup.")
        listed.unlink()
        return listing.head


def _place(staging: Path, path: str, source: Hashed) -> str:
    """Write a file where it belongs; the SHA-256 of its bytes."""
    place = staging / path
    for folder in reversed(place.relative_to(staging).parents[:-1]):
        (staging / folder).mkdir(exist_ok=True, mode=0o700)  # `parents=True` would leave those between open to others
    try:
        copy(source, place, 0o444 if path.startswith("blobs/") else 0o600)
    except FileExistsError as error:
        raise Damaged(f"The backup holds {path} twice: use another one.") from error
    return source.sha256


def _bounded(source: Hashed) -> None:
    if source.left > LARGEST_LISTING:
        raise Damaged("The backup's listing is larger than any: do not use it.")

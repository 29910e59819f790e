"""Reads backups back: every file checked against its hash as it is written, nothing written that is not named."""

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from appliance.safekeeping.archives import members
from appliance.safekeeping.backups import LARGEST_LISTING, Backups
from appliance.safekeeping.copying import Hashed, copy
from appliance.safekeeping.items import LISTING, Damaged, Head, Item, Listing, Refused, checked, name_of_content
from appliance.safekeeping.naming import names
from appliance.safekeeping.places import Means, place_of
from appliance.safekeeping.targets import is_archive

LARGEST_CONTENT = 2**63  # bytes; where content is under its hash, that tells its end

Receive = Callable[[str, Hashed], None]
"""Takes one file of a backup: where it stands in a data folder, and its bytes."""


Tell = Callable[[str], None]
"""Is told a sentence about one file of a backup that is not as it was written."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A backup that was read to its end: what it says of itself, what was read, and how many files are damaged."""

    head: Head
    files: int
    bytes: int
    damaged: int


class Source(Protocol):
    """A backup to be read. Raises Damaged for what is not as it was written, Refused for what is no backup, OSError."""

    def unpack(self, staging: Path) -> Head:
        """Write everything below an empty folder; it is whole and unchanged once this returns."""

    def fetch(self, paths: Collection[str], receive: Receive) -> None:
        """Hand over those of these blobs and manifests that are in it."""

    def check(self, scratch: Path, tell: Tell) -> Checked:
        """Read every byte and hold it against the listing, which alone is written, to an empty folder."""


def source_of(address: str, means: Means) -> Source:
    """What a name on the command line means: an archive, a place of backups (its newest), or one listing in it."""
    at, name = _listing_in(address)
    if name:
        return SnapshotSource(Backups(place_of(at, means), means), name)
    if is_archive(address):
        return ArchiveSource(Path(address), means)
    backups = Backups(place_of(address, means), means)
    found = backups.listings()
    if not found:
        raise Refused(f"{address} holds no backup: name a place of backups, one of its .list files, or an archive.")
    return SnapshotSource(backups, found[-1])


def _listing_in(address: str) -> tuple[str, str]:
    """The place, and the name in it, where an address means one listing; else the address and nothing."""
    if "://" in address:
        at, _, name = address.rpartition("/snapshots/")
        return (at, f"snapshots/{name}") if at and name.endswith(".list") else (address, "")
    path = Path(address).absolute()
    if path.suffix == ".list" and path.is_file():
        return str(path.parent.parent), f"snapshots/{path.name}"
    return address, ""


class SnapshotSource:
    """One backup in a place of them, by the name of its listing."""

    def __init__(self, backups: Backups, name: str) -> None:
        self._backups = backups
        self._name = name

    def unpack(self, staging: Path) -> Head:
        """Write what the listing names, checking each hash on the way; as many at a time as the place likes."""
        listing = self._listing(staging)
        in_parallel(partial(self._unpack, staging), listing.items(), self._backups.place.streams)
        listing.path.unlink()
        return listing.head

    def fetch(self, paths: Collection[str], receive: Receive) -> None:
        """Content is under its hash: the listing need not be read."""
        for path in paths:
            sha256 = str(name_of_content(path))
            try:
                with self._backups.content(Item(path, sha256, 0)) as stream:
                    receive(path, Hashed(stream, LARGEST_CONTENT))
            except (FileNotFoundError, Damaged):  # it stays as it was; others may be here
                continue

    def check(self, scratch: Path, tell: Tell) -> Checked:
        """As many files at a time as the place likes."""
        listing = self._listing(scratch)
        result = _Tally(tell)
        in_parallel(lambda item: result.add(item, self._fault(item)), listing.items(), self._backups.place.streams)
        return result.of(listing.head)

    def _listing(self, folder: Path) -> Listing:
        try:
            return self._backups.listing(self._name, folder / LISTING)
        except FileNotFoundError:
            raise Refused(f"There is no backup {self._name} in {self._backups.place.address}: name another.") from None

    def _fault(self, item: Item) -> str:
        """A few words, if it is not as listed."""
        try:
            with self._backups.content(item) as stream:
                source = Hashed(stream, item.size + 1)
                source.read_out()
        except FileNotFoundError:
            return "is missing"
        except Damaged:
            return "has other bytes"
        return "" if (source.sha256, source.left) == (item.sha256, 1) else "has other bytes"

    def _unpack(self, staging: Path, item: Item) -> None:
        try:
            with self._backups.content(item) as stream:
                source = Hashed(stream, item.size)
                if _place(staging, item.path, source) != item.sha256 or source.left:
                    raise Damaged(f"The backup is damaged ({item.path} has other bytes): use another one.")
        except FileNotFoundError as error:
            raise Damaged(f"The backup is damaged ({item.path} is missing): use another one.") from error


class ArchiveSource:
    """A backup in one file."""

    def __init__(self, place: Path, means: Means) -> None:
        self._place = place
        self._means = means

    def unpack(self, staging: Path) -> Head:
        """Write each member, then hold all of them against the listing, which comes last."""
        found: dict[str, str] = {}  # of what does not tell its hash by its name: few
        count = 0
        listed = staging / LISTING
        with members(self._place, self._means) as files:
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
        with members(self._place, self._means) as files:
            for path, source in files:
                if path in paths:
                    receive(path, source)

    def check(self, scratch: Path, tell: Tell) -> Checked:
        """One pass; its listing comes last."""
        listed, others = scratch / LISTING, dict[str, str]()
        with names(scratch) as contents:
            with members(self._place, self._means) as files:
                for path, source in files:
                    if path == LISTING:
                        _bounded(source)
                        copy(source, listed)
                        continue
                    size = source.left
                    source.read_out()
                    if name_of_content(path) is None:
                        others[path] = source.sha256
                    else:
                        contents.add([(source.sha256, size)])
            if not listed.exists():
                raise Damaged(f"{self._place} was cut short: use another backup.")
            listing, result = Listing(listed), _Tally(tell)
            for item in listing.items():
                there = item.sha256 in contents if name_of_content(item.path) else others.get(item.path) == item.sha256
                result.add(item, "" if there else "is missing or has other bytes")
        return result.of(listing.head)

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


class _Tally:
    """What was read of a backup; told of by several threads."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._files = self._bytes = self._damaged = 0

    def add(self, item: Item, fault: str) -> None:
        with self._lock:
            self._files += 1
            self._bytes += item.size
            if fault:
                self._damaged += 1
                self._tell(f"{item.path} {fault}")

    def of(self, head: Head) -> Checked:
        return Checked(head, self._files, self._bytes, self._damaged)


def in_parallel(work: Callable[[Item], None], items: Iterable[Item], threads: int) -> None:
    """Do it for each, by so many threads; raises what the first that fails raises, and begins no more then."""
    if threads == 1:
        for item in items:
            work(item)
        return
    begun: deque[Future[None]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                if len(begun) >= 2 * threads:
                    begun.popleft().result()
                begun.append(pool.submit(work, item))
            for one in begun:
                one.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise

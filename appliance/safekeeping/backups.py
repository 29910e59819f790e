"""Backups in one place that share what is the same: content under its hash, and a listing for each backup.

objects/ab/abcdef…   every file of every backup, once
snapshots/….list     what each backup holds; a backup is there when its listing is
identity.age         where they are encrypted: what opens them, for who has the passphrase
"""

import contextlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from appliance.safekeeping.copying import Hashed, Readable, copy
from appliance.safekeeping.items import Damaged, Item, Listing
from appliance.safekeeping.naming import names
from appliance.safekeeping.places import Means, Place
from appliance.safekeeping.seals import NoSeal, Seal, new_seal, seal_of

NAMED = "%Y%m%dT%H%M%S.%fZ"  # listings, so that the order of names is that of time
LARGEST_LISTING = 2**32  # bytes: some 40 million files
MOST_REMOVED = 1_000  # at a time


class Backups:
    """Takes backups into a place, and finds those that are there; nothing is touched before it is entered."""

    def __init__(self, place: Place, means: Means) -> None:
        self.place = place
        self._means = means
        self._seal: Seal | None = None
        self._count = 0
        self._stack = contextlib.ExitStack()

    @property
    def scratch(self) -> Path:
        """Where things are written before they have a name."""
        return self.place.scratch

    @property
    def seal(self) -> Seal:
        """That of the backups that are there; raises Refused where the passphrase is not theirs."""
        if self._seal is None:
            self._seal = seal_of(self.place, self._means, self.place.top())
        return self._seal

    def __enter__(self) -> Self:
        """Raises Refused where there is something else, or another backup is under way, or another passphrase fits."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.place)
            if isinstance(self.seal, NoSeal) and self._means.passphrase:
                self._seal = new_seal(self.place, self._means)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def holds(self, sha256: str, size: int) -> bool:
        """Whether an earlier backup has brought it, or this one."""
        stored = self.place.size(self._object(sha256))
        return stored is not None and self.seal.fits(stored, size)

    def put(self, path: str, source: Hashed) -> Item:
        """Write it aside, and hand it to the place if that has not got it."""
        size, beside = source.left, self._beside()
        self.seal.write(source, beside)
        item = Item(path, source.sha256, size)
        if self.holds(item.sha256, size):
            beside.unlink()
        else:
            self.place.put(self._object(item.sha256), beside)
        return item

    def finish(self, listing: Path) -> str:
        """The backup is there once its listing is."""
        beside = self._beside()
        with listing.open("rb") as file:
            self.seal.write(Hashed(file, listing.stat().st_size), beside)
        self.place.settle()
        name = f"snapshots/{self._now():{NAMED}}.list"
        self.place.create(name, beside)
        return f"{self.place.address}/{name}"

    def listings(self) -> list[str]:
        """The names of the listings of all backups in it, the oldest first."""
        return sorted(name for name, _ in self.place.files("snapshots") if name.endswith(".list"))

    def listing(self, name: str, copied_to: Path) -> Listing:
        """A listing, copied to a new file and found whole; raises Damaged, FileNotFoundError."""
        with self.place.read(name) as stream, self.seal.read(stream) as file:
            source = Hashed(file, LARGEST_LISTING + 1)
            copy(source, copied_to)
        if not source.left:
            raise Damaged(f"The backup's listing {name} is larger than any: do not use it.")
        return Listing(copied_to).check()

    @contextlib.contextmanager
    def content(self, item: Item) -> Iterator[Readable]:
        """The bytes under its hash, unchecked; raises FileNotFoundError, Damaged with its path."""
        try:
            with self.place.read(self._object(item.sha256)) as stream, self.seal.read(stream) as file:
                yield file
        except Damaged as error:
            raise Damaged(f"The backup is damaged ({item.path} has other bytes): use another one.") from error

    def prune(self, keep: int) -> int:
        """Let all but the newest `keep` backups go, and what only they held; how many went. Only while entered."""
        old = self.listings()[:-keep]
        if old:
            self.place.remove(old)
            self._sweep()
        return len(old)

    def _sweep(self) -> None:
        with names(self.scratch, "held.db") as held:
            for name in self.listings():
                copied = self._beside()
                held.add((self.seal.name(item.sha256), 0) for item in self.listing(name, copied).items())
                copied.unlink()
            stale = (name for name, _ in self.place.files("objects") if name.rpartition("/")[2] not in held)
            for some in _batches(stale, MOST_REMOVED):
                self.place.remove(some)

    def _object(self, sha256: str) -> str:
        name = self.seal.name(sha256)
        return f"objects/{name[:2]}/{name}"

    def _beside(self) -> Path:
        self._count += 1
        return self.scratch / str(self._count)

    def _now(self) -> datetime:
        """Later than every backup there is, also when the clock was set back: the newest is the last by name."""
        now = datetime.now(UTC)
        for last in self.listings()[-1:]:
            with contextlib.suppress(ValueError):  # somebody gave it another name
                written = datetime.strptime(last, f"snapshots/{NAMED}.list").replace(tzinfo=UTC)
                now = max(now, written + timedelta(microseconds=1))
        return now


def _batches(found: Iterable[str], most: int) -> Iterator[list[str]]:
    batch: list[str] = []
    for name in found:
        batch.append(name)
        if len(batch) == most:
            yield batch
            batch = []
    yield batch

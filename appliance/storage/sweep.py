"""Removes stored content that nothing names any more: manifests first, then the blobs that no manifest names.

Marks are made of the manifests on disk. A manifest goes once no deploy has had it for a while, and nobody relied on it
meanwhile; a blob once no manifest or listing names it and nobody used it meanwhile. So what a deploy on its
way relies on stays, whether it found the content itself there (`Guard.renew`) or a manifest that names it
(`Manifests.renew`). One that is killed has done no harm, and the next goes on at the prefix it had come to.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from appliance.storage.guard import Guard
from appliance.storage.marks import Marks, named_in

PREFIXES = 256


class Stopped(Exception):
    """The sweep was told to stop; the next goes on from there."""


class Unsafe(Exception):
    """Nothing may be removed, since it cannot be told what is named; `str()` says why and what to do."""


@dataclass(slots=True)
class Swept:
    """What was removed, or would be: how many of each, and the bytes of both."""

    manifests: int = 0
    blobs: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Places:
    """Where content is, and what else may name some: listings of deploys begun; `state` is the sweep's own folder."""

    blobs: Path
    manifests: Path
    state: Path
    listings: Callable[[], Iterable[Path]]


@dataclass(slots=True)
class Sweep:
    """One sweep. Blocks; for one thread.

    `before` is in seconds since 1970: what was used since stays. `holding` is held while files go, for a moment each
    time. `check` is called often, and may raise to end it. A `dry_run` removes nothing.
    """

    places: Places
    before: float
    holding: Callable[[], AbstractContextManager[object]]
    check: Callable[[], None] = lambda: None
    dry_run: bool = False
    swept: Swept = field(default_factory=Swept)

    def run(self, named: frozenset[str]) -> Swept:
        """Remove what goes; `named` are the manifests that deploys have. Raises Unsafe, OSError, what `check` does."""
        self.places.state.mkdir(mode=0o700, exist_ok=True)
        going = self._sweep_manifests(named)
        marks = Marks(self.places.state / "marks")
        try:
            self._mark(marks, named, going)
            for number in self._order():
                self._sweep_prefix(f"{number:02x}", marks)
                self._remember(number + 1)
        finally:
            marks.close()
        return self.swept

    # ── manifests ──

    def _sweep_manifests(self, named: frozenset[str]) -> set[str]:
        """Which manifests go, or are gone."""
        unnamed = self.places.state / "unnamed"
        unnamed.mkdir(exist_ok=True)
        going: set[str] = set()
        with self.holding():
            for name in _names(self.places.manifests):
                self.check()
                noticed = unnamed / name
                if name in named:
                    noticed.unlink(missing_ok=True)
                elif self._was_noticed(noticed) and self._remove(self.places.manifests, name, name):
                    self.swept.manifests += 1
                    going.add(name)
            self._forget(unnamed)
        return going

    def _was_noticed(self, noticed: Path) -> bool:
        """Whether the manifest was found to be unnamed long enough ago; from now on it counts as found."""
        try:
            return noticed.stat().st_mtime < self.before
        except FileNotFoundError:
            if not self.dry_run:
                noticed.touch()
            return False

    def _forget(self, unnamed: Path) -> None:
        for entry in list(os.scandir(unnamed)):
            if not (self.places.manifests / entry.name).exists():
                Path(entry.path).unlink(missing_ok=True)

    # ── marks ──

    def _mark(self, marks: Marks, named: frozenset[str], going: set[str]) -> None:
        there = [name for name in _names(self.places.manifests) if not name.startswith(".") and name not in going]
        lost = named - set(there)
        if lost:
            raise _unsafe(f"The manifest {min(lost)} is missing")
        for name in there:
            self._mark_manifest(marks, name, verify=name in named)
        for path in self.places.listings():
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:  # it has become a deploy meanwhile
                for names in named_in(file):
                    marks.add(names)
        marks.flush()

    def _mark_manifest(self, marks: Marks, name: str, *, verify: bool) -> None:
        digest = hashlib.sha256()
        with (self.places.manifests / name).open("rb") as file:
            for names in named_in(file, digest.update):
                self.check()
                marks.add(names)
        if verify and digest.hexdigest() != name:
            raise _unsafe(f"The manifest {name} is damaged")

    # ── blobs ──

    def _sweep_prefix(self, prefix: str, marks: Marks) -> None:
        marked = marks.of(prefix)
        with self.holding():
            for name in _names(self.places.blobs / prefix):
                self.check()
                if name not in marked and self._remove(self.places.blobs, f"{prefix}/{name}", name):
                    self.swept.blobs += 1

    def _remove(self, root: Path, path: str, name: str) -> bool:
        """Whether a file goes; one that was being written, and was left by a process that died, counts as nothing."""
        size = self._look(root / path) if self.dry_run else Guard(root).remove(str(root / path), self.before)
        if size is None:
            return False
        self.swept.bytes += size
        return not name.startswith(".")

    def _look(self, path: Path) -> int | None:
        with contextlib.suppress(FileNotFoundError):
            found = path.stat()
            if found.st_mtime < self.before:
                return found.st_size
        return None

    # ── where it had come to ──

    def _order(self) -> Iterator[int]:
        try:
            first = int(self._place.read_text())
        except (FileNotFoundError, ValueError):
            first = 0
        return ((first + number) % PREFIXES for number in range(PREFIXES))

    def _remember(self, number: int) -> None:
        if not self.dry_run:
            self._place.write_text(f"{number % PREFIXES}\n")

    @property
    def _place(self) -> Path:
        return self.places.state / "next"


def _names(folder: Path) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return [entry.name for entry in os.scandir(folder)]
    return []


def _unsafe(what: str) -> Unsafe:
    return Unsafe(
        f"{what}, so nobody can tell which content its deploy has: nothing is swept until it is restored from a "
        "backup, or the deploy is deleted."
    )

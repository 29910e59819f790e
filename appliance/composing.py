"""Composes manifests: of what the workshop made, what was live before, the site's options and its rule files."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import structlog

from appliance.data_folder import DataFolder
from appliance.deploys import Work
from appliance.settings import Settings
from appliance.site_rules import RefusedRules, RuleReader
from appliance.storage.blobs import Blobs
from appliance.storage.history import recall, weigh
from appliance.storage.manifest import (
    Entry,
    Found,
    History,
    Manifest,
    Options,
    UnreadableManifest,
    Variant,
    Written,
    encode,
)
from appliance.storage.media_types import served_as
from appliance.storage.packs import Pack
from appliance.storage.savings import Sums, added, summed
from builds import aside
from builds.errors import BuildError
from builds.portions import portions
from builds.priority import gently
from builds.values import StoredFile, StoredVariant, Unpacked

T = TypeVar("T")
log = structlog.get_logger(__name__)
AT_ONCE = 32  # files, with each of which little is done: to look who waits takes as long


class Composer:
    """Makes the manifests of this installation's deploys. Blocking; usable from several threads."""

    def __init__(self, settings: Settings, folder: DataFolder) -> None:
        self.manifests = folder.stored_manifests
        self._rules = RuleReader.of(settings, Blobs(folder.blobs))

    def manifest(self, work: Work, unpacked: Unpacked, previous: Manifest | None, workspace: Path) -> Manifest:
        """The manifest of a deploy's content; raises BuildError when its rules forbid that it is made."""
        now = int(time.time())
        composed = compose(unpacked, work.options, previous, now)
        return weigh(self._with_rules(composed, workspace / aside.FOLDER, now), self._history(work, previous), _gently)

    def previous(self, work: Work) -> Manifest | None:
        """What is live now, if that can be read."""
        if work.previous is None:
            return None
        self.manifests.renew(work.previous)  # what it names is relied on, also if its deploy is deleted meanwhile
        try:
            return self.manifests.get(work.previous)
        except (OSError, UnreadableManifest):
            log.exception("previous_manifest_unreadable", site=work.site, manifest=work.previous)
            return None  # only Last-Modified is lost, and the compressed forms are made again

    def _history(self, work: Work, previous: Manifest | None) -> History | None:
        """What visitors may have kept of earlier deploys; None when not all of it can be read."""

        def read(name: str) -> Manifest:
            return previous if previous is not None and name == work.previous else self.manifests.get(name)

        try:
            return recall(work.published, read)
        except (OSError, UnreadableManifest):
            log.exception("history_unreadable", site=work.site)
            return None

    def _with_rules(self, manifest: Manifest, apart: Path, now: int) -> Manifest:
        try:
            return self._rules.read(manifest, apart, now, _gently)
        except RefusedRules as error:
            limit = (error.limit.name, error.limit.value) if error.limit else None
            raise BuildError(error.code, str(error), limit=limit) from None


@dataclass(frozen=True, slots=True)
class Composed:
    """A manifest, its stored form, what it comes to, and the bytes of it that were not live before."""

    manifest: Manifest
    written: Written
    sums: Sums
    added: int


class Composing:
    """The manifest of one deploy, composed and written once it is known what the deploy holds, while that is made
    durable. What is written goes at the end of the block, unless it was placed.
    """

    def __init__(self, composer: Composer, work: Work, previous: Manifest | None, workspace: Path) -> None:
        self._compose = partial(composer.manifest, work, previous=previous, workspace=workspace)
        self._write = composer.manifests.write
        self._previous = previous
        self._failed: BuildError | OSError | None = None
        self._composed: Composed | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._composed is not None:
            self._composed.written.discard()

    def begin(self, unpacked: Unpacked) -> None:
        """Compose it. What is against that is raised by `result`: whoever makes the content durable goes on."""
        try:
            manifest = self._compose(unpacked)
            written = self._write(encode(manifest, gently))
            gained = added(manifest, self._previous, _gently)
            self._composed = Composed(manifest, written, summed(manifest, _gently), gained)
        except (BuildError, OSError) as error:
            self._failed = error

    def result(self) -> Composed:
        """What was composed; raises BuildError when its rules forbid that it is made, and OSError."""
        if self._failed is not None:
            raise self._failed
        if self._composed is None:
            raise ValueError("it is not composed")
        return self._composed


def compose(unpacked: Unpacked, options: Options, previous: Manifest | None, now: int) -> Manifest:
    """The manifest of an unpacked upload; `now` is in seconds since 1970, `previous` what is live at the time."""
    before = previous.entries if previous else {}
    entries = {}
    for file in _gently(unpacked.files):
        forms, old = unpacked.variants.get(file.sha256, ()), before.get(file.path)
        is_known = old is not None and _stands(old, file, forms)
        # the same value once in memory, whoever keeps both
        entries[file.path] = old if old is not None and is_known else _entry(file, forms, old, now)
    problems = tuple(Found(note.code, note.message, note.path, count=note.count) for note in unpacked.notes)
    packs = {name: Pack(*pack) for name, pack in unpacked.packs.items()}
    return Manifest(options, entries, problems, packs=packs)


def _gently(items: Iterable[T]) -> Iterator[T]:
    """The items; visitors are let in after every few."""
    for few in gently(portions(items, AT_ONCE)):
        yield from few


def _stands(old: Entry, file: StoredFile, forms: Sequence[StoredVariant]) -> bool:
    """Whether an entry is what would be made of this: most of a site is as it was, and that costs less to see."""
    if old.sha256 != file.sha256 or old.source != file.source or len(old.variants) != len(forms) or old.immutable:
        return False
    if old.size != file.size or old.source_size != file.source_size or (old.type, old.coding) != served_as(file.path):
        return False
    for form, made in zip(old.variants, forms, strict=True):
        if form.sha256 != made.sha256 or form.coding != made.coding or form.size != made.size:
            return False
    return True


def _entry(file: StoredFile, forms: Sequence[StoredVariant], old: Entry | None, now: int) -> Entry:
    modified = old.modified if old and old.sha256 == file.sha256 else now
    kind, coding = served_as(file.path)
    variants = tuple(Variant(form.coding, form.sha256, form.size) for form in forms)
    return Entry(
        file.sha256, file.size, kind, modified, variants, coding, source=file.source, source_size=file.source_size
    )

"""Composes manifests: of what the workshop made, what was live before, the site's options and its rule files."""

import time
from functools import partial
from pathlib import Path

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
    encode,
)
from appliance.storage.media_types import served_as
from builds import aside
from builds.errors import BuildError
from builds.priority import gently
from builds.values import Unpacked

log = structlog.get_logger(__name__)


class Composer:
    """Makes the manifests of this installation's deploys. Blocking; usable from several threads."""

    def __init__(self, settings: Settings, folder: DataFolder) -> None:
        self._manifests = folder.stored_manifests
        self._rules = RuleReader.of(settings, Blobs(folder.blobs))

    def manifest(self, work: Work, unpacked: Unpacked, previous: Manifest | None, workspace: Path) -> Manifest:
        """The manifest of a deploy's content; raises BuildError when its rules forbid that it is made."""
        now = int(time.time())
        composed = compose(unpacked, work.options, previous, now)
        return weigh(self._with_rules(composed, workspace / aside.FOLDER, now), self._history(work, previous), gently)

    def previous(self, work: Work) -> Manifest | None:
        """What is live now, if that can be read."""
        if work.previous is None:
            return None
        self._manifests.renew(work.previous)  # what it names is relied on, also if its deploy is deleted meanwhile
        try:
            return self._manifests.get(work.previous)
        except (OSError, UnreadableManifest):
            log.exception("previous_manifest_unreadable", site=work.site, manifest=work.previous)
            return None  # only Last-Modified is lost, and the compressed forms are made again

    def _history(self, work: Work, previous: Manifest | None) -> History | None:
        """What visitors may have kept of earlier deploys; None when not all of it can be read."""

        def read(name: str) -> Manifest:
            return previous if previous is not None and name == work.previous else self._manifests.get(name)

        try:
            return recall(work.published, read)
        except (OSError, UnreadableManifest):
            log.exception("history_unreadable", site=work.site)
            return None

    def _with_rules(self, manifest: Manifest, apart: Path, now: int) -> Manifest:
        try:
            return self._rules.read(manifest, apart, now, gently)
        except RefusedRules as error:
            limit = (error.limit.name, error.limit.value) if error.limit else None
            raise BuildError(error.code, str(error), limit=limit) from None


class Composing:
    """The manifest of one deploy, composed once it is known what the deploy holds, while that is made durable."""

    def __init__(self, composer: Composer, work: Work, previous: Manifest | None, workspace: Path) -> None:
        self._compose = partial(composer.manifest, work, previous=previous, workspace=workspace)
        self._refused: BuildError | None = None
        self._composed: tuple[Manifest, bytes] | None = None

    def begin(self, unpacked: Unpacked) -> None:
        """Compose it. That its rules forbid it is raised by `result`: whoever makes the content durable goes on."""
        try:
            manifest = self._compose(unpacked)
            self._composed = manifest, encode(manifest, gently)
        except BuildError as error:
            self._refused = error

    def result(self) -> tuple[Manifest, bytes]:
        """The manifest and its stored form; raises BuildError when its rules forbid that it is made."""
        if self._refused is not None:
            raise self._refused
        if self._composed is None:
            raise ValueError("it is not composed")
        return self._composed


def compose(unpacked: Unpacked, options: Options, previous: Manifest | None, now: int) -> Manifest:
    """The manifest of an unpacked upload; `now` is in seconds since 1970, `previous` what is live at the time."""
    before = previous.entries if previous else {}
    entries = {}
    for file in gently(unpacked.files):
        old = before.get(file.path)
        modified = old.modified if old and old.sha256 == file.sha256 else now
        kind, coding = served_as(file.path)
        variants = tuple(Variant(v.coding, v.sha256, v.size) for v in unpacked.variants.get(file.sha256, ()))
        entry = Entry(
            file.sha256, file.size, kind, modified, variants, coding, source=file.source, source_size=file.source_size
        )
        entries[file.path] = old if old == entry else entry  # the same value once in memory, whoever keeps both
    problems = tuple(Found(note.code, note.message, note.path, count=note.count) for note in unpacked.notes)
    return Manifest(options, entries, problems)

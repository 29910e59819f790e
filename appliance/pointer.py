"""What a host leads to, in plain values that every process can compile the same release from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import structlog

from appliance.serving.abilities import NO_ABILITIES, Abilities
from appliance.serving.entrance import Lock, compile_locks, is_locked
from appliance.serving.grace import Former, is_asset, look_back
from appliance.serving.release import Release, compile_release, servable
from appliance.storage.blobs import Blobs
from appliance.storage.history import doubt, recall
from appliance.storage.manifest import Entry, History, Manifest, Manifests, UnreadableManifest
from appliance.storage.packs import places

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier deploy's manifest, and until when its assets answer, in seconds since 1970."""

    manifest: str
    until: float


@dataclass(frozen=True, slots=True)
class Pointer:
    """A deploy of a site, by its manifest; `preview` says that it is one by its own host, to which nothing came before.

    `movable` says that the host may lead to another deploy later, so that nothing of it may be kept for ever. `earlier`
    are the deploys whose assets still answer, `published` the manifests of all that visitors have had lately, each the
    last one first.
    """

    site: str
    deploy: str
    manifest: str
    preview: bool = False
    movable: bool = False
    earlier: tuple[Earlier, ...] = ()
    published: tuple[str, ...] = ()


class Compiler:
    """Makes releases of what is stored. Blocking, and good for any thread."""

    def __init__(self, manifests: Manifests, blobs: Blobs, abilities: Abilities = NO_ABILITIES) -> None:
        self._abilities = abilities
        self._manifests = manifests
        self._blobs = blobs

    def compile(self, pointer: Pointer, manifest: Manifest | None = None) -> Release:
        """The release a pointer stands for, with its manifest if that is at hand already.

        Raises FileNotFoundError, UnreadableManifest. The release has no entrance yet. A deploy that is live again knows
        nothing of those that were live since, so these are asked once more what may be kept for ever.
        """
        manifest = manifest or self._manifests.get(pointer.manifest)
        since = None if pointer.movable else self._since(pointer, manifest)
        release = compile_release(
            site=pointer.site,
            deploy=pointer.deploy,
            preview=pointer.preview,
            manifest=replace(manifest, entries=doubt(manifest.entries, since)),
            blob_path=self._blobs.path,
            abilities=self._abilities,
        )
        if not pointer.earlier:
            return release
        formers = self._formers(pointer.earlier, release, (manifest.history, since))
        return replace(release, grace=look_back(release.entries, formers))

    def _since(self, pointer: Pointer, manifest: Manifest) -> History | None:
        """What the deploys know that visitors had and the manifest has not seen; None when not all can be read."""
        published = [name for name in pointer.published if name != pointer.manifest]
        try:
            return recall(published, self._manifests.get, manifest.history.seen)
        except (OSError, UnreadableManifest):
            log.exception("history_unreadable", site=pointer.site)
            return None

    def _formers(
        self, earlier: tuple[Earlier, ...], release: Release, histories: tuple[History | None, ...]
    ) -> Iterator[Former]:
        is_gone = _gone_from(release)
        for each in earlier:
            try:
                manifest = self._manifests.get(each.manifest, is_gone)
                entries = doubt(_open(manifest, release.locks), *histories)
            except (OSError, UnreadableManifest):
                log.exception("earlier_manifest_unreadable", manifest=each.manifest)  # its tabs have to be reloaded
            else:
                yield Former(servable(entries), each.until, places(manifest.packs))


def _open(manifest: Manifest, locks: tuple[Lock, ...]) -> dict[str, Entry]:
    """The files of an earlier deploy without those that were locked in it and would not be now."""
    once = compile_locks(manifest.rules.locks, manifest.options.dialect)
    return {
        path: entry for path, entry in manifest.entries.items() if not is_locked(once, path) or is_locked(locks, path)
    }


def _gone_from(release: Release) -> Callable[[str], bool]:
    return lambda path: path not in release.entries and is_asset(path)

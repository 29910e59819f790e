"""What a host leads to, in plain values that every process can compile the same release from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import structlog

from appliance.serving.grace import Former, is_asset, look_back
from appliance.serving.release import Release, compile_release, servable
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Manifest, Manifests, UnreadableManifest

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier deploy's manifest, and until when its assets answer, in seconds since 1970."""

    manifest: str
    until: float


@dataclass(frozen=True, slots=True)
class Pointer:
    """A deploy of a site, by its manifest; `preview` says that it is one by its own host, to which nothing came before.

    `earlier` are the deploys whose assets still answer, the last one first.
    """

    site: str
    deploy: str
    manifest: str
    preview: bool = False
    earlier: tuple[Earlier, ...] = ()


class Compiler:
    """Makes releases of what is stored. Blocking, and good for any thread."""

    def __init__(self, manifests: Manifests, blobs: Blobs) -> None:
        self._manifests = manifests
        self._blobs = blobs

    def compile(self, pointer: Pointer, manifest: Manifest | None = None) -> Release:
        """The release a pointer stands for, with its manifest if that is at hand already.

        Raises FileNotFoundError, UnreadableManifest. The release has no entrance yet.
        """
        release = compile_release(
            site=pointer.site,
            deploy=pointer.deploy,
            preview=pointer.preview,
            manifest=manifest or self._manifests.get(pointer.manifest),
            blob_path=self._blobs.path,
        )
        if not pointer.earlier:
            return release
        return replace(release, grace=look_back(release.entries, self._formers(pointer.earlier, release)))

    def _formers(self, earlier: tuple[Earlier, ...], release: Release) -> Iterator[Former]:
        is_gone = _gone_from(release)
        for each in earlier:
            try:
                yield Former(servable(self._manifests.get(each.manifest, is_gone).entries), each.until)
            except (OSError, UnreadableManifest):
                log.exception("earlier_manifest_unreadable", manifest=each.manifest)  # its tabs have to be reloaded


def _gone_from(release: Release) -> Callable[[str], bool]:
    return lambda path: path not in release.entries and is_asset(path)

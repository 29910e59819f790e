"""A deploy as a ZIP of the files its author gave, and a manifest of them; made while it is read, never held whole."""

import asyncio
import io
import json
import time
import zipfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import IO, cast

from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.deploys.finding import find
from appliance.errors import Conflict
from appliance.models.deploy import Deploy
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Manifest
from appliance.storage.media_types import COMPRESSIBLE

MANIFEST = ".dropdock/manifest.json"  # a dot folder: left out again when the ZIP is uploaded
PIECE = 256 * 1024  # bytes gathered before they are handed on
FIRST_YEAR = (1980, 1, 1, 0, 0, 0)  # before it a ZIP has no time


@dataclass(frozen=True, slots=True)
class Download:
    """A ZIP, and what it is called; `pieces` may be read once."""

    filename: str
    pieces: AsyncIterator[bytes]


class Downloads:
    """Gives deploys back. Used on the event loop only; files are read in threads."""

    def __init__(self, folder: DataFolder) -> None:
        self._manifests = folder.stored_manifests
        self._blobs = Blobs(folder.blobs)

    async def zip(self, actor: Actor, deploy: str) -> Download:
        """A ready deploy; NotFound, Conflict when it is not ready."""
        row = await find(actor, deploy)
        if row.state != "ready" or row.manifest is None:
            raise Conflict(f"Deploy {row.number} of {row.site.name} is not ready: it is {row.state}.", code="not_ready")
        manifest = await asyncio.to_thread(self._manifests.get, row.manifest)
        return Download(f"{row.site.name}-{row.number}.zip", _in_threads(self._pieces(row, manifest)))

    def _pieces(self, row: Deploy, manifest: Manifest) -> Iterator[bytes]:
        sink = _Sink()
        with zipfile.ZipFile(cast("IO[bytes]", sink), "w") as archive:
            archive.writestr(zipfile.ZipInfo(MANIFEST, _moment(row.created_at.timestamp())), _about(row, manifest))
            for path, entry in sorted(manifest.entries.items()):
                sha256, size = entry.original
                header = zipfile.ZipInfo(path, _moment(entry.modified))
                header.external_attr = 0o100644 << 16
                header.file_size = size
                if path.rpartition(".")[2].lower() in COMPRESSIBLE:
                    header.compress_type = zipfile.ZIP_DEFLATED
                with self._blobs.path(sha256).open("rb") as source, archive.open(header, "w") as target:
                    while piece := source.read(PIECE):
                        target.write(piece)
                        yield from sink.take(PIECE)
        yield from sink.take(1)


class _Sink(io.RawIOBase):
    """Where the archive is written: gathered until it is taken, never gone back in."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._taken = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes) -> int:  # type: ignore[override]  # what zipfile gives
        self._held += piece
        return len(piece)

    def tell(self) -> int:
        return self._taken + len(self._held)

    def take(self, least: int) -> Iterator[bytes]:
        """What has come since, if that is at least so many bytes."""
        if len(self._held) >= least:
            piece = bytes(self._held)
            self._taken += len(piece)
            self._held.clear()
            yield piece


def _about(row: Deploy, manifest: Manifest) -> bytes:
    files = [
        {"path": path, "sha256": entry.original[0], "bytes": entry.original[1], "type": entry.type}
        for path, entry in sorted(manifest.entries.items())
    ]
    facts = {"site": row.site.name, "deploy": row.id, "number": row.number, "created_at": row.created_at.isoformat()}
    said = {"message": row.message, "branch": row.branch, "commit": row.commit}
    return json.dumps(facts | said | {"files": files}, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")


def _moment(seconds: float) -> tuple[int, int, int, int, int, int]:
    moment = time.gmtime(seconds)[:6]
    return max(moment, FIRST_YEAR)


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece

"""Content that accounts send ahead of a deploy, and what of a listing they need not send.

Blobs are shared between sites, but knowing a hash gives nobody anything: an account may refer to what it has sent
itself lately, and to what the sites it may see hold. What the store has beside that is never asked.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.deploys.digests import KINDS, Hasher, Name, PagesHasher
from appliance.deploys.holdings import Holdings
from appliance.errors import BadInput, Busy, Limit, TooLarge, not_stored
from appliance.models.site import Site
from appliance.pauses import next_piece
from appliance.settings import Settings
from appliance.storage.blobs import Blobs
from appliance.storage.pending import Pending, Receiving

log = structlog.get_logger(__name__)

PIECE = 1024 * 1024  # bytes gathered before a thread hashes and writes them
NOTHING = "0" * 64  # no content has this hash
CLAIMED = "claimed-pages"  # names that cannot be verified before a listing says the path


@dataclass(frozen=True, slots=True)
class Stored:
    """Content that is here: its SHA-256 and its size in bytes."""

    sha256: str
    size: int


class Contents:
    """What accounts have sent. Used on the event loop only; files are read and written in threads."""

    def __init__(self, settings: Settings, folder: DataFolder) -> None:
        self._settings = settings
        self.folder = folder
        self._blobs = Blobs(folder.blobs)
        self._holdings = Holdings(folder.stored_manifests)
        self._used: dict[int, int] = {}  # bytes of each account, once they were counted
        self._turns: defaultdict[int, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(settings.uploads_at_once)
        )

    def of(self, account: int) -> Pending:
        """What an account has sent."""
        return Pending(self.folder.pending, account)

    async def put(
        self, actor: Actor, chunks: AsyncIterator[bytes], expected: Name | None = None, declared: int | None = None
    ) -> Stored:
        """Take content in, held against the name it is expected to have; `declared` is its size, where that is said.

        Raises BadInput when it is not what was expected, stops early or pauses for too long, TooLarge (file_size,
        pending_size), Busy when it cannot be stored. Whether the store has the content already makes no difference.
        """
        self._check_size(declared or 0)
        pending = self.of(actor.id)
        async with self._turns[actor.id]:
            await self._reserve(actor.id, 0)
            try:
                receiving = await asyncio.to_thread(_begin, pending)
            except OSError as error:
                raise _no_room(error) from error
            try:
                return await self._receive(actor.id, pending, receiving, chunks, (expected, declared))
            finally:
                await asyncio.to_thread(receiving.drop)

    async def put_bytes(self, actor: Actor, content: bytes, expected: Name | None = None) -> Stored:
        """Take in content that is in memory; raises what `put` does."""

        async def whole() -> AsyncIterator[bytes]:
            yield content

        return await self.put(actor, whole(), expected, len(content))

    async def put_many(self, actor: Actor, contents: list[bytes]) -> list[Stored]:
        """Take in many small contents in one go; raises what `put` does, and then some of them may be here."""
        for content in contents:
            self._check_size(len(content))
        await self._reserve(actor.id, sum(map(len, contents)))
        pending = self.of(actor.id)

        def store() -> list[Stored]:
            pending.create()
            return [_store(pending, content) for content in contents]

        try:
            async with self._turns[actor.id]:
                return await asyncio.to_thread(store)
        except OSError as error:
            self.forget_count(actor.id)
            raise _no_room(error) from error

    async def known(
        self,
        actor: Actor,
        names: Iterable[Name],
        site: Site | None = None,
        paths: dict[Name, str] | None = None,
        base: str = "",
    ) -> dict[Name, Stored]:
        """Those of the names that the account may refer to; `site` is looked at first, with `base`, a manifest of it.

        `paths` gives the path that a name of Cloudflare's is listed for; without one it counts as claimed.
        """
        wanted = set(names)
        manifests = await self._holdings.named(actor, site, base)
        return await asyncio.to_thread(self._look, actor.id, wanted, manifests, paths or {})

    async def missing(self, actor: Actor, names: Iterable[Name], site: Site | None = None) -> list[Name]:
        """Those of the names whose content has to be sent, in their order."""
        asked = list(dict.fromkeys(names))
        known = await self.known(actor, asked, site)
        return [name for name in asked if name not in known]

    def forget_count(self, account: int) -> None:
        """What an account has used is to be counted anew."""
        self._used.pop(account, None)

    async def reserve(self, account: int, size: int) -> None:
        """Let an account keep so many bytes more; TooLarge (pending_size)."""
        await self._reserve(account, size)

    async def _receive(
        self,
        account: int,
        pending: Pending,
        receiving: Receiving,
        chunks: AsyncIterator[bytes],
        said: tuple[Name | None, int | None],
    ) -> Stored:
        expected, declared = said
        hashers = _hashers(expected)
        size = 0
        pieces = bytearray()
        try:
            while chunk := await next_piece(chunks, self._settings):
                size += len(chunk)
                self._check_size(size)
                pieces += chunk
                if len(pieces) >= PIECE:
                    await self._take(account, receiving, hashers, pieces)
            _check_complete(size, declared)
            digests = await self._finish(account, pending, receiving, hashers, pieces, expected, size)
        except OSError as error:
            self.forget_count(account)
            raise _no_room(error) from error
        except BaseException:
            self.forget_count(account)
            raise
        return Stored(digests, size)

    async def _take(self, account: int, receiving: Receiving, hashers: dict[str, Hasher], pieces: bytearray) -> None:
        await self._reserve(account, len(pieces))
        piece = bytes(pieces)
        pieces.clear()
        await asyncio.to_thread(_write, receiving, hashers, piece)

    async def _finish(  # noqa: PLR0913, PLR0917 - the end of one upload, in one hop to a thread
        self,
        account: int,
        pending: Pending,
        receiving: Receiving,
        hashers: dict[str, Hasher],
        rest: bytearray,
        expected: Name | None,
        size: int,
    ) -> str:
        await self._reserve(account, len(rest))

        def finish() -> str:
            _write(receiving, hashers, bytes(rest))
            sha256 = hashers["sha256"].hexdigest()
            _verify(hashers, expected)
            receiving.keep(sha256)
            if expected is not None and expected.kind != "sha256":
                kind = expected.kind if expected.kind in hashers else CLAIMED
                pending.add_name(kind, expected.value, sha256, size)
            return sha256

        return await asyncio.to_thread(finish)

    async def _reserve(self, account: int, size: int) -> None:
        used = self._used.get(account)
        if used is None or used + size > self._settings.pending_size:  # what was published or removed is not told
            used = self._used[account] = await asyncio.to_thread(self.of(account).used)
        if used + size > self._settings.pending_size:
            limit = Limit("pending_size", str(self._settings.pending_size))
            raise TooLarge(
                f"More than {limit.value} of content waits for deploys that were not finished (pending_size): finish "
                "or cancel them, or ask the server's operator to raise the limit.",
                code="too_much_pending",
                limit=limit,
            )
        self._used[account] = self._used.get(account, used) + size

    def _check_size(self, size: int) -> None:
        if size > self._settings.file_size:
            limit = Limit("file_size", str(self._settings.file_size))
            raise TooLarge(
                f"The file is larger than the {limit.value} this server takes (file_size): leave it out, or ask the "
                "server's operator to raise the limit.",
                code="file_too_large",
                limit=limit,
            )

    # ── in a thread ──

    def _look(self, account: int, names: set[Name], manifests: list[str], paths: dict[Name, str]) -> dict[Name, Stored]:
        pending = self.of(account)
        sent = pending.sizes()
        found: dict[Name, Stored] = {}
        candidates = _candidates(pending, names)
        for name, stored in candidates.items():
            if stored.sha256 in sent:
                found[name] = Stored(stored.sha256, sent[stored.sha256])
        rest = {stored.sha256 for name, stored in candidates.items() if name not in found}
        held = self._holdings.find(rest, manifests)
        for name, stored in candidates.items():
            if name not in found and stored.sha256 in held:
                found[name] = Stored(stored.sha256, held[stored.sha256])
        return self._verified(pending, found, paths)

    def _verified(self, pending: Pending, found: dict[Name, Stored], paths: dict[Name, str]) -> dict[Name, Stored]:
        """Without the names of Cloudflare's that were only claimed and are wrong for the path they are listed for."""
        proven = pending.names("pages", KINDS["pages"].digits // 2) if any(n.kind == "pages" for n in paths) else {}
        for name, path in paths.items():
            stored = found.get(name)
            if name.kind != "pages" or stored is None or proven.get(name.value, ("", 0))[0] == stored.sha256:
                continue
            if self._pages_digest(pending, stored.sha256, path) == name.value:
                pending.add_name("pages", name.value, stored.sha256, stored.size)
            else:
                pending.add_name(CLAIMED, name.value, NOTHING, 0)  # so that it is asked for again
                del found[name]
        return found

    def _pages_digest(self, pending: Pending, sha256: str, path: str) -> str:
        hasher = PagesHasher(path)
        sent = pending.path(sha256)
        with (sent if sent.exists() else self._blobs.path(sha256)).open("rb") as file:
            while piece := file.read(PIECE):
                hasher.update(piece)
        return hasher.hexdigest()


def _candidates(pending: Pending, names: set[Name]) -> dict[Name, Stored]:
    """What the names stand for, for an account that has sent it; of a SHA-256 the size is not known here."""
    found = {name: Stored(name.value, 0) for name in names if name.kind == "sha256"}
    for kind in {name.kind for name in names} - {"sha256"}:
        width = KINDS[kind].digits // 2
        known: dict[str, tuple[str, Any]] = pending.names(kind, width)
        if KINDS[kind].hasher is None:
            known = pending.names(CLAIMED, width) | known
        found |= {name: Stored(*known[name.value]) for name in names if name.kind == kind and name.value in known}
    return found


def _store(pending: Pending, content: bytes) -> Stored:
    sha256 = hashlib.sha256(content).hexdigest()
    receiving = pending.receive()
    try:
        receiving.write(content)
        receiving.keep(sha256)
    finally:
        receiving.drop()
    return Stored(sha256, len(content))


def _begin(pending: Pending) -> Receiving:
    pending.create()
    return pending.receive()


def _hashers(expected: Name | None) -> dict[str, Hasher]:
    hashers: dict[str, Hasher] = {"sha256": hashlib.sha256()}
    if expected is not None:
        make = KINDS[expected.kind].hasher
        if make is not None and expected.kind not in hashers:
            hashers[expected.kind] = make()
    return hashers


def _write(receiving: Receiving, hashers: dict[str, Hasher], piece: bytes) -> None:
    for hasher in hashers.values():
        hasher.update(piece)
    receiving.write(piece)


def _verify(hashers: dict[str, Hasher], expected: Name | None) -> None:
    if expected is None or expected.kind not in hashers:
        return
    actual = hashers[expected.kind].hexdigest()
    if actual != expected.value:
        raise BadInput(
            f"The content does not have the digest it was sent under ({expected.kind} {expected.value}, it has "
            f"{actual}): it was changed on its way, or while it was read. Send it again.",
            code="wrong_digest",
        )


def _check_complete(size: int, declared: int | None) -> None:
    if declared is not None and size != declared:
        raise BadInput(f"The upload ended after {size} of {declared} bytes: send it again.", code="cut_short")


def _no_room(error: OSError) -> Busy:
    log.error("content_not_stored", reason=str(error))
    return not_stored("the content", error)

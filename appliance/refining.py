"""Has better compressed forms made of what is ready, in the background, and swaps them in: same deploy, same files.

What is to be done is in the database, so it survives a stop or a crash; what was done is in the cache, so it is done
once. One deploy at a time, what is live first, and only while no deploy is being worked on.
"""

import asyncio
import contextlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from tortoise.expressions import F
from tortoise.queryset import QuerySet

from appliance.beside import Beside
from appliance.build_logs import BuildLogs
from appliance.data_folder import DataFolder
from appliance.deploys import Publishing
from appliance.models.deploy import Refinement
from appliance.optimising import derived, megabytes
from appliance.progress import LogLine
from appliance.settings import Settings
from appliance.spawning import Spawned, spawn
from appliance.storage.manifest import Manifest, UnreadableManifest, Variant
from appliance.storage.packs import places
from appliance.storage.savings import Sums, improved, summed, unpacked
from appliance.under_way import UnderWay
from builds.environment import bare_environment
from builds.priority import gently

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 3  # at one deploy; over which a process dies as often is left as it is
LOOK_EVERY = 0.5  # seconds between looks at whether deploys are under way
REST = 0.5  # seconds after one became ready, whose sender and first visitors should not have to wait for this
CHECK_EVERY = 4  # looks between those at whether this one is still there
LONGEST_LINE = 1024 * 1024  # bytes of one piece of news
PAUSE = 5.0  # seconds after a mistake of ours
WORKSPACE = "refinement"  # in `work/`, which is emptied at start


@dataclass(frozen=True, slots=True)
class _Work:
    """A deploy to refine, and the manifest it has."""

    deploy: str
    site: str
    manifest: str


@dataclass(slots=True)
class _Made:
    """What came of it: better forms, by the SHA-256 of their content, and what lies in packs no more."""

    forms: dict[str, tuple[Variant, ...]] = field(default_factory=dict)
    unpacked: set[str] = field(default_factory=set)

    def add(self, message: dict[str, Any]) -> None:
        """Take a piece of news."""
        self.unpacked.update(message.get("unpacked", ()))
        for of, made in message.get("forms", {}).items():
            self.forms[of] = tuple(Variant(*form) for form in made)

    def swapped_into(self, manifest: Manifest) -> Manifest:
        """The manifest with all this; blocks. The very same manifest where nothing is better."""
        better = improved(manifest, self.forms, gently)
        own_files = {form.sha256 for forms in self.forms.values() for form in forms}
        return unpacked(better, self.unpacked | own_files)


class Refining(Beside):
    """The work in the background. Used on the event loop only; `start` and `stop` are the server's.

    `is_busy` says whether deploys are being worked on, and may block; `command` starts a process that refines.
    """

    def __init__(
        self,
        settings: Settings,
        folder: DataFolder,
        publishing: Publishing,
        is_busy: Callable[[], bool],
        command: Sequence[str],
        work: UnderWay,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._publishing = publishing
        self._is_busy = is_busy
        self._command = command
        self._under_way = work
        self._manifests = folder.stored_manifests
        self._logs = BuildLogs(folder.build_logs)

    async def start(self) -> None:
        """Take up what is to be done."""
        if self._command and self._settings.best_variants:
            await super().start()

    async def _go_on(self) -> None:
        while True:
            self._publishing.refining.clear()
            try:
                work = await self._next()
                if work is None:
                    await self._publishing.refining.wait()
                    await asyncio.sleep(REST)
                else:
                    await self._see_through(work)
            except Exception:
                log.exception("refinement_failed")
                await asyncio.sleep(PAUSE)

    async def _next(self) -> _Work | None:
        """What is live goes first, then what is newest."""
        waiting = _wanted()
        for query in (waiting.filter(deploy__live_at__deploy_id__isnull=False), waiting):
            row = await query.order_by("-deploy__created_at").first().select_related("deploy__site")
            if row is not None and row.deploy.manifest is not None:
                return _Work(row.deploy_id, row.deploy.site.name, row.deploy.manifest)
        return None

    async def _see_through(self, work: _Work) -> None:
        await self._quiet()
        rows = Refinement.filter(deploy_id=work.deploy)
        await rows.update(attempts=F("attempts") + 1)
        try:
            with self._under_way.work():
                ended = await self._refine(work)
        except asyncio.CancelledError:
            await rows.update(attempts=F("attempts") - 1)  # the server stops: no fault of this deploy
            raise
        if ended or await rows.filter(attempts__gte=MOST_ATTEMPTS).exists():
            await rows.delete()
        elif not await _is_wanted(work):
            await rows.update(attempts=F("attempts") - 1)  # its site was deleted, and may be restored

    async def _refine(self, work: _Work) -> bool:
        """Whether it has come to an end, well or not."""
        try:
            manifest = await asyncio.to_thread(self._manifests.get, work.manifest)
        except (OSError, UnreadableManifest):
            log.exception("manifest_unreadable", site=work.site, manifest=work.manifest)
            return True
        try:
            made = await self._make(work, manifest)
        finally:
            await asyncio.to_thread(shutil.rmtree, self._folder.work / WORKSPACE, ignore_errors=True)
        if made is None:
            return not await _is_there(work)
        better = await asyncio.to_thread(made.swapped_into, manifest)
        if better is not manifest:
            stored_as = await asyncio.to_thread(self._manifests.put, better)
            was, now = [await asyncio.to_thread(summed, each, gently) for each in (manifest, better)]
            if not await self._publishing.exchange(work.deploy, work.manifest, better, stored_as, now.saved):
                return not await _is_there(work)
            await self._tell(work, was, now)
        return True

    async def _tell(self, work: _Work, before: Sums, after: Sums) -> None:
        line = f"Made smaller in the background: {megabytes(before.sent)} are {megabytes(after.sent)} as sent."
        await asyncio.to_thread(self._logs.append, work.deploy, [LogLine(datetime.now(UTC), line)])
        log.info("deploy_refined", deploy=work.deploy, site=work.site, bytes=after.saved - before.saved)

    # ── the process that does it ──

    async def _make(self, work: _Work, manifest: Manifest) -> _Made | None:
        """What it made; None when it died, or was ended because the deploy is gone."""
        process = await spawn(self._command, limit=LONGEST_LINE, env=bare_environment())
        minding = asyncio.create_task(self._mind(work, process))
        try:
            await _say(process, self._order(manifest))
            return await _listen(process)
        finally:
            minding.cancel()
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()

    def _order(self, manifest: Manifest) -> dict[str, object]:
        sizes = {entry.sha256: entry.size for entry in manifest.entries.values() if entry.variants}
        return {
            "workspace": str((self._folder.work / WORKSPACE).absolute()),
            "cache": str(derived(self._folder).absolute()),
            "cache_size": self._settings.cache_size,
            "memory": self._settings.transform_memory,
            "seconds": self._settings.best_variants_time,
            "contents": sorted(sizes.items(), key=lambda item: item[1]),  # what is small and many first
            **_packed(manifest),
        }

    async def _mind(self, work: _Work, process: Spawned) -> None:
        """Let deploys go first, and end the process when its own is gone."""
        paused, looks = False, 0
        while True:
            await asyncio.sleep(LOOK_EVERY)
            looks += 1
            busy = await asyncio.to_thread(self._is_busy)
            if busy is not paused:
                await _say(process, {"pause": busy})
                paused = busy
            if looks % CHECK_EVERY == 0 and not await _is_wanted(work):
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                return

    async def _quiet(self) -> None:
        """Return when no deploy is under way."""
        while await asyncio.to_thread(self._is_busy):  # noqa: ASYNC110 - the queue is a file, which tells nobody
            await asyncio.sleep(LOOK_EVERY)


def _packed(manifest: Manifest) -> dict[str, object]:
    """What lies in packs, as it is sent: files, by SHA-256, and forms, by what they are forms of."""
    inside, entries = places(manifest.packs), manifest.entries.values()
    files = {entry.sha256: (entry.size, inside[entry.sha256]) for entry in entries if entry.sha256 in inside}
    forms = {
        entry.sha256: [(v.coding, v.sha256, v.size, inside[v.sha256]) for v in entry.variants if v.sha256 in inside]
        for entry in entries
    }
    return {"packed": files, "forms": {of: packed for of, packed in forms.items() if packed}}


def _wanted() -> QuerySet[Refinement]:
    """What is to be done; not of a deleted site, unless it is restored."""
    return Refinement.filter(deploy__state="ready", deploy__site__removal__site_id__isnull=True)


async def _is_wanted(work: _Work) -> bool:
    return await _wanted().filter(deploy_id=work.deploy).exists()


async def _is_there(work: _Work) -> bool:
    return await Refinement.filter(deploy_id=work.deploy, deploy__state="ready").exists()


async def _say(process: Spawned, message: dict[str, object]) -> None:
    if process.stdin is None:
        raise AssertionError("it was asked to be a pipe")
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it died: whoever listens is told by its end
        process.stdin.write(json.dumps(message).encode() + b"\n")
        await process.stdin.drain()


async def _listen(process: Spawned) -> _Made | None:
    if process.stdout is None:
        raise AssertionError("it was asked to be a pipe")
    made = _Made()
    async for line in process.stdout:
        message = json.loads(line)
        if "done" in message:
            return made
        made.add(message)
    return None

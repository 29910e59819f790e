"""Frees the disk of content that no deploy has any more: in the background, and when it is asked to."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from appliance.beside import Beside
from appliance.data_folder import LISTED, NOT_THERE, DataFolder
from appliance.errors import Conflict
from appliance.file_lock import FileLock, Held
from appliance.models.deploy import Deploy
from appliance.settings import Settings
from appliance.storage.guard import FRESH
from appliance.storage.sweep import Places, Stopped, Sweep, Swept, Unsafe
from appliance.under_way import UnderWay

log = structlog.get_logger(__name__)

ROWS = 2_000  # deploys read at once: other requests have their turn in between
PATIENCE = 1.0  # seconds between looks at whether a backup is over
SOONEST = 60.0  # seconds after a start: visitors and deploys come first
SET_BY = 3600.0  # seconds by which the clock may be set while a deploy is made: content stays so much longer
STEADY = 60.0  # seconds by which it may be set during a sweep, as it is without anybody's doing


class Sweeping(Beside):
    """Sweeps every `sweep_every` while a server runs. Used on the event loop only; `start` and `stop` are the server's.

    What was used within `sweep_grace`, or since the oldest `work` that goes on was begun, stays.
    """

    def __init__(
        self, folder: DataFolder, settings: Settings, work: UnderWay, on_swept: Callable[[Swept], None] = lambda _: None
    ) -> None:
        self._folder = folder
        self._every = settings.sweep_every
        self._grace = settings.sweep_grace
        self._work = work
        self._on_swept = on_swept
        self._stopping = threading.Event()
        self._state = folder.root / "sweep"

    async def start(self) -> None:
        """Sweep from time to time."""
        if self._every:
            await super().start()

    async def stop(self) -> None:
        """Sweep no more; one under way ends, and the next goes on from there."""
        self._stopping.set()
        await super().stop()

    async def sweep(self, *, dry_run: bool = False) -> Swept:
        """Remove what nothing names any more, or only say what would go.

        Conflict when another sweep is under way, or it cannot be told what is named. Raises OSError.
        """
        before = min(time.time() - self._grace, self._work.since() - FRESH) - SET_BY
        named = await _named()
        sweeping = asyncio.create_task(asyncio.to_thread(self._sweep, before, named, dry_run=dry_run))
        try:
            swept = await asyncio.shield(sweeping)
        except asyncio.CancelledError:
            self._stopping.set()
            await asyncio.gather(sweeping, return_exceptions=True)  # the folder is given back after this
            raise
        except Unsafe as unsafe:
            raise Conflict(str(unsafe), code="sweep_unsafe") from None
        if not dry_run:
            self._on_swept(swept)
            log.info("swept", manifests=swept.manifests, blobs=swept.blobs, bytes=swept.bytes)
        return swept

    async def _go_on(self) -> None:
        await asyncio.sleep(await asyncio.to_thread(self._wait))
        while True:
            try:
                if await asyncio.to_thread(self._folder.is_there):
                    await self.sweep()
            except Conflict as conflict:
                log.warning("not_swept", reason=conflict.detail)
            except Exception:
                log.exception("sweep_failed")
            await asyncio.sleep(self._every)

    def _wait(self) -> float:
        """Seconds until the first sweep: as if the server had not been stopped meanwhile."""
        try:
            last = (self._state / "done").stat().st_mtime
        except FileNotFoundError:
            last = 0.0
        return min(self._every, max(min(SOONEST, self._every), last + self._every - time.time()))

    # ── in a thread ──

    def _sweep(self, before: float, named: frozenset[str], *, dry_run: bool) -> Swept:
        if not self._folder.is_there():
            raise Conflict(f"{self._folder.root} {NOT_THERE}.", code="sweep_unsafe")
        self._state.mkdir(mode=0o700, exist_ok=True)
        with FileLock(self._state / "lock") as alone:
            try:
                alone.take()
            except Held as held:
                raise Conflict(f"Another sweep is under way ({held}): wait for it.", code="sweep_under_way") from held
            places = Places(self._folder.blobs, self._folder.manifests, self._state, self._listings)
            clock = _Clock()

            def check() -> None:
                self._check()
                clock.check()

            swept = Sweep(places, before, self._holding, check, dry_run=dry_run).run(named)
            if not dry_run:
                (self._state / "done").touch()
            return swept

    def _holding(self) -> FileLock:
        """The lock that a backup holds too: then this waits."""
        lock = FileLock(self._folder.content_lock)
        while True:
            self._check()
            with contextlib.suppress(Held):
                lock.take()
                return lock
            self._stopping.wait(PATIENCE)

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Stopped

    def _listings(self) -> Iterator[Path]:
        yield from self._folder.pending.glob("*/listings/*")
        yield from self._folder.incoming.glob(f"*{LISTED}")


class _Clock:
    """The time of day, which says when a file was used, held against one that nobody sets."""

    def __init__(self) -> None:
        self._apart = time.time() - time.monotonic()

    def check(self) -> None:
        """Raise Unsafe where it was set: what is stored from now on may look as if it had not been used for long."""
        if abs(time.time() - time.monotonic() - self._apart) > STEADY:
            raise Unsafe("The clock was set during the sweep: the next one begins anew.")


async def _named() -> frozenset[str]:
    """The manifests that deploys have, whatever their state."""
    found: set[str] = set()
    last = ""
    while True:
        rows = Deploy.filter(id__gt=last).order_by("id").limit(ROWS).values_list("id", "manifest")
        page = await rows
        found.update(str(manifest) for _, manifest in page if manifest is not None)
        if len(page) < ROWS:
            return frozenset(found)
        last = str(page[-1][0])

"""The bridge to the workshop: queue a deploy, have it worked on in a child process, take the outcome back."""

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import structlog

from appliance.data_folder import DataFolder
from appliance.deploys import Deploys, Failure, Work
from appliance.errors import Limit
from appliance.progress import LogLine, Progress
from appliance.settings import Settings
from appliance.site_rules import ASIDE, RefusedRules, RuleReader
from appliance.storage.blobs import Blobs
from appliance.storage.history import recall, weigh
from appliance.storage.manifest import Entry, Found, History, Manifest, Manifests, Options, UnreadableManifest, Variant
from appliance.storage.media_types import COMPRESSIBLE, served_as
from appliance.storage.pending import Pending
from builds import aside
from builds.errors import BuildError
from builds.order import Source
from builds.queue import Queue
from builds.values import Limits, Plan, StoredVariant, Unpacked
from builds.workshop import Workshop

log = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finished:
    """A deploy's end, for whoever counts: `state` is ready or failed."""

    state: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _ListedContent:
    """A deploy whose content came ahead: the file that lists it, and where that is as long as no deploy holds it."""

    path: Path
    pending: Pending
    exact: bool

    def settle(self, manifest: Manifest) -> None:
        """What the deploy holds is the site's now, no longer pending; rule files, whose passwords are not kept, go too.

        What it was only built from stays for as long as anything pending does, so that the next time needs it not sent.
        """
        held = {sha256 for sha256, _ in (entry.original for entry in manifest.entries.values())}
        rows = json.loads(self.path.read_bytes())["files"]
        self.pending.remove(sha256 for path, sha256, _ in rows if sha256 in held or path in ASIDE)


class Jobs:
    """Deploys waiting and under way. `start` and `stop` belong to the server; `submit` may be called in between."""

    def __init__(
        self,
        settings: Settings,
        folder: DataFolder,
        deploys: Deploys,
        build_command: Sequence[str],
        *,
        on_finished: Callable[[Finished], None],
    ) -> None:
        self._folder = folder
        self._deploys = deploys
        self._workshop = Workshop(build_command, timeout=settings.build_timeout, idle=settings.child_idle)
        self._limits = limits_of(settings)
        self._compress = COMPRESSIBLE if settings.variants else ()
        self._rules = RuleReader.of(settings, Blobs(folder.blobs))
        self._on_finished = on_finished
        self._manifests = Manifests(folder.manifests)
        self._stopping = threading.Event()
        self._loop = asyncio.get_running_loop()
        self.queue = Queue(folder.queue, self._work, settings.builds_at_once)

    async def start(self) -> None:
        """Clear away what a stop or a crash left half done, take up what it left waiting, then begin to work."""
        waiting = await self._deploys.waiting()
        await asyncio.to_thread(self._folder.clear_scratch, set(waiting))
        await asyncio.to_thread(self.queue.clear)
        for deploy in waiting:
            await self._take_up(deploy)
        await asyncio.to_thread(self.queue.start)
        await asyncio.to_thread(self._workshop.warm_up)

    async def stop(self, grace: float) -> None:
        """Let work under way finish within `grace` seconds; what does not stays queued for the next start."""
        self._stopping.set()
        stopped = asyncio.create_task(asyncio.to_thread(self.queue.stop))
        await asyncio.wait({stopped}, timeout=grace)
        await asyncio.to_thread(self._workshop.close)
        await stopped

    async def submit(self, deploy: str) -> None:
        """Queue a deploy whose upload is in `incoming/`."""
        if not self._stopping.is_set():  # else the next start finds it in the database
            await asyncio.to_thread(self.queue.put, deploy)

    async def lines(self, deploy: str) -> list[LogLine]:
        """The log of a deploy, under way or finished."""
        progress = self._deploys.under_way.get(deploy)
        if progress:
            return list(progress.log)
        return await asyncio.to_thread(self._read_log, deploy)

    async def _take_up(self, deploy: str) -> None:
        upload, listed = self._folder.incoming / deploy, self._folder.listed(deploy)
        progress = self._deploys.under_way[deploy] = Progress()
        if upload.is_file() or listed.is_file():
            size = (upload if upload.is_file() else listed).stat().st_size
            progress.step("receive", size, size)
            await self.submit(deploy)
        else:
            await self._deploys.fail(deploy, _lost_upload())

    # ── in a worker's thread ──

    def _work(self, deploy: str) -> None:
        if self._stopping.is_set():
            return  # the next start finds it in the database
        work = self._on_loop(self._deploys.work_on(deploy))
        if work is None or self._see_through(work):
            self._clean_up(deploy)

    def _see_through(self, work: Work) -> bool:
        """Whether the deploy has come to its end; if not, a stop cut it short, and the next start takes it up."""
        progress = self._deploys.under_way[work.deploy]
        began = time.monotonic()
        failure = self._try(work, progress)
        if failure is not None and failure.retry and self._stopping.is_set():
            return False
        if failure is not None:
            progress.say(failure.detail)
            self._keep_log(work.deploy, progress)
            self._on_loop(self._deploys.fail(work.deploy, failure))
        finished = Finished("failed" if failure else "ready", time.monotonic() - began)
        self._tell(work, finished, failure)
        self._on_finished(finished)
        return True

    def _tell(self, work: Work, finished: Finished, failure: Failure | None) -> None:
        facts = {"deploy": work.deploy, "site": work.site, "seconds": round(finished.seconds, 3)}
        if failure is None:
            log.info("deploy_ready", **facts)
        else:
            log.info("deploy_failed", code=failure.code, **facts)

    def _try(self, work: Work, progress: Progress) -> Failure | None:
        try:
            self._carry_out(work, progress)
        except BuildError as error:
            return Failure(error.code, error.detail, Limit(*error.limit) if error.limit else None, error.retry)
        except Exception:
            log.exception("deploy_crashed", deploy=work.deploy, site=work.site)
            return Failure(
                "internal", "Something went wrong on the server: its log says what. Try again.", None, retry=True
            )
        return None

    def _carry_out(self, work: Work, progress: Progress) -> None:
        workspace = self._folder.work / work.deploy
        previous = self._previous(work)
        listed = self._listed(work.deploy)
        plan = Plan(
            deploy=work.deploy,
            upload=self._folder.incoming / work.deploy,
            workspace=workspace,
            limits=self._limits,
            filename=work.filename,
            compress=self._compress,
            compressed=_compressed(previous) if self._compress else (),
            aside=ASIDE,
            listing=listed.path if listed else None,
            pending=listed.pending.content if listed else None,
            exact=listed is not None and listed.exact,
        )
        unpacked = self._workshop.run(plan, lambda *step: self._report(progress, *step))
        if isinstance(unpacked, Source):
            raise AssertionError("nothing was ordered to be built")  # noqa: TRY004 - not the caller's mistake
        if self._compress:
            unpacked = _with_known_variants(unpacked, previous)
        now = int(time.time())
        manifest = self._with_rules(compose(unpacked, work.options, previous, now), workspace / aside.FOLDER, now)
        manifest = weigh(manifest, self._history(work, previous))
        self._loop.call_soon_threadsafe(progress.find, manifest.problems)
        for problem in manifest.problems:
            progress.say(problem.message)
        stored_as = self._manifests.put(manifest)
        self._keep_log(work.deploy, progress)
        self._on_loop(self._deploys.finish(work.deploy, manifest, stored_as))
        if listed is not None:
            listed.settle(manifest)

    def _listed(self, deploy: str) -> "_ListedContent | None":
        path = self._folder.listed(deploy)
        if not path.is_file():
            return None
        said = json.loads(path.read_bytes())
        return _ListedContent(path, Pending(self._folder.pending, said["account"]), bool(said["exact"]))

    def _with_rules(self, manifest: Manifest, apart: Path, now: int) -> Manifest:
        try:
            return self._rules.read(manifest, apart, now)
        except RefusedRules as error:
            limit = (error.limit.name, error.limit.value) if error.limit else None
            raise BuildError(error.code, str(error), limit=limit) from None

    def _report(self, progress: Progress, step: str, done: int, total: int) -> None:
        self._loop.call_soon_threadsafe(progress.step, step, done, total)

    def _previous(self, work: Work) -> Manifest | None:
        if work.previous is None:
            return None
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

    def _keep_log(self, deploy: str, progress: Progress) -> None:
        lines = "".join(json.dumps([line.at.isoformat(), line.text]) + "\n" for line in progress.log)
        try:
            self._log_file(deploy).write_text(lines, "utf-8")
        except OSError:
            log.exception("deploy_log_lost", deploy=deploy)  # the deploy itself is worth more

    def _read_log(self, deploy: str) -> list[LogLine]:
        try:
            lines = [json.loads(line) for line in self._log_file(deploy).read_text("utf-8").splitlines()]
        except FileNotFoundError:
            return []
        return [LogLine(datetime.fromisoformat(at), text) for at, text in lines]

    def _clean_up(self, deploy: str) -> None:
        (self._folder.incoming / deploy).unlink(missing_ok=True)
        self._folder.listed(deploy).unlink(missing_ok=True)
        shutil.rmtree(self._folder.work / deploy, ignore_errors=True)

    def _log_file(self, deploy: str) -> Path:
        return self._folder.build_logs / f"{deploy}.jsonl"

    def _on_loop(self, step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result()


def limits_of(settings: Settings) -> Limits:
    """The bounds of what an upload may become, as the workshop takes them."""
    return Limits(**{name: getattr(settings, name) for name in Limits.__slots__})


def compose(unpacked: Unpacked, options: Options, previous: Manifest | None, now: int) -> Manifest:
    """The manifest of an unpacked upload; `now` is in seconds since 1970, `previous` what is live at the time."""
    before = previous.entries if previous else {}
    entries = {}
    for file in unpacked.files:
        old = before.get(file.path)
        modified = old.modified if old and old.sha256 == file.sha256 else now
        kind, coding = served_as(file.path)
        variants = tuple(Variant(v.coding, v.sha256, v.size) for v in unpacked.variants.get(file.sha256, ()))
        entries[file.path] = Entry(
            file.sha256, file.size, kind, modified, variants, coding, source=file.source, source_size=file.source_size
        )
    problems = tuple(Found(note.code, note.message, note.path, count=note.count) for note in unpacked.notes)
    return Manifest(options, entries, problems)


def _compressed(previous: Manifest | None) -> tuple[str, ...]:
    """Content that has compressed forms already, because it is live."""
    return tuple({entry.sha256 for entry in previous.entries.values() if entry.variants}) if previous else ()


def _with_known_variants(unpacked: Unpacked, previous: Manifest | None) -> Unpacked:
    """The upload with the compressed forms that were not made again."""
    if previous is None:
        return unpacked
    known = {
        entry.sha256: tuple(StoredVariant(v.coding, v.sha256, v.size) for v in entry.variants)
        for entry in previous.entries.values()
        if entry.variants
    }
    return replace(unpacked, variants=known | dict(unpacked.variants))


def _lost_upload() -> Failure:
    return Failure(
        "interrupted", "The server stopped before this upload was worked on: upload it again.", None, retry=True
    )

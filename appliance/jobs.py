"""The bridge to the workshop: queue a deploy, have it worked on in a child process, take the outcome back."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import structlog
from tortoise.exceptions import OperationalError

from appliance.actor import Actor
from appliance.build_logs import BuildLogs
from appliance.building import Answer, Building
from appliance.composing import Composed, Composer, Composing
from appliance.data_folder import DataFolder
from appliance.deploys import DeployFacts, Failure, Ready, Work
from appliance.errors import Limit
from appliance.finished import LOOKED_UP, Finished, told
from appliance.job_failures import lost_upload, not_written, tried_enough
from appliance.listed_content import ListedContent
from appliance.optimising import limits_of, saving, transforms_of
from appliance.progress import LogLine, Progress
from appliance.serving.rules.reading import FILES
from appliance.settings import Settings
from appliance.site_rules import ASIDE
from appliance.storage.manifest import Options
from appliance.storage.private import make_anew
from appliance.storing import Storing
from appliance.turns import Builder, Most, Turns
from appliance.under_way import UnderWay
from builds.errors import BuildError
from builds.folders import remove
from builds.order import Order, Source
from builds.presses import LARGE_UPLOAD
from builds.queue import Queue
from builds.values import Plan
from builds.workshop import Workshop

log = structlog.get_logger(__name__)
DATABASE_BACK = 1.0  # seconds until what could not be written down is tried again
READY_AFTER = 5.0  # seconds from a start until what optimises is started: visitors go first
CALLED_OFF = 10.0  # seconds a caller waits at most for what was called off to be gone
T = TypeVar("T")


class Jobs:
    """Deploys waiting and under way. `start` and `stop` belong to the server; `submit` may be called in between."""

    def __init__(
        self,
        settings: Settings,
        folder: DataFolder,
        building: Building,
        build_command: Sequence[str],
        *,
        on_finished: Callable[[Finished], None],
    ) -> None:
        self._folder = folder
        self.building = building
        self.deploys = building.deploys
        self._logs = BuildLogs(folder.build_logs)
        self._attempts = settings.build_attempts
        self._turns = Turns(
            Most(
                settings.deploys_at_once,
                settings.builds_at_once,
                settings.builds_per_account,
                settings.builds_per_site,
            )
        )
        self._workshop = Workshop(build_command, timeout=settings.build_timeout, idle=settings.child_idle)
        self._settings = settings
        self._limits = limits_of(settings)
        self._composer = Composer(settings, folder)
        self._on_finished = on_finished
        self._manifests = folder.stored_manifests
        self.work = UnderWay()
        self._stopping = threading.Event()
        self._storing = Storing(building, self._on_loop)
        self._at_work: dict[str, threading.Event] = {}  # set once nothing is left of the work on a deploy
        self._loop = asyncio.get_running_loop()
        make_anew(folder.queue)  # the database says what waits; what stands in this file is carried out
        self.queue = Queue(folder.queue, self._work, settings.deploys_at_once + settings.builds_at_once)

    async def start(self) -> None:
        """Clear away what a stop or a crash left half done, take up what it left waiting, then begin to work."""
        waiting, asking = await self.deploys.waiting(), await self.building.asking()
        half_done = {path.name for path in self._folder.work.iterdir()}
        await asyncio.to_thread(self._folder.clear_scratch, {*waiting, *asking})
        await asyncio.to_thread(self.queue.clear)
        for deploy in waiting:
            await self._take_up(deploy, half_done=deploy in half_done)
        for deploy in asking:
            self.deploys.under_way[deploy] = await self._progress_of(deploy)
        await asyncio.to_thread(self.queue.start)
        optimised = transforms_of(self._settings, self._folder, Options())
        await asyncio.to_thread(self._workshop.warm_up, ready_after=READY_AFTER if optimised else None)

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

    async def expect(self, size: int | None, options: Options) -> None:
        """An upload of so many bytes, if that is known, to a site with these options is on its way."""
        optimised = transforms_of(self._settings, self._folder, options)
        if optimised and (size is None or size > LARGE_UPLOAD) and not self._stopping.is_set():
            await asyncio.to_thread(self._workshop.expect)

    async def accept(self, deploy: str) -> None:
        """Queue a deploy that has just come in, in place of those it supersedes."""
        for older in await self.building.accepted(deploy):
            await self._drop(older)
        await self.submit(deploy)

    async def answer(self, actor: Actor, deploy: str, answer: Answer) -> DeployFacts:
        """Have a deploy that asks go on; NotFound, Conflict, Invalid as `Building.answer`."""
        builder = await self.building.answer(actor, deploy, answer)
        if builder is not None:
            self._turns.is_build(deploy, builder)
        await self.submit(deploy)
        return await self.deploys.get(actor, deploy)

    async def cancel(self, actor: Actor, deploy: str) -> DeployFacts:
        """Call a deploy off; NotFound, Conflict when it is over. As a rule nothing of it is left once this returns."""
        await self.building.cancel(actor, deploy)
        progress = self.deploys.under_way.get(deploy)
        if progress is None or not progress.started:
            self.deploys.ended(deploy)
            await self._drop(deploy)
        else:
            await asyncio.to_thread(self._workshop.cancel, deploy)
            await self._wait_for(deploy)
        return await self.deploys.get(actor, deploy)

    def is_busy(self) -> bool:
        """Whether deploys wait for their turn or are worked on. From any thread; blocks for a look at the queue."""
        return any(each.started for each in list(self.deploys.under_way.values())) or self.queue.depth() > 0

    async def call_off(self, deploys: Collection[str]) -> None:
        """End what is under way of deploys that are no more; as a rule nothing of them is left once this returns."""
        for deploy in deploys:
            progress = self.deploys.under_way.get(deploy)
            if progress is not None and progress.started:
                await asyncio.to_thread(self._workshop.cancel, deploy)
            elif progress is not None:
                self.deploys.ended(deploy)
                await self._drop(deploy)
        await asyncio.gather(*(self._wait_for(deploy) for deploy in deploys))

    async def end_questions(self) -> None:
        """End the deploys that have waited for an answer for too long."""
        for deploy in await self.building.unanswered(self._settings.question_age):
            await self._drop(deploy)
            log.info("deploy_unanswered", deploy=deploy)

    async def lines(self, deploy: str) -> list[LogLine]:
        """The log of a deploy, under way or finished."""
        progress = self.deploys.under_way.get(deploy)
        if progress:
            return list(progress.log)
        return await asyncio.to_thread(self._logs.read, deploy)

    async def _take_up(self, deploy: str, *, half_done: bool) -> None:
        progress = self.deploys.under_way[deploy] = await self._progress_of(deploy)
        if self._content(deploy) is None:
            await self.deploys.fail(deploy, lost_upload())
            return
        if half_done:
            attempts = await self.building.taken_up(deploy)
            if attempts >= self._attempts:
                await self.deploys.fail(deploy, tried_enough(attempts))
                await self._drop(deploy)
                return
            progress.say(f"The server ended while it worked on this deploy: attempt {attempts + 1} begins.")
        await self.submit(deploy)

    async def _progress_of(self, deploy: str) -> Progress:
        progress = Progress()
        progress.log = await asyncio.to_thread(self._logs.read, deploy)
        progress.kept = len(progress.log)
        content = self._content(deploy)
        if content is not None:
            size = content.stat().st_size
            progress.step("receive", size, size)
        return progress

    async def _drop(self, deploy: str) -> None:
        self._turns.forget(deploy)
        await asyncio.to_thread(self._clean_up, deploy)

    async def _wait_for(self, deploy: str) -> None:
        """Return when nobody works on the deploy, or after CALLED_OFF seconds: nothing lives longer."""
        over = self._at_work.get(deploy)
        if over is not None and not await asyncio.to_thread(over.wait, CALLED_OFF):
            log.warning("deploy_does_not_end", deploy=deploy)

    # ── in a worker's thread ──

    def _work(self, deploy: str) -> None:
        if self._stopping.is_set() or not self._turns.take(deploy):
            return  # the next start finds it in the database; whoever gives a turn back names it
        again = False
        over = self._at_work[deploy] = threading.Event()
        try:
            with self.work.work():
                again = self._have_turn(deploy)
        finally:
            del self._at_work[deploy]
            over.set()
            waiting = self._turns.give_back(deploy)
            for each in [*([deploy] if again else []), *waiting]:
                self.queue.put(each)

    def _have_turn(self, deploy: str) -> bool:
        """Whether the deploy has to have another turn, as a build."""
        work = self._insist(lambda: self.deploys.work_on(deploy))
        result = self._see_through(work) if work else None
        if isinstance(result, Builder):
            self._turns.is_build(deploy, result)
            return True
        if result is None:
            self._turns.forget(deploy)
            self._clean_up(deploy)
        return False

    def _see_through(self, work: Work) -> "Builder | _Later | None":
        """None when the deploy has come to its end; whose build it is, when it turned out to be one; or for later."""
        progress = self.deploys.under_way[work.deploy]
        began = time.monotonic()
        looked_up: Counter[str] = Counter()
        result = self._try(work, progress, looked_up)
        if isinstance(result, Source):
            remove(self._folder.work / work.deploy)
            source = result
            return self._insist(lambda: self.building.found(work.deploy, source)) or self._asked(work.deploy)
        if result is not None and result.retry and self._stopping.is_set():
            remove(self._folder.work / work.deploy)  # only a crash leaves it, and is counted
            return _Later()
        if result is not None:
            failure = result
            progress.say(failure.detail)
            self._keep_log(work.deploy, progress)
            self._insist(lambda: self.deploys.fail(work.deploy, failure))
        seconds = time.monotonic() - began
        if self._turns.builds(work.deploy):
            self._insist(lambda: self.building.spent(work.deploy, seconds))
        self._on_finished(told(work, seconds, looked_up, result))
        return None

    def _asked(self, deploy: str) -> "_Later | None":
        """It waits for an answer, unless it is gone."""
        return _Later() if deploy in self.deploys.under_way else None

    def _try(self, work: Work, progress: Progress, looked_up: Counter[str]) -> Failure | Source | None:
        """None when all went well; or what the deploy is, where that is all there was to do."""
        try:
            return self._carry_out(work, progress, looked_up)
        except BuildError as error:
            limit = Limit(*error.limit) if error.limit else None
            return Failure(error.code, error.detail, limit, error.retry, list(error.lines))
        except Exception as error:
            log.exception("deploy_crashed", deploy=work.deploy, site=work.site)
            if isinstance(error, OSError | OperationalError):
                return not_written(error)
            return Failure(
                "internal", "Something went wrong on the server: its log says what. Try again.", None, retry=True
            )

    def _carry_out(self, work: Work, progress: Progress, looked_up: Counter[str]) -> Source | None:
        workspace = self._folder.work / work.deploy
        previous = self._composer.previous(work)
        listed = ListedContent.of(work.deploy, self._folder)
        plan = Plan(
            deploy=work.deploy,
            upload=self._folder.incoming / work.deploy,
            workspace=workspace,
            limits=self._limits,
            filename=work.filename,
            transforms=transforms_of(self._settings, self._folder, work.options),
            aside=ASIDE,
            read=FILES,
            listing=listed.path if listed else None,
            pending=listed.pending.content if listed else None,
            held=previous.contents if listed and previous else frozenset(),
            exact=listed is not None and listed.exact,
            order=self._order(work.deploy, listed),
        )
        with Composing(self._composer, work, previous, workspace) as composing:
            unpacked = self._workshop.run(
                plan,
                lambda *step: self._report(progress, *step),
                lambda *line: self._log_line(work.deploy, progress, *line),
                composing.begin,
            )
            if isinstance(unpacked, Source):
                return unpacked
            if unpacked.generator:
                self._on_loop(self.building.built(work.deploy, unpacked.generator))
            looked_up.update({name: getattr(unpacked, name) for name in LOOKED_UP})
            self._publish(work.deploy, composing.result(), progress)
        if listed is not None:
            listed.settle(composing.result().manifest)
        return None

    def _publish(self, deploy: str, composed: Composed, progress: Progress) -> None:
        """Let a deploy go live whose content is durable."""
        manifest = composed.manifest
        if manifest.problems:
            self._loop.call_soon_threadsafe(progress.find, manifest.problems)
        for problem in manifest.problems:
            progress.say(problem.message)
        if saved := saving(composed.sums):
            progress.say(saved)
        with self._storing.room_for(deploy, manifest):
            self._manifests.place(composed.written, manifest)
            self._keep_log(deploy, progress)
            ready = Ready(manifest, composed.written.sha256, composed.sums, composed.added)
            self._on_loop(self.deploys.finish(deploy, ready))

    def _order(self, deploy: str, listed: ListedContent | None) -> Order | None:
        """How the deploy is built if it is a source; content whose paths are the site's already is none."""
        if listed is not None and listed.exact:
            return None
        return self._on_loop(self.building.order(deploy, run=self._turns.builds(deploy)))

    def _report(self, progress: Progress, step: str, done: int, total: int) -> None:
        self._loop.call_soon_threadsafe(progress.step, step, done, total)

    def _log_line(self, deploy: str, progress: Progress, at: str, step: str, text: str) -> None:
        line = LogLine(datetime.fromisoformat(at), text, step)
        progress.log.append(line)
        self._keep_log(deploy, progress)
        self._loop.call_soon_threadsafe(progress.logged)

    def _keep_log(self, deploy: str, progress: Progress) -> None:
        """Write what the log has gained."""
        gained = progress.log[progress.kept :]
        if gained:
            self._logs.append(deploy, gained)
            progress.kept += len(gained)

    def _clean_up(self, deploy: str) -> None:
        try:
            (self._folder.incoming / deploy).unlink(missing_ok=True)
            self._folder.listed(deploy).unlink(missing_ok=True)
            remove(self._folder.work / deploy)
        except OSError:
            log.exception("deploy_not_cleaned_up", deploy=deploy)  # the next start does it

    def _content(self, deploy: str) -> Path | None:
        """The upload, or the list of what was uploaded before."""
        places = (self._folder.incoming / deploy, self._folder.listed(deploy))
        return next((place for place in places if place.is_file()), None)

    def _insist(self, step: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do it on the loop, again and again while the database cannot be used: a deploy must come to an end.

        When the server stops meanwhile OperationalError is raised, and the deploy is the next start's.
        """
        while True:
            try:
                return self._on_loop(step())
            except OperationalError as error:
                log.warning("database_failed", reason=str(error))
                if self._stopping.wait(DATABASE_BACK):
                    raise

    def _on_loop(self, step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result()


class _Later:
    """The deploy is not worked on now; its upload is kept."""

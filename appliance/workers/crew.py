"""The workers of a server: started, told of every change, watched, replaced when they fail, stopped."""

import asyncio
import os
import socket
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from appliance.front_door import FrontDoor, Server
from appliance.live import LiveSites
from appliance.pointer import Pointer
from appliance.serving.counters import Counters
from appliance.tls_transport import Contexts
from appliance.workers.errands import Errands
from appliance.workers.member import Member
from appliance.workers.memory import Places
from appliance.workers.messages import (
    Begin,
    Drop,
    Figures,
    Gated,
    Message,
    Open,
    Proved,
    Put,
    Regate,
    Report,
    Stage,
    Stop,
    Wanted,
    Withdraw,
)

log = structlog.get_logger(__name__)

START_SECONDS = 60.0  # for a worker to be ready; it takes less than one, unless the machine is very busy
TEACH_SECONDS = 5.0  # for one to learn what hosts lead to before it opens; what is left it learns when it is asked
LONG_LIFE = 10.0  # seconds; who ends before that is not replaced at once, but after a pause
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0  # seconds
LOOKS = 4  # in the time a worker has, at who has said nothing
LEAST_SILENCE = 5.0  # seconds: workers speak every second, if there is a processor for them
WANTED = 4_096  # hosts remembered that were asked for and not loaded: most are nobody's
SLACK = 1.0  # seconds a worker gets beyond its grace, to say its last words


class CannotBegin(Exception):
    """A worker does not start; `str()` is a sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Post:
    """Where a worker listens. The sockets stay open here too, so that no visitor is lost while it is replaced."""

    plain: list[socket.socket]
    tls: list[socket.socket]

    def descriptors(self) -> list[int]:
        """Copies of the sockets, to be given away."""
        return [os.dup(listening.fileno()) for listening in (*self.plain, *self.tls)]

    def close(self) -> None:
        """Give the sockets up."""
        for listening in (*self.plain, *self.tls):
            listening.close()


@dataclass(frozen=True, slots=True)
class Orders:
    """What workers are started with: the command, and what each is told first; `memory` is that of `places`.

    `patience` is how long one may take to do as it is told, in seconds.
    """

    command: Sequence[str]
    begin: Callable[[int], Begin]
    posts: Sequence[Post]
    places: Places
    memory: int
    patience: float


class Crew:
    """One worker for each post; the live table's `Peers`. On the running loop.

    A worker that does not do in time as it is told is ended and replaced, and only then is it called done: whoever has
    the answer to a publish meets nothing older. While a post has no worker, this process's own door looks after it.
    """

    def __init__(
        self,
        orders: Orders,
        live: LiveSites,
        counters: Counters,
        errands: Errands,
        door: FrontDoor,
        tls: Contexts | None,
    ) -> None:
        self._orders = orders
        self._live = live
        self._counters = counters
        self._errands = errands
        self._door = door
        self._tls = tls
        self._started: set[Member] = set()
        self._wanted: OrderedDict[str, set[Member]] = OrderedDict()
        self._standing_in: dict[int, list[Server]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._first: list[asyncio.Future[None]] = []
        self._stopping = False
        live.entrances.proofs.told = self._proved

    async def start(self) -> None:
        """Start every worker; all welcome visitors when this returns. Raises CannotBegin."""
        loop = asyncio.get_running_loop()
        self._first = [loop.create_future() for _ in self._orders.posts]
        for number in range(len(self._orders.posts)):
            self._do(self._keep(number))
        self._do(self._watch_silence())
        await asyncio.gather(*self._first)

    async def stop(self, grace: float) -> None:
        """Have every worker finish what is under way within `grace` seconds, and end."""
        self._stopping = True
        for post in self._orders.posts:
            post.close()
        for member in self._started:
            member.say(Stop(float(grace)))
        await asyncio.gather(*(self._see_ended(member, grace) for member in list(self._started)))
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, self._errands.stop(), return_exceptions=True)

    # ── what has to reach every visitor (peers.Peers) ──

    async def stage(self, host: str, pointer: Pointer) -> None:
        """Have it compiled where the host is known; who is not done in time will take its time later."""
        staging = [member.change(lambda number: Stage(number, host, pointer)) for member in self._welcoming()]
        if staging:
            await asyncio.wait(staging, timeout=self._orders.patience)

    async def put(self, host: str, pointer: Pointer) -> None:
        """Let a host lead to something else."""
        gate = self._gate(pointer.site)
        await self._tell(lambda number: Put(number, host, pointer, gate))

    async def drop(self, hosts: list[str]) -> None:
        """Forget what these hosts lead to."""
        await self._tell(lambda number: Drop(number, hosts))

    async def regate(self, site: str) -> None:
        """Let a site stand behind the gate it has now."""
        gate = self._gate(site)
        await self._tell(lambda number: Regate(number, site, gate))

    async def withdraw(self, site: str) -> None:
        """Answer for a site no more."""
        await self._tell(lambda number: Withdraw(number, site))

    def loaded(self, host: str) -> None:
        """Give a host to those who have asked for it."""
        for member in self._wanted.pop(host, ()):
            self._do(self._give(member, host))

    def _proved(self, digest: bytes) -> None:
        for member in self._welcoming():
            member.say(Proved(digest))

    async def _tell(self, make: Callable[[int], Message]) -> None:
        """Tell everybody at once, and return when it is in force everywhere, whatever that takes."""
        told = [(member, member.change(make)) for member in self._welcoming()]
        await asyncio.shield(asyncio.gather(*(self._see_done(member, done) for member, done in told)))

    async def _see_done(self, member: Member, done: asyncio.Future[None]) -> None:
        await asyncio.wait([done], timeout=self._orders.patience)
        if not done.done():
            log.error("worker_late", process=member.pid, seconds=self._orders.patience)
            await member.kill()

    def _welcoming(self) -> list[Member]:
        """Those that have visitors, or learn for it; the others know nothing yet that could change."""
        return [member for member in self._started if member.is_ready]

    def _gate(self, site: str) -> Gated | None:
        own = self._live.entrances.own(site)
        if own is None:
            return None
        covers, gate = own
        return Gated(covers, gate.version, gate.password, dict(gate.shares), gate.bypass)

    async def _give(self, member: Member, host: str) -> None:
        """Let a worker have what a host leads to, or remember that it wants it."""
        pointer = await self._live.pointer(host)
        if pointer is not None:
            gate = self._gate(pointer.site)
            await member.change(lambda number: Put(number, host, pointer, gate, asked=True))
            return
        self._wanted.setdefault(host, set()).add(member)
        if len(self._wanted) > WANTED:
            self._wanted.popitem(last=False)

    async def _teach(self, member: Member) -> None:
        """Have a new worker know what is asked for here, so that it need not hand its first visitors over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TEACH_SECONDS):
                for host in self._live.hosts():
                    if member.ended.is_set():
                        return
                    await self._give(member, host)

    # ── the workers' lives ──

    async def _keep(self, number: int) -> None:
        """Have a worker at a post, one after the other."""
        pause, loop = 0.0, asyncio.get_running_loop()
        while not self._stopping:
            began = loop.time()
            status = await self._employ(number)
            if self._stopping:
                return
            log.error("worker_ended", post=number, status=status)
            if not self._first[number].done():
                self._first[number].set_exception(_cannot_begin())
                return
            await self._stand_in(number)
            pause = 0.0 if loop.time() - began > LONG_LIFE else min(LONGEST_PAUSE, max(FIRST_PAUSE, 2 * pause))
            await asyncio.sleep(pause)

    async def _employ(self, number: int) -> int | None:
        """Start a worker and see it through to its end; its exit status, if it had one."""
        orders = self._orders
        try:
            descriptors = [os.dup(orders.memory), *orders.posts[number].descriptors()]
            member = await Member.start(orders.command, orders.begin(number), descriptors, self._heard)
        except OSError as error:
            log.error("worker_not_started", reason=error.strerror)  # noqa: TRY400 - the reason is all there is to it
            return None
        self._started.add(member)
        if self._stopping:
            await member.kill()
        if await member.begins(START_SECONDS):
            await self._teach(member)
            member.say(Open())
            self._relieve(number)
            log.info("worker_ready", post=number, process=member.pid)
            if not self._first[number].done():
                self._first[number].set_result(None)
        else:
            await member.kill()
        await member.ended.wait()
        self._started.discard(member)
        orders.places.clear(number + 1)
        self._count_open()
        return member.status

    async def _stand_in(self, number: int) -> None:
        """Look after a post from here, until there is a worker again."""
        if number in self._standing_in:
            return
        post = self._orders.posts[number]
        try:
            servers = await self._door.open([listening.dup() for listening in post.plain])
            if self._tls is not None:
                servers += self._door.open_tls([listening.dup() for listening in post.tls], self._tls)
        except OSError as error:  # too many open files; the next worker may start all the same
            log.error("post_deserted", post=number, reason=error.strerror)  # noqa: TRY400 - likewise
            return
        self._standing_in[number] = servers

    def _relieve(self, number: int) -> None:
        self._door.shut(self._standing_in.pop(number, []))

    async def _see_ended(self, member: Member, grace: float) -> None:
        try:
            async with asyncio.timeout(grace + SLACK):
                await member.ended.wait()
        except TimeoutError:
            await member.kill()

    async def _watch_silence(self) -> None:
        """End those that have stopped to speak: they are alive, and do nothing for their visitors."""
        while True:
            await asyncio.sleep(max(self._orders.patience, LEAST_SILENCE) / LOOKS)
            for member in self._welcoming():
                if member.look() > LOOKS:
                    log.error("worker_silent", process=member.pid)
                    await member.kill()

    # ── what they say ──

    def _heard(self, member: Member, message: Report, descriptors: list[int]) -> None:
        if isinstance(message, Figures):
            self._counters.add(message.batch)
            member.opened = message.opened
            self._count_open()
        elif isinstance(message, Wanted):
            self._do(self._give(member, message.host))
        else:
            self._errands.run(message, descriptors, member.pid)

    def _count_open(self) -> None:
        self._counters.elsewhere = sum(member.opened for member in self._started)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("crew_failed", exc_info=task.exception())


def _cannot_begin() -> CannotBegin:
    return CannotBegin("A worker process does not start: see the log lines before this one, or set workers = 1.")

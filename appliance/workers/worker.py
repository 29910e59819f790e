"""A worker: a process that answers visitors from the sites they ask for, and leaves all else to the control plane."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import structlog

from appliance import logs, loops
from appliance.access_log import FORMS, AccessLog
from appliance.certificates import Certificates
from appliance.data_folder import DataFolder
from appliance.front_door import FrontDoor
from appliance.log_tail import Line
from appliance.pointer import Compiler
from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.entrances import Entrances
from appliance.settings import Settings, from_carried
from appliance.site_rules import abilities_of
from appliance.storage.blobs import Blobs
from appliance.ways_in import certificates_of, door_limits_of, entrances_of, reception_of, tell_lost
from appliance.workers.behind import FarSide
from appliance.workers.channel import Channel
from appliance.workers.memory import Places
from appliance.workers.messages import (
    Begin,
    Done,
    Drop,
    Figures,
    Lines,
    Message,
    Open,
    Proved,
    Put,
    Ready,
    Regate,
    Stage,
    Stop,
    Told,
    Wanted,
    Withdraw,
    encode,
    read_to_worker,
)
from appliance.workers.mirror import Mirror

log = structlog.get_logger(__name__)

REPORT_SECONDS = 1.0  # between batches of what was counted; they also show that this process is alive
_LINES_WAITING = 16 * 1024 * 1024  # bytes that the control plane has not taken; beyond it, log lines are dropped
_LAST_WORDS_SECONDS = 2.0  # for the control plane to take them


def main(channel: int, life_line: int) -> int:
    """Serve until told to stop, by the control plane on `channel` or by SIGTERM, or until it is gone.

    `life_line` is a pipe whose other end nobody but the control plane has: when it closes, this process ends there
    and then, whatever it is doing.
    """
    threading.Thread(target=_end_with, args=(life_line,), name="life-line", daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to everybody; the control plane says what to do
    with asyncio.Runner(loop_factory=loops.factory()) as runner:
        runner.run(_run(channel))
    return 0


def _end_with(life_line: int) -> None:
    os.read(life_line, 1)
    os._exit(1)


async def _run(channel: int) -> None:
    await _Worker(socket.socket(fileno=channel)).run()


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a worker works with."""

    door: FrontDoor
    mirror: Mirror
    entrances: Entrances
    counters: Counters
    certificates: Certificates | None
    plain: list[socket.socket]
    tls: list[socket.socket]


class _Worker:
    """The life of this process, on the running loop."""

    def __init__(self, connected: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun: asyncio.Future[tuple[Begin, list[int]]] = self._loop.create_future()
        self._opening, self._stopping = asyncio.Event(), asyncio.Event()
        self._grace = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._desk: _Desk | None = None
        self._channel = Channel(connected, self._received, self._end)

    async def run(self) -> None:
        """Serve, from the first message to the end."""
        begin, descriptors = await self._begun
        settings = from_carried(begin.settings)
        logs.configure(settings)
        logs.tail().passed_on = self._pass_on
        self._loop.add_signal_handler(signal.SIGTERM, self._stop, settings.stop_grace)
        with ExitStack() as stack:
            desk = self._desk = self._set_up(begin, settings, descriptors, stack)
            self._say(Ready())
            reporting = self._loop.create_task(self._report_now_and_then(desk))
            await self._opening.wait()
            await desk.door.open(desk.plain)
            if desk.certificates is not None:
                desk.door.open_tls(desk.tls, desk.certificates.first)
            await self._stopping.wait()
            await desk.door.close(self._grace)
            reporting.cancel()
            await asyncio.to_thread(stack.close)
        self._report(desk)
        async with asyncio.timeout(_LAST_WORDS_SECONDS):
            await self._channel.drained()
        self._channel.close()

    def _set_up(self, begin: Begin, settings: Settings, descriptors: list[int], stack: ExitStack) -> _Desk:
        """Everything that is needed, from what the control plane has said; `stack` gives it up."""
        shared, *listening = descriptors
        sockets = [socket.socket(fileno=descriptor) for descriptor in listening]
        folder = DataFolder(settings.data)
        entrances = entrances_of(settings, begin.gate_key, https=begin.https, proofs_key=begin.proofs_key)
        compiler = Compiler(folder.stored_manifests, Blobs(folder.blobs), abilities_of(settings))
        mirror = Mirror(compiler, entrances, settings.previews_loaded, lambda host: self._say(Wanted(host)))
        counters, limits = Counters(), door_limits_of(settings)
        bodies = Bodies(settings.reply_cache // begin.processes, lost=tell_lost)
        stack.callback(bodies.close)
        places = Places(shared, begin.processes, begin.crowd_key)
        os.close(shared)
        door = FrontDoor(
            table=mirror.table,
            behind=FarSide(self._say),
            bodies=bodies,
            counters=counters,
            limits=limits,
            reception=reception_of(settings, folder, begin.https_port, self._access_log(settings, stack), stack),
            crowd=places.crowd(begin.place, limits),
        )
        certificates = certificates_of(settings, folder, stack) if settings.listen_tls else None
        plain, tls = sockets[: begin.plain], sockets[begin.plain :]
        return _Desk(door, mirror, entrances, counters, certificates, plain, tls)

    def _access_log(self, settings: Settings, stack: ExitStack) -> AccessLog | None:
        """The control plane is the one that writes: lines of two processes must not run into each other."""
        form = FORMS.get(settings.access_log)
        if form is None:
            return None

        def put(text: str) -> None:
            if self._channel.waiting > _LINES_WAITING:
                raise BlockingIOError(0, "the control plane does not take them")
            self._loop.call_soon_threadsafe(self._say, Lines(text))

        access_log = AccessLog(form, put=put)
        access_log.start()
        stack.callback(access_log.stop)
        return access_log

    def _pass_on(self, line: Line) -> None:
        """Have the control plane keep a line of the log; the worker has no operator who asks it."""
        if self._channel.waiting <= _LINES_WAITING:
            self._loop.call_soon_threadsafe(self._say, Told(line))

    def _say(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        self._channel.send(encode(message), descriptors)

    def _received(self, content: bytes, descriptors: list[int]) -> None:
        message = read_to_worker(content)
        if isinstance(message, Begin):
            self._begun.set_result((message, descriptors))
        elif isinstance(message, Open):
            self._opening.set()
        elif isinstance(message, Stop):
            self._stop(message.grace)
        elif self._desk is not None:
            self._change(self._desk, message)

    def _change(self, desk: _Desk, message: Stage | Put | Drop | Regate | Withdraw | Proved) -> None:
        mirror = desk.mirror
        if isinstance(message, Proved):
            desk.entrances.proofs.learn(message.digest)
        elif isinstance(message, Stage):
            self._work(mirror.stage(message.host, message.pointer), message.change)
        elif isinstance(message, Put):
            self._work(mirror.put(message.host, message.pointer, message.gate, asked=message.asked), message.change)
        elif isinstance(message, Drop):
            self._work(mirror.drop(message.hosts), message.change)
        elif isinstance(message, Regate):
            mirror.regate(message.site, message.gate)
            self._say(Done(message.change))
        else:
            mirror.withdraw(message.site)
            self._report(desk)  # nothing of what was counted for it comes after the word that it is gone
            self._say(Done(message.change))

    def _work(self, work: Coroutine[Any, Any, None], change: int) -> None:
        async def do() -> None:
            await work
            self._say(Done(change))

        task = self._loop.create_task(do())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _stop(self, grace: float) -> None:
        self._grace = grace
        self._end()

    def _end(self) -> None:
        self._stopping.set()
        self._opening.set()

    async def _report_now_and_then(self, desk: _Desk) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            self._report(desk)

    def _report(self, desk: _Desk) -> None:
        self._say(Figures(desk.counters.take(), desk.counters.opened))

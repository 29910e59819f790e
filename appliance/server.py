"""Start everything in order, run until told to stop, stop everything in the opposite order."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

import structlog
from quart import Blueprint, Quart

if sys.platform != "win32":  # there the same code runs on plain asyncio
    import uvloop

from appliance import db, logs, set_up
from appliance.access import Access
from appliance.addresses import Addresses
from appliance.app import create_app
from appliance.data_folder import DataFolder, Unusable, secret_key
from appliance.deploys import Deploys
from appliance.front_door import FrontDoor
from appliance.health import Health
from appliance.intake import Intake
from appliance.jobs import Jobs
from appliance.listening import CannotListen, Listening, listen
from appliance.live import LiveSites
from appliance.metrics import Metrics
from appliance.parts import Parts
from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.limits import DoorLimits
from appliance.serving.table import Table
from appliance.settings import Settings
from appliance.sites import Sites
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Manifests
from appliance.switch import AsgiApp, Switch
from appliance.version import VERSION

log = structlog.get_logger(__name__)

SLACK = 1.0  # seconds the door waits longer for a body than `intake` does, whose answer says more
LAST_LINE = "Press Ctrl+C to stop."

Blueprints = Callable[[Parts], Sequence[Blueprint]]
"""What the admin is made of, given the parts it works on."""


@dataclass(frozen=True, slots=True)
class Program:
    """What the server cannot know by itself: its admin, and the command that starts a build child."""

    admin: Blueprints
    build_command: Sequence[str]


class CannotStart(Exception):
    """The server refuses to start; `str()` is a sentence that says what to do."""


def run(settings: Settings, program: Program) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    logs.configure(settings)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(settings, program))
    except (CannotStart, CannotListen, Unusable) as error:
        print(f"dropdock: {error}", file=sys.stderr)  # noqa: T201 - the one line a person who starts it needs
        return 1
    return 0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens: its parts, its Quart app, the port, and the set-up token while there is no account."""

    parts: Parts
    app: Quart
    listening: Listening
    set_up_token: str | None


@asynccontextmanager
async def running(settings: Settings, program: Program) -> AsyncIterator[Running]:
    """A server from the moment it listens until the block ends. Raises CannotStart, CannotListen, Unusable."""
    async with AsyncExitStack() as stack:
        folder = DataFolder(settings.data)
        folder.create()
        stack.callback(folder.claim().release)
        access = Access.of(settings, secret_key(folder, settings.secret_key))
        await stack.enter_async_context(await db.open(folder))
        set_up_open = await set_up.is_open()
        _check_reach(settings, set_up_open=set_up_open)
        listening = listen(settings.listen)
        stack.callback(listening.close)
        parts, app, door = await _wire(stack, settings, program, folder, access, listening.port)
        token = await set_up.begin(access) if set_up_open else None
        await door.open(listening.sockets)
        yield Running(parts, app, listening, token)


async def _serve(settings: Settings, program: Program) -> None:
    stop = _stop_signals()
    async with running(settings, program) as server:
        _say(server)
        await stop.wait()
        log.info("stopping")


async def _wire(
    stack: AsyncExitStack, settings: Settings, program: Program, folder: DataFolder, access: Access, port: int
) -> tuple[Parts, Quart, FrontDoor]:
    """Make the parts and start what has a life; the stack stops it."""
    addresses = Addresses.of(settings, port)
    table = Table(previews=settings.previews_loaded, reserved=addresses.is_admin)
    counters = Counters()
    live = LiveSites(table, addresses, Manifests(folder.manifests), Blobs(folder.blobs))
    await live.load()
    deploys = Deploys(addresses, live)
    metrics = Metrics(settings, folder, counters)
    jobs = Jobs(settings, folder, deploys, program.build_command, on_finished=metrics.deploy_finished)
    metrics.watch_queue(jobs.queue.depth)
    intake = Intake(settings, folder, deploys, jobs)
    parts = Parts(settings, addresses, access, Sites(addresses, live), deploys, intake, jobs)
    health = Health(folder, jobs.queue.is_running)
    app = create_app(parts, [*program.admin(parts), health.blueprint(), metrics.blueprint()])
    bodies = Bodies(settings.reply_cache, lost=_tell_lost)
    stack.callback(bodies.close)
    switch = Switch(
        table=table,
        admin_hosts=addresses.is_admin,
        find=live.find,
        admin_app=cast("AsgiApp", app),  # Quart types its messages one by one
        bodies=bodies,
        counters=counters,
        stall_seconds=settings.upload_timeout + SLACK,
    )
    door = FrontDoor(table=table, app=switch, bodies=bodies, counters=counters, limits=door_limits_of(settings))
    stack.push_async_callback(_stop, door, jobs, settings.stop_grace)
    await asyncio.to_thread(folder.clear_scratch, set(await deploys.waiting()))
    await jobs.start()
    return parts, app, door


async def _stop(door: FrontDoor, jobs: Jobs, grace: float) -> None:
    """Let requests and deploys under way finish, all within the same `grace` seconds."""
    await asyncio.gather(door.close(grace), jobs.stop(grace))


def door_limits_of(settings: Settings) -> DoorLimits:
    """The bounds on connections and requests, as the front door takes them."""
    return DoorLimits(
        head=settings.head_size,
        head_seconds=settings.head_timeout,
        keep_alive_seconds=settings.keep_alive,
        stall_seconds=settings.stall_timeout,
        connections=settings.connections,
        connections_per_address=settings.connections_per_address,
    )


def _tell_lost(path: str, reason: str) -> None:
    log.error("blob_lost", path=path, reason=reason)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    return asyncio.new_event_loop if sys.platform == "win32" else uvloop.new_event_loop


def _stop_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop


def _check_reach(settings: Settings, *, set_up_open: bool) -> None:
    if set_up_open and not settings.listen.is_loopback and not settings.listen_without_account:
        raise CannotStart(
            f"{settings.listen} can be reached from other machines, but there is no account yet: make one first with "
            "`dropdock account create --email YOU --role operator`, or set listen_without_account = true."
        )


def _say(server: Running) -> None:
    """The lines a person who starts the server needs; log lines go to standard error."""
    addresses, listening, listen_to = server.parts.addresses, server.listening, server.parts.settings.listen
    admin = addresses.url(addresses.admin)
    lines = [f"Dropdock {VERSION}"]
    if listening.wanted not in {0, listening.port}:
        lines.append(f"  Port {listening.wanted} is taken: using {listening.port}.")
    lines.append(f"  Admin  {admin}")
    lines.append(f"  Sites  {addresses.url(addresses.site_host('<site>'))}")
    lines.append(f"  Data   {server.parts.settings.data.absolute()}")
    if not listen_to.is_loopback:
        lines.append(f"  Listening on {listen_to}: other machines can connect.")
    if server.set_up_token:
        lines.append(f"\nOpen this link once to create your account:\n  {admin}setup?token={server.set_up_token}")
    lines.append(f"\n{LAST_LINE}")
    print("\n".join(lines), flush=True)  # noqa: T201 - what `make run` is for
    log.info("started", version=VERSION, port=listening.port)

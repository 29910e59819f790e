"""Start everything in order, run until told to stop, stop everything in the opposite order."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

import structlog
from quart import Blueprint, Quart

if sys.platform != "win32":  # there the same code runs on plain asyncio
    import uvloop

from appliance import db, logs, open_files, presence, set_up
from appliance.access import Access
from appliance.addresses import Addresses
from appliance.app import create_app
from appliance.certificates import NoCertificate
from appliance.countries import NoCountries
from appliance.data_folder import DataFolder, Unusable, secret_key
from appliance.deploys import (
    Aliases,
    Cleaning,
    Contents,
    Deploys,
    Differences,
    Downloads,
    Facts,
    Listings,
    Locks,
    Publishing,
    Withdrawing,
)
from appliance.explain import Explainer
from appliance.former import GraceTime
from appliance.forwarding import Forwarder
from appliance.front_door import FrontDoor
from appliance.gate_attempts import Attempts
from appliance.gatekeeper import Gatekeeper
from appliance.gates import Gates
from appliance.git.parts import Git
from appliance.handed_over import Hypercorn
from appliance.health import Health
from appliance.intake import Intake
from appliance.jobs import Jobs, limits_of
from appliance.listening import CannotListen
from appliance.live import LiveSites
from appliance.metrics import Metrics
from appliance.parts import Parts
from appliance.pointer import Compiler
from appliance.presence import Presence
from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.entrances import Entrances
from appliance.serving.limits import DoorLimits
from appliance.serving.table import Table
from appliance.settings import Settings
from appliance.site_rules import abilities_of
from appliance.sites import Sites
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Manifests
from appliance.switch import AsgiApp, Switch
from appliance.version import VERSION
from appliance.ways_in import WaysIn

log = structlog.get_logger(__name__)

SLACK = 1.0  # seconds the door waits longer for a body than `intake` does, whose answer says more
LAST_LINE = "Press Ctrl+C to stop."

Blueprints = Callable[[Parts], Sequence[Blueprint]]
"""What the admin is made of, given the parts it works on."""


@dataclass(frozen=True, slots=True)
class Program:
    """What the server cannot know by itself: its admin, and the commands that start its children.

    `build_command` starts one that works on uploads, `git_command` one that fetches a repository.
    """

    admin: Blueprints
    build_command: Sequence[str]
    git_command: Sequence[str] = ()


class CannotStart(Exception):
    """The server refuses to start; `str()` is a sentence that says what to do."""


def run(settings: Settings, program: Program) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    logs.configure(settings)
    open_files.raise_limit(settings.connections)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(settings, program))
    except (CannotStart, CannotListen, NoCertificate, NoCountries, Unusable) as error:
        print(f"dropdock: {error}", file=sys.stderr)  # noqa: T201 - the one line a person who starts it needs
        return 1
    return 0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens: its parts, its Quart app, its sockets, and the set-up token while there is no account."""

    parts: Parts
    app: Quart
    ways: WaysIn
    set_up_token: str | None


@asynccontextmanager
async def running(settings: Settings, program: Program) -> AsyncIterator[Running]:
    """A server from the moment it listens until the block ends.

    Raises CannotStart, CannotListen, NoCertificate, NoCountries, Unusable.
    """
    async with AsyncExitStack() as stack:
        folder = DataFolder(settings.data)
        folder.create()
        stack.callback(folder.claim().release)
        access = Access.of(settings, secret_key(folder, settings.secret_key))
        await stack.enter_async_context(await db.open(folder))
        set_up_open = await set_up.is_open()
        _check_reach(settings, set_up_open=set_up_open)
        sockets = stack.enter_context(ExitStack())
        ways = WaysIn.of(settings, folder, sockets)
        parts, app, door = await _wire(stack, settings, program, folder, access, ways)
        token = await set_up.begin(access) if set_up_open else None
        await door.open(ways.plain.sockets)
        if ways.tls and ways.certificates:
            door.open_tls(ways.tls.sockets, ways.certificates.listening)
        stack.enter_context(presence.shown(folder, _presence(parts.addresses, ways)))
        yield Running(parts, app, ways, token)


def _presence(addresses: Addresses, ways: WaysIn) -> Presence:
    host = presence.reached_at(str(ways.plain.sockets[0].getsockname()[0]))
    return Presence(host, ways.plain.port, addresses.admin, addresses.url(addresses.admin))


async def _serve(settings: Settings, program: Program) -> None:
    stop = _stop_signals()
    async with running(settings, program) as server:
        _say(server)
        await stop.wait()
        log.info("stopping")


async def _wire(
    stack: AsyncExitStack, settings: Settings, program: Program, folder: DataFolder, access: Access, ways: WaysIn
) -> tuple[Parts, Quart, FrontDoor]:
    """Make the parts and start what has a life; the stack stops it."""
    addresses = Addresses.of(settings, ways.port)
    table = Table(previews=settings.previews_loaded, reserved=addresses.is_admin)
    counters = Counters()
    grace = GraceTime(settings.grace_deploys, settings.grace_age)
    compiler = Compiler(Manifests(folder.manifests), Blobs(folder.blobs), abilities_of(settings))
    live = LiveSites(table, addresses, compiler, _entrances(access), grace)
    await live.load()
    gates = Gates(access, addresses, live)
    await gates.load()
    facts = Facts(addresses)
    publishing = Publishing(facts, live)
    deploys = Deploys(facts, publishing, settings.key_age)
    metrics = Metrics(settings, folder, counters)
    jobs = Jobs(settings, folder, deploys, program.build_command, on_finished=metrics.deploy_finished)
    metrics.watch_queue(jobs.queue.depth)
    intake = Intake(settings, folder, deploys, jobs)
    contents = Contents(settings, folder)
    aliases = Aliases(facts, publishing, live)
    parts = Parts(
        settings=settings,
        addresses=addresses,
        access=access,
        sites=Sites(addresses, live, counters.forget),
        deploys=deploys,
        intake=intake,
        jobs=jobs,
        counters=counters,
        gates=gates,
        explainer=Explainer(addresses, table, live),
        publishing=publishing,
        aliases=aliases,
        locks=Locks(publishing),
        contents=contents,
        listings=Listings(folder, deploys, jobs.submit, contents, limits_of(settings)),
        differences=Differences(folder.manifests),
        downloads=Downloads(folder),
        withdrawing=Withdrawing(publishing, live),
        git=Git.of(access, addresses, folder, intake, aliases, command=program.git_command),
    )
    health = Health(folder, jobs.queue.is_running)
    app = create_app(parts, [*program.admin(parts), health.blueprint(), metrics.blueprint()])
    door = _door(stack, parts, ways, table, live, app)
    stack.push_async_callback(_stop, door, jobs, settings.stop_grace)
    await jobs.start()
    await _keep_house(stack, parts, folder)
    return parts, app, door


async def _keep_house(stack: AsyncExitStack, parts: Parts, folder: DataFolder) -> None:
    """Begin what goes on beside requests: deploys expire, repositories are fetched, forgotten content is removed."""
    for keeper in (parts.withdrawing, parts.git.redeploy, Cleaning(folder, parts.contents, parts.settings.pending_age)):
        await keeper.start()
        stack.push_async_callback(keeper.stop)


def _door(stack: AsyncExitStack, parts: Parts, ways: WaysIn, table: Table, live: LiveSites, app: Quart) -> FrontDoor:
    """What visitors come to, and what stands behind it."""
    settings = parts.settings
    bodies = Bodies(settings.reply_cache, lost=_tell_lost)
    stack.callback(bodies.close)
    forwarder = Forwarder.of(settings)
    stack.push_async_callback(forwarder.close)
    switch = Switch(
        table=table,
        admin_hosts=parts.addresses.is_admin,
        find=live.find,
        admin_app=cast("AsgiApp", app),  # Quart types its messages one by one
        bodies=bodies,
        counters=parts.counters,
        stall_seconds=settings.upload_timeout + SLACK,
        reception=ways.reception,
        keeper=_gatekeeper(parts.access, parts.addresses, live),
        forward=forwarder,
    )
    limits = door_limits_of(settings)
    return FrontDoor(
        table=table,
        behind=Hypercorn(switch, limits),
        bodies=bodies,
        counters=parts.counters,
        limits=limits,
        reception=ways.reception,
    )


def _entrances(access: Access) -> Entrances:
    settings = access.settings
    return Entrances(
        key=access.keys.gate, session=int(settings.gate_session), secure=access.https, force=settings.force_gate
    )


def _gatekeeper(access: Access, addresses: Addresses, live: LiveSites) -> Gatekeeper:
    settings = access.settings
    attempts = Attempts(
        per_address=settings.gate_attempts, per_site=settings.gate_site_attempts, window=settings.gate_window
    )
    return Gatekeeper(access.passwords, live.entrances, attempts, read=addresses.read, is_site=live.is_live)


async def _stop(door: FrontDoor, jobs: Jobs, grace: float) -> None:
    """Let requests and deploys under way finish, all within the same `grace` seconds."""
    await asyncio.gather(door.close(grace), jobs.stop(grace))


def door_limits_of(settings: Settings) -> DoorLimits:
    """The bounds on connections and requests, as the front door takes them: within what the system lets us open."""
    return DoorLimits(
        head=settings.head_size,
        head_seconds=settings.head_timeout,
        keep_alive_seconds=settings.keep_alive,
        stall_seconds=settings.stall_timeout,
        connections=open_files.room_for(settings.connections),
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
    addresses = [address for address in (settings.listen, settings.listen_tls) if address]
    far = [address for address in addresses if not address.is_loopback]
    if set_up_open and far and not settings.listen_without_account:
        raise CannotStart(
            f"{far[0]} can be reached from other machines, but there is no account yet: make one first with "
            "`dropdock account create --email YOU --role operator`, or set listen_without_account = true."
        )


def _say(server: Running) -> None:
    """The lines a person who starts the server needs; log lines go to standard error."""
    addresses, settings, ways = server.parts.addresses, server.parts.settings, server.ways
    admin = addresses.url(addresses.admin)
    lines = [f"Dropdock {VERSION}"]
    listenings = [each for each in (ways.plain, ways.tls) if each]
    lines += [f"  Port {e.wanted} is taken: using {e.port}." for e in listenings if e.wanted not in {0, e.port}]
    lines.append(f"  Admin  {admin}")
    lines.append(f"  Sites  {addresses.url(addresses.site_host('<site>'))}")
    lines.append(f"  Data   {settings.data.absolute()}")
    if ways.tls:
        lines.append(f"  HTTPS  on port {ways.tls.port}, HTTP on port {ways.plain.port}")
    for address in (settings.listen, settings.listen_tls):
        if address and not address.is_loopback:
            lines.append(f"  Listening on {address}: other machines can connect.")
    if server.set_up_token:
        lines.append(f"\nOpen this link once to create your account:\n  {admin}setup?token={server.set_up_token}")
    lines.append(f"\n{LAST_LINE}")
    print("\n".join(lines), flush=True)  # noqa: T201 - what `make run` is for
    log.info("started", version=VERSION, port=ways.plain.port)

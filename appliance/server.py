"""Start everything in order, run until told to stop, stop everything in the opposite order."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

import structlog
from quart import Blueprint, Quart

from appliance import cycles, db, logs, loops, open_files, presence, set_up, stop_signals, strangers
from appliance.access import Access
from appliance.addresses import Addresses
from appliance.allowance import Allowance
from appliance.app import create_app
from appliance.beside import Beside
from appliance.building import Building
from appliance.certificates import NoCertificate
from appliance.countries import NoCountries
from appliance.data_folder import DataFolder, Unusable, secret_key
from appliance.deploys import (
    Aliases,
    Contents,
    Deploys,
    Differences,
    Downloads,
    Facts,
    Inside,
    Listings,
    Locks,
    Publishing,
    Redeploying,
    Waiting,
    Withdrawing,
)
from appliance.domains import Domains
from appliance.explain import Explainer
from appliance.figures import Gathering
from appliance.former import GraceTime
from appliance.forwarding_on_demand import ForwardsOnDemand
from appliance.front_door import FrontDoor
from appliance.gatekeeper import Gatekeeper
from appliance.gates import Gates
from appliance.git.parts import Git
from appliance.greeting import greet
from appliance.handed_over import Hypercorn
from appliance.health import Health
from appliance.housekeeping import keep_house
from appliance.intake import Intake
from appliance.isolation import Isolation
from appliance.jobs import Jobs
from appliance.listening import CannotListen
from appliance.live import LiveSites
from appliance.metrics import Metrics
from appliance.now_and_then import NowAndThen
from appliance.optimising import limits_of
from appliance.parts import Parts
from appliance.pointer import Compiler
from appliance.presence import Presence
from appliance.pulse import Pulse
from appliance.removals import Removals
from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.table import Table
from appliance.settings import Settings
from appliance.site_builds import SiteBuilds
from appliance.site_rules import abilities_of
from appliance.sites import Sites
from appliance.start_check import CannotStart, check_expected, check_reach
from appliance.storage.blobs import Blobs
from appliance.streams import Streams
from appliance.sweeping import Sweeping
from appliance.switch import AsgiApp, Switch
from appliance.system import Storage, System
from appliance.tally import Tally
from appliance.traefik import Traefik
from appliance.turned_away import EVERY, TurnedAway
from appliance.ways_in import WaysIn, door_limits_of, entrances_of, tell_lost
from appliance.workers.crew import CannotBegin, Crew
from appliance.workers.hiring import Vacancies

log = structlog.get_logger(__name__)

SLACK = 1.0  # seconds the door waits longer for a body than `intake` does, whose answer says more

Blueprints = Callable[[Parts], Sequence[Blueprint]]
"""What the admin is made of, given the parts it works on."""


@dataclass(frozen=True, slots=True)
class Program:
    """What the server cannot know by itself: its admin, and the commands that start its children.

    `build_command` starts one that works on uploads, `git_command` one that fetches a repository, `worker_command`
    one that answers visitors beside the server, `refine_command` one that makes better compressed forms,
    `background_command` one that does as words of the command line say, which follow. `stop` ends the server from the
    admin, where it may (`Parts.stop`); `window` is the key to its window (`Presence.window`).
    """

    admin: Blueprints
    build_command: Sequence[str]
    git_command: Sequence[str] = ()
    worker_command: Sequence[str] = ()
    refine_command: Sequence[str] = ()
    background_command: Sequence[str] = ()
    stop: Callable[[], None] | None = None
    window: str = ""


REFUSALS = (CannotStart, CannotBegin, CannotListen, NoCertificate, NoCountries, Unusable)
"""Why a server does not start; `str()` of each is a sentence that says what to do."""


def run(settings: Settings, program: Program) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    try:
        serve(settings, program, greet)
    except REFUSALS as error:
        print(f"dropdock: {error}", file=sys.stderr)  # noqa: T201 - the one line a person who starts it needs
        return 1
    return 0


def serve(settings: Settings, program: Program, greet: "Greeting") -> None:
    """Serve until SIGTERM or SIGINT; raises REFUSALS. `greet` is called once the server listens."""
    prepare(settings)
    with asyncio.Runner(loop_factory=loops.factory()) as runner:
        runner.run(_serve(settings, program, greet))


def prepare(settings: Settings) -> None:
    """Set up what is the process's own: where log lines go, how many files it may have open, and what stays."""
    logs.configure(settings)
    open_files.raise_limit(settings.connections)
    if shortage := open_files.shortage(settings.connections):
        log.warning("few_connections", reason=shortage)
    cycles.keep()


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens: its parts, its Quart app, its sockets, and the set-up token while there is no account."""

    parts: Parts
    app: Quart
    ways: WaysIn
    set_up_token: str | None


Greeting = Callable[[Running], Awaitable[None]]
"""What is said or shown to the person who started a server."""


@asynccontextmanager
async def running(settings: Settings, program: Program) -> AsyncIterator[Running]:
    """A server from the moment it listens until the block ends.

    Raises REFUSALS.
    """
    async with AsyncExitStack() as stack:
        folder = DataFolder(settings.data)
        strangers.refuse(folder)
        check_expected(settings, folder)
        folder.create()
        stack.callback(folder.claim().release)
        access = Access.of(settings, secret_key(folder, settings.secret_key))
        await stack.enter_async_context(await db.open(folder))
        await db.check_drift()
        set_up_open = await set_up.is_open()
        check_reach(settings, set_up_open=set_up_open)
        sockets = stack.enter_context(ExitStack())
        ways = WaysIn.of(settings, folder, sockets)
        vacancies = Vacancies.of(settings.workers, ways, sockets) if settings.workers > 1 else None
        parts, app, front = await _wire(stack, program, folder, access, ways, vacancies)
        token = await set_up.begin(access) if set_up_open else None
        await front.open(ways)
        stack.enter_context(presence.shown(folder, _presence(parts.addresses, ways, program.window)))
        cycles.keep_what_is_needed()
        yield Running(parts, app, ways, token)


def _presence(addresses: Addresses, ways: WaysIn, window: str) -> Presence:
    host = presence.reached_at(str(ways.plain.sockets[0].getsockname()[0]))
    return Presence(host, ways.plain.port, addresses.admin, addresses.admin_url, window)


async def _serve(settings: Settings, program: Program, greet: Greeting) -> None:
    stop = stop_signals.heard()
    async with running(settings, program) as server:
        await greet(server)
        await stop.wait()
        log.info("stopping")


@dataclass(frozen=True, slots=True)
class _Front:
    """What visitors meet: this process's door, and the workers where there are any."""

    door: FrontDoor
    crew: Crew | None

    async def open(self, ways: WaysIn) -> None:
        """Begin to answer; raises CannotBegin."""
        await self.door.open(ways.plain.sockets)
        if ways.tls and ways.certificates:
            self.door.open_tls(ways.tls.sockets, ways.certificates.first)
        if self.crew is not None:
            await self.crew.start()

    async def close(self, grace: float) -> None:
        """Stop answering, within `grace` seconds; in all processes at the same time."""
        await asyncio.gather(self.door.close(grace), *([self.crew.stop(grace)] if self.crew else []))


async def _wire(
    stack: AsyncExitStack,
    program: Program,
    folder: DataFolder,
    access: Access,
    ways: WaysIn,
    vacancies: Vacancies | None,
) -> tuple[Parts, Quart, _Front]:
    """Make everything and start what has a life; the stack stops it."""
    addresses = Addresses.of(access.settings, ways.port)
    table = Table(previews=access.settings.previews_loaded, reserved=addresses.is_admin)
    parts, live, metrics = await _parts(stack, program, folder, access, addresses, table)
    app = _app(program, parts, metrics, Traefik(parts.settings, parts.addresses, live.named_hosts))
    front = _front(stack, program, parts, ways, vacancies, live, table, app)
    await _go_on(stack, program, parts, folder, metrics)
    return parts, app, front


async def _parts(
    stack: AsyncExitStack, program: Program, folder: DataFolder, access: Access, addresses: Addresses, table: Table
) -> tuple[Parts, LiveSites, Metrics]:
    """Make the parts, and what they and visitors have in common."""
    settings, storage = access.settings, Storage(folder)
    counters = await _counters(stack, folder, storage, settings.figures_age)
    allowance = Allowance.of(stack, settings, folder)
    facts, live = Facts(addresses), await _live_sites(access, folder, table, addresses)
    publishing = Publishing(facts, live, refines=settings.best_variants)
    deploys, metrics = Deploys(facts, publishing, settings.key_age), Metrics(settings, folder, counters)
    building = Building(deploys, SiteBuilds(access, folder.cache), addresses, allowance)
    jobs = _jobs(program, access, folder, building, metrics)
    intake, isolation = Intake(settings, folder, deploys, jobs, allowance), Isolation(settings)
    contents, aliases = Contents(settings, folder), Aliases(facts, publishing, live)
    listings = Listings(folder, deploys, jobs.accept, contents, allowance, limits_of(settings))
    sites = Sites(addresses, live, settings.snippet_size, allowance.plans)
    parts = Parts(
        settings=settings,
        addresses=addresses,
        access=access,
        sites=sites,
        domains=Domains(addresses, sites, aliases),
        removals=Removals(publishing, live, settings.keep_deleted, jobs.call_off, counters.forget, allowance.plans),
        deploys=deploys,
        intake=intake,
        jobs=jobs,
        counters=counters,
        gates=await _gates(access, addresses, live),
        explainer=Explainer(addresses, table, live),
        publishing=publishing,
        aliases=aliases,
        locks=Locks(publishing),
        contents=contents,
        listings=listings,
        redeploying=Redeploying(folder, deploys, listings),
        differences=Differences(folder.stored_manifests),
        downloads=Downloads(folder),
        inside=Inside(folder.stored_manifests),
        withdrawing=Withdrawing(publishing, live),
        waiting=Waiting(facts, deploys.under_way),
        git=Git.of(access, addresses, folder, intake, aliases, command=program.git_command),
        site_builds=jobs.building.site_builds,
        isolation=isolation,
        system=System(settings, folder, storage, Health(folder, jobs.queue.is_running), deploys, isolation),
        sweeping=Sweeping(folder, settings, jobs.work, metrics.swept),
        streams=Streams(settings),
        allowance=allowance,
        stop=program.stop,
    )
    return parts, live, metrics


async def _go_on(stack: AsyncExitStack, program: Program, parts: Parts, folder: DataFolder, metrics: Metrics) -> None:
    """Begin what goes on beside requests; the stack ends it."""
    await keep_house(stack, parts, folder, program.refine_command, program.background_command)
    await _alongside(stack, Pulse(metrics.late))
    turned_away = TurnedAway(parts.counters, door_limits_of(parts.settings))
    await _alongside(stack, NowAndThen("refused connections", turned_away.tell, EVERY))


async def _alongside(stack: AsyncExitStack, work: Beside) -> None:
    """Begin it; the stack ends it."""
    await work.start()
    stack.push_async_callback(work.stop)


async def _gates(access: Access, addresses: Addresses, live: LiveSites) -> Gates:
    gates = Gates(access, addresses, live)
    await gates.load()
    return gates


def _jobs(program: Program, access: Access, folder: DataFolder, building: Building, metrics: Metrics) -> Jobs:
    jobs = Jobs(access.settings, folder, building, program.build_command, on_finished=metrics.deploy_finished)
    metrics.watch_queue(jobs.queue.depth)
    return jobs


def _app(program: Program, parts: Parts, metrics: Metrics, traefik: Traefik) -> Quart:
    watched = (parts.system.health, metrics, traefik)
    return create_app(parts, [*program.admin(parts), *(each.blueprint() for each in watched)])


async def _counters(stack: AsyncExitStack, folder: DataFolder, storage: Storage, age: float) -> Counters:
    """The counters as they were when the server was stopped; the stack has them kept once nobody is answered."""
    counters = Counters()
    tally = Tally(folder.traffic, counters, is_there=folder.is_there)
    await tally.start()
    stack.push_async_callback(tally.stop)
    await _alongside(stack, Gathering(counters, storage, age))
    return counters


async def _live_sites(access: Access, folder: DataFolder, table: Table, addresses: Addresses) -> LiveSites:
    settings = access.settings
    compiler = Compiler(folder.stored_manifests, Blobs(folder.blobs), abilities_of(settings))
    entrances = entrances_of(settings, access.keys.gate, https=access.https)
    grace = GraceTime(settings.grace_deploys, settings.grace_age)
    live = LiveSites(table, addresses, compiler, entrances, grace, access.news)
    await live.load()
    return live


def _front(  # noqa: PLR0913, PLR0917  (as above)
    stack: AsyncExitStack,
    program: Program,
    parts: Parts,
    ways: WaysIn,
    vacancies: Vacancies | None,
    live: LiveSites,
    table: Table,
    app: Quart,
) -> _Front:
    """What visitors meet, and what stands behind it; the stack stops it."""
    settings, limits = parts.settings, door_limits_of(parts.settings)
    bodies = Bodies(settings.reply_cache // settings.workers, lost=tell_lost)
    stack.callback(bodies.close)
    forwarder = ForwardsOnDemand(settings)
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
        keeper=Gatekeeper.of(parts.access, parts.addresses, live),
        forward=forwarder,
    )
    door = FrontDoor(
        table=table,
        behind=Hypercorn(switch, limits),
        bodies=bodies,
        counters=parts.counters,
        limits=limits,
        reception=ways.reception,
        crowd=vacancies.places.crowd(0, limits) if vacancies else None,
    )
    crew = vacancies.crew(program.worker_command, parts, ways, live, door, switch) if vacancies else None
    front = _Front(door, crew)
    stack.push_async_callback(_stop, front, parts, settings.stop_grace)
    return front


async def _stop(front: _Front, parts: Parts, grace: float) -> None:
    """Let requests and deploys under way finish, all within the same `grace` seconds; who only listens is let go."""
    parts.streams.end()
    await asyncio.gather(front.close(grace), parts.jobs.stop(grace))

"""Sessions of a server on one data folder: in each several faults come, one after another, and the last ends it."""

import contextlib
import os
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import psutil

from appliance.data_folder import DataFolder
from tests.appliance.crashes import API, client_of
from tests.builders import SOURCE, Served, served
from tests.faults.checks import Checks, damaged, leftovers, orphans
from tests.faults.model import SiteModel
from tests.faults.points import POINTS, Point, named
from tests.faults.program import arm, command
from tests.faults.sender import Sender
from tests.faults.visitors import Visitors
from tests.fresh import lay_operator

SITES = ("shop", "blog", "docs")
VISITORS = 3
MOST = 4  # faults in one session: the server goes on after all but the last
FEW = 20  # faults, after which nothing is restored
LONGEST = 4.0  # seconds a fault is waited for; then the server is killed where it is
AT_START = ("start.", "prune.")  # points that are passed once, at the start or soon after it
SOON = 5.0  # seconds
BESIDE = "backup."  # points of a process of its own, beside the server
NOT_HERE = (
    "migrate.",
    "restore.",
    "generate.",
    "backup.archive",
    "backup.send",
)  # steps that no session comes to: their own tests
COUNTS = (0, 0, 0, 1, 2, 5)  # how many calls a fault lets pass
KEPT = 9  # deploys of a site that the server keeps
SWEEPING = {"DROPDOCK_SWEEP_EVERY": "1s", "DROPDOCK_SWEEP_GRACE": "30m"}
RETAINING = {"DROPDOCK_KEEP_DEPLOYS": str(KEPT), "DROPDOCK_KEEP_GRACE": "0s"}  # in some sessions
PATIENT = {"DROPDOCK_BUILD_ATTEMPTS": "100"}  # starts are killed in a row before anybody looks: no build is to blame
AGED = 2 * 3600  # seconds by which stored content is made older between two sessions: longer than any grace
HERE = tuple(point for point in POINTS if not point.name.startswith(NOT_HERE))
PROGRAM_POINTS = tuple(point.name for point in HERE if not point.name.startswith(BESIDE))


class Campaign:
    """Faults on one data folder; `lost` says what went wrong, `faults` what was put in."""

    def __init__(self, data: Path, seed: int) -> None:
        self.lost: list[str] = []
        self.faults: Counter[str] = Counter()
        self.starts: list[float] = []
        self.answered = 0
        self._data = data
        self._folder = DataFolder(data)
        self._when = data.with_name("fault")
        self._backups = data.with_name("backups")
        self._chance = random.Random(seed)
        self._sites = [SiteModel(name) for name in SITES]
        self._retains = self._has_retained = False  # in this session, in the last
        self._token = operator(data)
        self._visitors: Visitors | None = None
        self._cause = ""  # what the last fault was, for whoever reads of a loss

    def run(self, rounds: int) -> None:
        """Until so many faults have come, then a last look at every deploy there is, and at a backup."""
        try:
            while self.faults.total() < rounds:
                self._session(min(self._chance.randint(1, MOST), rounds - self.faults.total()))
            self._last_look(restores=rounds > FEW)
        finally:
            if self._visitors is not None:
                self._visitors.end()
                self._lose(self._visitors.wrong)

    def run_into(self, name: str, starts: int) -> None:
        """People work until a kill at the point of that name, where as many starts in a row end too; then a look."""
        point = named(name)
        with self._server() as server, client_of(server, self._token) as client:
            self._look(server, client, everything=False)
            self._end(server, client, point)
        for _ in range(starts):
            self._start_that_fails(point)
        self._last_look(restores=False)

    @property
    def visits(self) -> int:
        """Answers that visitors got."""
        return self._visitors.answers if self._visitors else 0

    # ── a session ──

    def _session(self, faults: int) -> None:
        self._age()
        self._has_retained, self._retains = self._retains, self._chance.random() < 0.3
        for site in self._sites:
            site.keeps = KEPT if self._retains or self._has_retained else None
        first = self._chance.choice(HERE)
        if _is_at_start(first):
            self._start_that_fails(first)
            faults -= 1
        if not faults:
            return
        with self._server() as server, client_of(server, self._token) as client:
            self._look(server, client, everything=self._chance.random() < 0.1)
            for _ in range(faults - 1):
                self._survive(server, client)
            self._end(server, client, self._last_point())

    def _start_that_fails(self, point: Point) -> None:
        arm(self._when, 0, point.name, "kill")
        family: set[psutil.Process] = set()
        with contextlib.suppress(AssertionError), self._server() as server:
            family = self._wait(server, SOON)
            server.kill()
        self._came(point, "kill")
        self._lose(orphans(self._data, family))

    def _survive(self, server: Served, client: httpx.Client) -> None:
        """A fault after which the server goes on: everything is as it was answered, at once."""
        points = [point for point in HERE if (point.stores or _is_the_childs(point)) and not _is_at_start(point)]
        point = self._chance.choice(points)
        kind = self._chance.choice((["enospc", "eio"] if point.stores else []) + ["child"] * _is_the_childs(point))
        with self._people(client, point, is_harmed=True):
            if point.name.startswith(BESIDE):
                self._back_up(point, self._chance.choice(["kill", "enospc", "eio"]))
            else:
                arm(self._when, self._chance.choice(COUNTS), point.name, kind)
                self._wait(server, LONGEST)
        if not point.name.startswith(BESIDE) and not self._came(point, kind, "nothing"):
            return
        if server.process.poll() is not None:
            self._lose([f"the server ended by itself with status {server.process.returncode}"])
        self._check(server, client, everything=False, harmed=True)

    def _last_point(self) -> Point | None:
        """Where a session ends; None for any moment."""
        points = [point for point in HERE if not point.name.startswith((*AT_START, BESIDE))]
        return self._chance.choice([*points, *[None] * (len(points) // 3)])

    def _end(self, server: Served, client: httpx.Client, point: Point | None) -> None:
        """A fault that ends the server, at the point or at any moment."""
        with self._people(client, point, is_harmed=False):
            if point is not None:
                arm(self._when, self._chance.choice(COUNTS), point.name, "kill")
            family = self._wait(server, LONGEST if point else self._chance.uniform(0.1, 2.0))
            server.process.kill()
        server.process.wait(30)
        self._came(point, "kill")
        self._lose(orphans(self._data, family))

    def _back_up(self, point: Point, kind: str) -> None:
        """Back up while people work: that process comes to grief, not the server."""
        arm(self._when, self._chance.choice((0, 1)), point.name, kind)
        program = command([point.name], kind, self._when)
        done = subprocess.run([*program, *self._backing_up()], timeout=120, check=False, capture_output=True, text=True)
        came = self._came(point, kind, "nothing")
        if came and done.returncode == 0:
            self._lose([f"a backup that could not be finished said it was: {done.stdout}"])

    def _backing_up(self) -> list[str]:
        return ["backup", str(self._backups), "--data", str(self._data)]

    def _came(self, point: Point | None, kind: str, otherwise: str = "kill at any moment") -> bool:
        """Count the fault, or what was done instead where it did not come; it does not come any more then."""
        came = point is not None and not self._when.exists()
        self._when.unlink(missing_ok=True)
        self._cause = f"{kind} at {point.name}" if came and point else otherwise
        if self._cause != "nothing":
            self.faults[self._cause] += 1
        return came

    @contextlib.contextmanager
    def _people(self, client: httpx.Client, point: Point | None, *, is_harmed: bool) -> Iterator[None]:
        """People work on each site, most often on what leads to the point, until the block ends."""
        over = threading.Event()
        senders = [Sender(site, client, self._chance.randrange(10**6)) for site in self._sites]
        threads = [threading.Thread(target=sender.send, args=(over, point and point.name)) for sender in senders]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            if self._visitors is not None and not is_harmed:
                self._visitors.leave()
            for thread in threads:
                thread.join(120)
            for sender in senders:
                self.answered += sender.done
                self._lose(sender.wrong + ([] if is_harmed else _unexpected(sender)))

    @contextlib.contextmanager
    def _server(self, program: Sequence[str] = ()) -> Iterator[Served]:
        began = time.monotonic()
        program = program or command(PROGRAM_POINTS, "kill", self._when)
        environment = SWEEPING | PATIENT | (RETAINING if self._retains else {})
        with served(self._data, program=program, environment=environment) as server:
            self.starts.append(time.monotonic() - began)
            yield server

    def _wait(self, server: Served, seconds: float) -> set[psutil.Process]:
        """Until the fault has come or the time is over; every process the server had."""
        family: set[psutil.Process] = set()
        give_up = time.monotonic() + seconds
        is_armed = self._when.exists()
        with contextlib.suppress(psutil.NoSuchProcess):
            itself = psutil.Process(server.process.pid)
            while server.process.poll() is None and time.monotonic() < give_up:
                family.update(itself.children(recursive=True))
                if is_armed and not self._when.exists():
                    give_up = min(give_up, time.monotonic() + 0.3)  # what a fault leads to has some time to happen
                time.sleep(0.02)
        return family

    # ── looking ──

    def _look(self, server: Served, client: httpx.Client, *, everything: bool) -> None:
        if self._visitors is None:
            self._begin(client)
            self._visitors = Visitors(self._sites, VISITORS, self._chance.randrange(1000))
        self._visitors.come_to(server)
        self._check(server, client, everything=everything, harmed=False)

    def _check(self, server: Served, client: httpx.Client, *, everything: bool, harmed: bool) -> None:
        checks = Checks(server, client, self._chance, disk=harmed)
        for site in self._sites:
            checks.check(site, everything=everything)
        self._lose(checks.lost + leftovers(self._folder))
        if everything:
            self._lose(damaged(self._folder))

    def _begin(self, client: httpx.Client) -> None:
        """Every site has something live before the first visitor comes."""
        for site in self._sites:
            client.post(f"{API}/sites", json={"name": site.name}).raise_for_status()
            Sender(site, client, 0).deploy()

    def _last_look(self, *, restores: bool) -> None:
        self._age()
        with self._server(SOURCE) as server, client_of(server, self._token) as client:
            self._look(server, client, everything=True)
            if restores:
                self._lose(self._run("a backup", self._backing_up()))
            if self._visitors is not None:
                self._visitors.end()
            server.stop()
        if restores:
            self._restore()

    def _restore(self) -> None:
        """What was backed up while the server ran is all there again."""
        self._lose(self._run("verification", ["verify", "--data", str(self._data)]))
        self._data = self._data.with_name("restored")
        self._folder = DataFolder(self._data)
        self._lose(self._run("restoring", ["restore", str(self._backups), "--data", str(self._data)]))
        with self._server(SOURCE) as server, client_of(server, self._token) as client:
            self._check(server, client, everything=True, harmed=False)

    def _run(self, what: str, words: Sequence[str]) -> list[str]:
        done = subprocess.run([*SOURCE, *words], timeout=300, check=False, capture_output=True, text=True)
        return [f"{what} failed: {done.stdout} {done.stderr}"] if done.returncode else []

    def _age(self) -> None:
        """Everything stored was last used hours ago: what nothing names may be swept."""
        then = time.time() - AGED
        for root in (self._folder.blobs, self._folder.manifests, self._data / "sweep" / "unnamed"):
            for path in root.rglob("*"):
                if path.is_file():
                    os.utime(path, (then, then))

    def _lose(self, losses: Sequence[str]) -> None:
        self.lost += [f"{loss} (after {self._cause or 'the first start'})" for loss in losses]


def operator(data: Path) -> str:
    """A token of an operator, made before the first server starts."""
    return lay_operator(data)


def _unexpected(sender: Sender) -> list[str]:
    """Refusals that nothing explains: a deploy may have been retired since it was last looked for."""
    return [said for said in sender.refused if sender.site.keeps is None or not said.startswith("404 ")]


def _is_the_childs(point: Point) -> bool:
    """Whether a build child passes it."""
    return point.name.startswith(("unpack.", "build.", "store.commit", "store.sync"))


def _is_at_start(point: Point) -> bool:
    return point.name.startswith(AT_START)

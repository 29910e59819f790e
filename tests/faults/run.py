"""Break a server again and again, and count what was lost: `python tests/faults/run.py --rounds N [--seed S]`.

Each round starts the real program on the data the last one left, checks everything that was ever answered, has
several people deploy, patch, roll back, publish, delete and move aliases while visitors read, puts in a fault, and ends
the server with SIGKILL: at a named step of its work or at any moment. Exits with 1 when anything was lost.
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from appliance.data_folder import DataFolder
from tests.appliance.crashes import API, client_of
from tests.builders import MAIN, SOURCE, Served, served
from tests.faults.checks import Checks, damaged, leftovers, orphans
from tests.faults.model import SiteModel
from tests.faults.points import POINTS, Point
from tests.faults.program import arm, command
from tests.faults.sender import Sender
from tests.faults.visitors import Visitors

SITES = ("shop", "blog", "docs")
VISITORS = 4
LONGEST = 4.0  # seconds a round waits for its fault; then the server is killed where it is
START = 3.0  # seconds in which a server should be there again
AT_START = "start."  # points that are passed before anybody can send
NOT_HERE = ("migrate.", "prune.", "backup.", "restore.")  # steps that no round comes to; they have tests of their own
COUNTS = (0, 0, 0, 1, 2, 5)  # how many calls a fault lets pass


class Campaign:
    """Rounds on one data folder; `lost` says what went wrong, `faults` what was put in."""

    def __init__(self, data: Path, seed: int) -> None:
        self.lost: list[str] = []
        self.faults: Counter[str] = Counter()
        self.starts: list[float] = []
        self.answered = 0
        self._data = data
        self._when = data.with_name("fault")
        self._chance = random.Random(seed)
        self._sites = [SiteModel(name) for name in SITES]
        self._token = operator(data)
        self._visitors: Visitors | None = None
        self._disk = False

    def run(self, rounds: int) -> None:
        """That many rounds, then a last look at every deploy there is."""
        try:
            for number in range(rounds):
                self._round(number)
            self._last_look()
        finally:
            if self._visitors is not None:
                self._visitors.end()
                self.lost += self._visitors.wrong

    @property
    def visits(self) -> int:
        """Answers that visitors got."""
        return self._visitors.answers if self._visitors else 0

    def _round(self, number: int) -> None:
        point, kind = self._fault()
        program = SOURCE if point is None else command(point.name, kind, self._when)
        after = self._chance.choice(COUNTS)
        if point is not None and point.name.startswith(AT_START):
            arm(self._when)
            with contextlib.suppress(AssertionError), self._server(program):
                pass  # it was not passed: nothing was under way
            if not self._has_come():
                point = None
            program = SOURCE
        with self._server(program) as server, client_of(server, self._token) as client:
            self._look(server, client, everything=number % 10 == 9)
            if point is not None and not point.name.startswith(AT_START):
                arm(self._when, after)
            self._work(server, client)
        came = self._has_come()
        self.faults[f"{kind} at {point.name}" if point is not None and came else "kill at any moment"] += 1
        self._disk = kind != "kill" and came

    def _has_come(self) -> bool:
        """Whether the fault came; if not, it does not come any more."""
        came = not self._when.exists()
        self._when.unlink(missing_ok=True)
        return came

    def _fault(self) -> tuple[Point | None, str]:
        if self._chance.random() < 0.25:
            return None, "kill"
        point = self._chance.choice([point for point in POINTS if not point.name.startswith(NOT_HERE)])
        return point, self._chance.choice(["kill", "kill", "enospc", "eio"]) if point.stores else "kill"

    @contextlib.contextmanager
    def _server(self, program: "list[str] | tuple[str, ...]") -> Iterator[Served]:
        began = time.monotonic()
        with served(self._data, program=program) as server:
            self.starts.append(time.monotonic() - began)
            yield server

    def _look(self, server: Served, client: httpx.Client, *, everything: bool) -> None:
        if self._visitors is None:
            self._begin(client)
            self._visitors = Visitors(self._sites, VISITORS, self._chance.randrange(1000))
        self._visitors.come_to(server)
        checks = Checks(server, client, self._chance, disk=self._disk)
        for site in self._sites:
            checks.check(site, everything=everything)
        self.lost += checks.lost + leftovers(DataFolder(self._data))
        self.lost += damaged(DataFolder(self._data)) if everything else []

    def _begin(self, client: httpx.Client) -> None:
        """Every site has something live before the first visitor comes."""
        for site in self._sites:
            client.post(f"{API}/sites", json={"name": site.name}).raise_for_status()
            Sender(site, client, 0).deploy()

    def _work(self, server: Served, client: httpx.Client) -> None:
        """Have people work until the fault has come and some more, or for a while; then the server is killed."""
        over = threading.Event()
        senders = [Sender(site, client, self._chance.randrange(10**6)) for site in self._sites]
        threads = [threading.Thread(target=sender.send, args=(over,)) for sender in senders]
        for thread in threads:
            thread.start()
        family = self._wait(server, self._chance.uniform(0.3, LONGEST))
        server.process.kill()
        over.set()
        server.process.wait(30)
        if self._visitors is not None:
            self._visitors.leave()
        for thread in threads:
            thread.join(120)
        for sender in senders:
            self.answered += sender.done
            self.lost += sender.wrong
        self.lost += orphans(self._data, family)

    def _wait(self, server: Served, seconds: float) -> set[psutil.Process]:
        """Until it has ended or the time is over; every process it had."""
        family: set[psutil.Process] = set()
        give_up = time.monotonic() + seconds
        with contextlib.suppress(psutil.NoSuchProcess):
            itself = psutil.Process(server.process.pid)
            while server.process.poll() is None and time.monotonic() < give_up:
                family.update(itself.children(recursive=True))
                time.sleep(0.05)
        return family

    def _last_look(self) -> None:
        with self._server(SOURCE) as server, client_of(server, self._token) as client:
            self._look(server, client, everything=True)
            if self._visitors is not None:
                self._visitors.end()
            server.stop()


def operator(data: Path) -> str:
    """A token of an operator, made before the first server starts."""
    for words in (
        ["account", "create", "--email", "olga@example.org", "--role", "operator"],
        ["token", "create", "--account", "olga@example.org", "--name", "faults"],
    ):
        command = [sys.executable, str(MAIN), *words, "--data", str(data)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main(arguments: list[str]) -> int:
    """Run a campaign in a temporary folder and print what came of it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--folder", type=Path, default=None, help="where to work; kept afterwards")
    chosen = options.parse_args(arguments)
    seed = random.randrange(10**6) if chosen.seed is None else chosen.seed
    with tempfile.TemporaryDirectory(prefix="dropdock-faults-") as scratch:
        campaign = Campaign((chosen.folder or Path(scratch)) / "data", seed)
        signal.signal(signal.SIGTERM, _stop)
        try:
            campaign.run(chosen.rounds)
        finally:
            report(campaign, seed)
    return 1 if campaign.lost else 0


def _stop(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt  # what was found so far is reported all the same


def report(campaign: Campaign, seed: int) -> None:
    """Print the faults by kind, and every loss."""
    print(f"seed {seed}, {os.cpu_count()} cores")
    for kind, count in sorted(campaign.faults.items()):
        print(f"{count:5}  {kind}")
    print(f"{campaign.faults.total():5}  faults in all; {campaign.answered} changes answered, {campaign.visits} visits")
    slow = [seconds for seconds in campaign.starts if seconds > START]
    starts = sorted(campaign.starts) or [0.0]
    middle, last = starts[len(starts) // 2], starts[-1]
    print(f"starts: median {middle:.2f} s, longest {last:.2f} s, {len(slow)} of {len(starts)} over {START:.0f} s")
    for loss in campaign.lost:
        print(f"LOST: {loss}")
    print(f"losses: {len(campaign.lost)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

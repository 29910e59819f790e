"""How the single executable starts and what it needs when nobody asks for anything.

    python -m tests.benchmarks.startup [--rounds N] [--sites N] [--files N] [--program dist/dropdock]

Prints the file's size; the time from its start to the first byte of an answer, with the machine's caches emptied before
where that is allowed and with them warm; the memory of all its processes together when it has just started, and when it
has been idle for so long that its build process has ended; and the same with many sites live. Memory is what belongs to
the processes (PSS: a page that several share is counted once, in parts), and beside it the plain sum of what each has
(RSS). Medians; judges nothing.
"""

import argparse
import asyncio
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.builders import Served, deployed, page, served, zip_of
from tests.cast import OLGA

ROOT = Path(__file__).resolve().parent.parent.parent
IDLE = 5.0  # seconds for what a start still does in the background
SOON_COOL = {"DROPDOCK_CHILD_IDLE": "1s"}  # by default a build process is kept for ten minutes in case there is work
MB = 1_000_000
Program = tuple[str, ...]


@dataclass(frozen=True)
class Memory:
    """Bytes of a family of processes."""

    own: int
    resident: int

    def __str__(self) -> str:
        return f"{self.own / MB:6.1f} MB of its own, {self.resident / MB:6.1f} MB resident"


def main() -> None:
    """Measure, then print."""
    options = _options()
    program = (str(Path(options.program).resolve()),)
    print(f"size                {Path(program[0]).stat().st_size / MB:6.1f} MB")
    with tempfile.TemporaryDirectory(prefix="dropdock-startup-") as scratch:
        data = Path(scratch, "data")
        _make_account(program, data)
        for name, prepare in (("cold", _drop_caches), ("warm", lambda: True)):
            _print_starts(name, program, data, options.rounds, prepare)
        with served(data, program=program, minify="site") as server:
            print(f"just started        {_idle_memory(server)}")
        with served(data, program=program, minify="site", environment=SOON_COOL) as server:
            print(f"idle                {_idle_memory(server)}")
        _fill(program, data, options.sites, options.files)
        _print_starts("many sites, warm", program, data, options.rounds, lambda: True)
        with served(data, program=program, minify="site", environment=SOON_COOL) as server:
            print(f"{options.sites} sites, idle    {_idle_memory(server)}")
            _visit(server, options.sites)
            print(f"{options.sites} sites, visited {_idle_memory(server)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sites", type=int, default=1_000)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--program", default=str(ROOT / "dist" / "dropdock"))
    return parser.parse_args()


def _print_starts(name: str, program: Program, data: Path, rounds: int, prepare: Callable[[], bool]) -> None:
    if not prepare():
        print(f"{name:<20}not measured: the system's caches may not be emptied here", file=sys.stderr)
        return
    seconds = [_first_answer(program, data, prepare) for _ in range(rounds)]
    print(f"{name + ' start':<20}{statistics.median(seconds):6.2f} s to the first answer")


def _first_answer(program: Program, data: Path, prepare: Callable[[], bool]) -> float:
    prepare()
    started = time.monotonic()
    with served(data, program=program, minify="site") as server:
        _ask(server, f"localhost:{server.port}", "/healthz")
        return time.monotonic() - started


def _drop_caches() -> bool:
    """Empty the page cache, so that everything comes from the disk again; whether that was allowed."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3", encoding="ascii")
    except OSError:
        return False
    return True


def _idle_memory(server: Served) -> Memory:
    time.sleep(IDLE)
    root = psutil.Process(server.process.pid)
    facts = [each.memory_full_info() for each in (root, *root.children(recursive=True))]
    return Memory(sum(each.pss for each in facts), sum(each.rss for each in facts))


def _make_account(program: Program, data: Path) -> None:
    account = ("account", "create", "--email", OLGA.email, "--role", "operator", "--password-stdin")
    _run(program, *account, "--data", str(data), said=OLGA.password + "\n")


def _fill(program: Program, data: Path, sites: int, files: int) -> None:
    """Deploy the sites, each with a page of its own among files they share."""
    token = _run(program, "token", "create", "--account", OLGA.email, "--name", "startup", "--data", str(data))
    shared = {f"page-{number}.html": page(f"Page {number}") for number in range(files - 1)}
    with served(data, program=program, minify="site") as server:
        asyncio.run(_deploy_all(server, token.strip(), shared, sites))


async def _deploy_all(server: Served, token: str, shared: dict[str, str], sites: int) -> None:
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as client:
        for number in range(sites):
            archive = zip_of({**shared, "index.html": page(f"Site {number}")})
            facts = await deployed(client, f"site-{number}", archive)
            if facts["state"] != "ready":
                raise SystemExit(f"site-{number} ended as {facts['state']}")


def _visit(server: Served, sites: int) -> None:
    for number in range(sites):
        _ask(server, f"site-{number}.localhost:{server.port}", "/")


def _ask(server: Served, host: str, path: str) -> None:
    with _connection(server.port) as visitor:
        visitor.request("GET", path, headers={"Host": host})
        answer = visitor.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{host}{path} was answered with {answer.status}")


@contextmanager
def _connection(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        yield connection
    finally:
        connection.close()


def _run(program: Program, *arguments: str, said: str = "", **environment: str) -> str:
    done = subprocess.run(
        [*program, *arguments],
        input=said,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()

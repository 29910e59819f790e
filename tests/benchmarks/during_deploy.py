"""What visitors wait while a large deploy comes in, is unpacked and published, beside what they wait otherwise.

    python -m tests.benchmarks.during_deploy [--rounds N] [--files N] [--seconds S] [--compress]

A server with one site answers a 10 KB page at half the rate it can answer it at (32 connections that ask in turn, at a
fixed rate, by h2load). In each round that goes on for some seconds, then an archive of some thousand files that nobody
has seen before is deployed to another site. Prints the waiting times, in milliseconds, of the quiet time, of the upload
and of what follows it until the new site is live, and the ratio of their 99th percentiles to the quiet one; judges
nothing. Nothing is kept to a core: server, load and build share what there is, as they do for everybody.
"""

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.deploy import account, time_deploy
from tests.builders import Served, served

CONNECTIONS = 32
SIZE = 10_000
SECONDS = 4  # in which the highest rate is found
HOST = "visited.localhost"
WORDS = [f"word{number:04}" for number in range(2_000)]
STATES = ("quiet", "upload", "unpack and publish")


@dataclass(frozen=True)
class Answer:
    """When it was asked for, by the system's clock in seconds, and after how many of them all of it was there."""

    asked: float
    waited: float


@dataclass(frozen=True)
class Waits:
    """Waiting times of many requests in seconds."""

    number: int
    median: float
    p99: float
    longest: float

    @classmethod
    def of(cls, answers: Iterable[Answer], begin: float, end: float) -> "Waits":
        """Of those that were asked for in this time."""
        waited = sorted(answer.waited for answer in answers if begin <= answer.asked < end)
        if not waited:
            raise SystemExit("nothing was answered in that time")
        return cls(len(waited), waited[len(waited) // 2], waited[len(waited) * 99 // 100], waited[-1])


def main() -> None:
    """Run the rounds and print the table."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="dropdock-bench-") as scratch:
        here = Path(scratch)
        token = account(here / "data")
        environment = {
            "DROPDOCK_VARIANTS": "true" if options.compress else "false",
            "DROPDOCK_CONNECTIONS_PER_ADDRESS": "10000",
        }
        with served(here / "data", environment=environment) as server:
            visited = pack(here / "visited.zip", {"index.html": _text(SIZE, 0)})
            time_deploy(visited, server.port, token, HOST.removesuffix(".localhost"))
            rate = _highest_rate(server, here) / 2
            print(f"{rate:.0f} requests a second; {options.files} files")
            rounds = [_round(server, here, token, rate, options, number) for number in range(options.rounds)]
    print(f"{'':<20}{'requests':>10}{'median':>9}{'p99':>9}{'longest':>9}{'ratio':>7}")
    for number, state in enumerate(STATES):
        waits = [each[number] for each in rounds]
        ratio = statistics.median(each[number].p99 / each[0].p99 for each in rounds)
        columns = (1_000 * statistics.median(getattr(w, name) for w in waits) for name in ("median", "p99", "longest"))
        figures = "".join(f"{column:>9.2f}" for column in columns)
        print(f"{state:<20}{sum(w.number for w in waits):>10}{figures}{ratio:>7.2f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=5, help="of the quiet time")
    parser.add_argument("--compress", action="store_true", help="make the compressed forms too")
    return parser.parse_args()


def _round(
    server: Served, here: Path, token: str, rate: float, options: argparse.Namespace, number: int
) -> tuple[Waits, ...]:
    files = {f"{n // 100}/{n}.html": _text(8_000, n) for n in range(options.files)}
    archive = pack(here / f"{number}.zip", {"index.html": _text(SIZE, 0), **files})
    with _visitors(server, here / f"{number}.log", rate) as answers:
        time.sleep(1.0)  # until every connection is there
        quiet = time.time()
        time.sleep(options.seconds)
        begin = time.time()
        accepted = list[float]()
        time_deploy(archive, server.port, token, f"site-{number}", accepted=lambda: accepted.append(time.time()))
        live = time.time()
    print(f"round {number + 1}: uploaded in {accepted[0] - begin:.1f} s, live in {live - begin:.1f} s", file=sys.stderr)
    times = (quiet, begin), (begin, accepted[0]), (accepted[0], live)
    return tuple(Waits.of(answers, *each) for each in times)


@contextmanager
def _visitors(server: Served, log: Path, rate: float) -> Iterator[list[Answer]]:
    """So many requests a second while the block runs; what became of them, once it has ended."""
    answers = list[Answer]()
    with subprocess.Popen(
        _h2load(server, log, rate, 600),
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            yield answers
        finally:
            process.terminate()
    for line in log.read_text().splitlines():
        fields = line.split("\t")
        if len(fields) == 3 and fields[1] == "200":
            answers.append(Answer(int(fields[0]) / 1e6, int(fields[2]) / 1e6))


def _highest_rate(server: Served, here: Path) -> float:
    log = here / "highest.log"
    subprocess.run(_h2load(server, log, 1e6, SECONDS), check=True, capture_output=True, timeout=60)
    return sum(line.split("\t")[1] == "200" for line in log.read_text().splitlines()) / SECONDS


def _h2load(server: Served, log: Path, rate: float, seconds: int) -> list[str]:
    load = ["h2load", "--h1", "-t1", f"-c{CONNECTIONS}", f"-D{seconds}", f"--rps={rate / CONNECTIONS:.1f}"]
    address = [f"--connect-to=127.0.0.1:{server.port}", f"http://{HOST}:{server.port}/"]
    return [*load, f"--log-file={log}", *address]


def pack(archive: Path, files: dict[str, bytes]) -> Path:
    """An archive of these files."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return archive


def _text(size: int, seed: int) -> bytes:
    """A page of so many bytes, of words that come again as they do in a language, and unlike any other."""
    words = " ".join(random.Random(f"{seed} {time.time()}").choices(WORDS, k=size // 9))
    return f"<!doctype html><title>{seed}</title><p>{words}".encode().ljust(size)[:size]


if __name__ == "__main__":
    main()

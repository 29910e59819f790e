"""What visitors wait while a large deploy comes in, is unpacked and published, beside what they wait otherwise.

    python -m tests.benchmarks.during_deploy [--rounds N] [--files N] [--seconds S] [--compress] [--beside CHECKOUT]

A server with one site answers a 10 KB page at half the rate it can answer it at (32 connections that ask in turn, at a
fixed rate, by h2load). In each round that goes on for some seconds, then an archive of some thousand files that nobody
has seen before is deployed to another site. Prints the waiting times, in milliseconds, of the quiet time, of the upload
and of what follows it until the new site is live, and the ratio of their 99th percentiles to the quiet one; judges
nothing. The figures are medians of the rounds; the last ratio is that of all requests of all rounds together. Nothing
is kept to a core: server, load and build share what there is, as they do for everybody. With `--beside` the same is
done in turn with the program in another checkout, at the same rate: the machine's moods are the same for both then.
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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.deploy import account, time_deploy
from tests.builders import MAIN, Served, served

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
    def of(cls, answers: Iterable[Answer]) -> "Waits":
        """What these waited."""
        waited = sorted(answer.waited for answer in answers)
        if not waited:
            raise SystemExit("nothing was answered in that time")
        return cls(len(waited), waited[len(waited) // 2], waited[len(waited) * 99 // 100], waited[-1])


@dataclass(frozen=True)
class Program:
    """A running server, and what its rounds gave: the answers in each of STATES."""

    name: str
    server: Served
    token: str
    rounds: list[tuple[list[Answer], ...]]


def main() -> None:
    """Run the rounds and print the tables."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="dropdock-bench-") as scratch, ExitStack() as running:
        here = Path(scratch)
        checkouts = [MAIN.parent, *([options.beside.resolve()] if options.beside else [])]
        programs = [running.enter_context(_program(each, here, options.compress)) for each in checkouts]
        rate = _highest_rate(programs[0].server, here) / 2
        print(f"{rate:.0f} requests a second; {options.files} files")
        for number in range(options.rounds):
            archive = _unseen(here / f"{number}.zip", options.files)
            for program in programs if number % 2 else programs[::-1]:
                program.rounds.append(_round(program, archive, here, rate, options.seconds))
    for program in programs:
        _print_table(program)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=5, help="of the quiet time")
    parser.add_argument("--compress", action="store_true", help="make the compressed forms too")
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="another version, measured in turn")
    return parser.parse_args()


@contextmanager
def _program(checkout: Path, here: Path, compress: bool) -> Iterator[Program]:
    """The program of a checkout, with one site, until the block ends."""
    data = Path(tempfile.mkdtemp(dir=here)) / "data"
    token = account(data)
    environment = {
        "DROPDOCK_VARIANTS": "true" if compress else "false",
        "DROPDOCK_CONNECTIONS_PER_ADDRESS": "10000",
    }
    with served(data, environment=environment, program=(sys.executable, str(checkout / MAIN.name))) as server:
        visited = pack(here / "visited.zip", {"index.html": _text(SIZE, 0)})
        time_deploy(visited, server.port, token, HOST.removesuffix(".localhost"))
        yield Program(str(checkout), server, token, [])


def _print_table(program: Program) -> None:
    print(f"{program.name}\n{'':<20}{'requests':>10}{'median':>9}{'p99':>9}{'longest':>9}{'ratio':>7}{'of all':>8}")
    quiet = [Waits.of(each[0]) for each in program.rounds]
    quiet_of_all = _together(program, 0)
    for number, state in enumerate(STATES):
        waits = [Waits.of(each[number]) for each in program.rounds]
        ratio = statistics.median(one.p99 / other.p99 for one, other in zip(waits, quiet, strict=True))
        columns = (1_000 * statistics.median(getattr(w, name) for w in waits) for name in ("median", "p99", "longest"))
        figures = "".join(f"{column:>9.2f}" for column in columns)
        of_all = _together(program, number).p99 / quiet_of_all.p99
        print(f"{state:<20}{sum(w.number for w in waits):>10}{figures}{ratio:>7.2f}{of_all:>8.2f}")


def _together(program: Program, state: int) -> Waits:
    return Waits.of(answer for each in program.rounds for answer in each[state])


def _unseen(archive: Path, count: int) -> Path:
    """An archive of so many files that nobody has seen before."""
    files = {f"{n // 100}/{n}.html": _text(8_000, n) for n in range(count)}
    return pack(archive, {"index.html": _text(SIZE, 0), **files})


def _round(program: Program, archive: Path, here: Path, rate: float, seconds: float) -> tuple[list[Answer], ...]:
    """What visitors were answered in each of STATES."""
    number = len(program.rounds)
    with _visitors(program.server, here / "answers.log", rate) as answers:
        time.sleep(1.0)  # until every connection is there
        quiet = time.time()
        time.sleep(seconds)
        begin = time.time()
        accepted = list[float]()
        site = f"site-{number}"
        time_deploy(archive, program.server.port, program.token, site, accepted=lambda: accepted.append(time.time()))
        live = time.time()
    print(f"round {number + 1}: uploaded in {accepted[0] - begin:.1f} s, live in {live - begin:.1f} s", file=sys.stderr)
    times = (quiet, begin), (begin, accepted[0]), (accepted[0], live)
    return tuple([answer for answer in answers if since <= answer.asked < until] for since, until in times)


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
    lines = log.read_text().splitlines()
    log.unlink()  # else the next load would write behind it
    for line in lines:
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

"""What one request costs Dropdock, nginx and Caddy, each on one core of this machine.

    python -m tests.benchmarks.serve [--quick | --long] [--rounds N] [--seconds S] [--servers a,b]
    python -m tests.benchmarks.serve --only plain [--only tls]      # a part (see PARTS), or a case by its name
    python -m tests.benchmarks.serve --workers [...]

Prints CPU microseconds a request (user and system time of the server's process, from the operating system's
accounts), requests a second, and the ratio to the first server: medians of rounds in which the servers take turns, so
that what else the machine does meets them all, and of the ratios within each round. Where many sites are asked, every
round asks one of them as well, for one page and for as many pages as there are sites: a line says what many cost beside
one page, which is the processor's caches above all, and another what they cost beside as many bytes of one site.
`--quick` ends within a minute; `--long` adds 10,000 sites, and the time the servers take to start with them. Judges
nothing.

`--workers` compares Dropdock with one process and with two instead, none of them kept to a core: look at the requests a
second. The load has a core as well, so that on a machine with two the second process has only what the load leaves.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.load import BROWSER, Case, Cost, put_load, wake
from tests.benchmarks.servers import CREWS, SERVERS, SIZES, Server, Sites, make_sites

MANY, LONG = 1_000, 10_000

TINY, PAGE = "1 KB", "10 KB"
CASES = (
    *(Case(f"{size}, bare", count, {}) for size, count in SIZES.items()),
    *(Case(f"{size}, browser", count, BROWSER) for size, count in SIZES.items()),
    *(Case(f"{size}, no head twice", SIZES[size], BROWSER, varied=True) for size in (TINY, PAGE)),
    *(Case(f"{size}, new connections", SIZES[size], BROWSER, fresh=True) for size in (TINY, PAGE)),
    Case(f"{PAGE}, 1,000 sites", SIZES[PAGE], BROWSER, sites=MANY),
    *(Case(f"{size}, bare, TLS", SIZES[size], {}, tls=True) for size in (TINY, PAGE)),
    *(Case(f"{size}, browser, TLS", count, BROWSER, tls=True) for size, count in SIZES.items()),
    *(Case(f"{size}, new connections, TLS", SIZES[size], BROWSER, fresh=True, tls=True) for size in (TINY, PAGE)),
    Case(f"{PAGE}, 1,000 sites, TLS", SIZES[PAGE], BROWSER, sites=MANY, tls=True),
    *(Case(f"{size}, HTTP/2", count, BROWSER, http2=True) for size, count in SIZES.items()),
)
PARTS: dict[str, Callable[[Case], bool]] = {
    "plain": lambda case: not (case.tls or case.http2 or case.fresh or case.varied or case.sites > 1),
    "tls": lambda case: case.tls and not case.fresh and case.sites == 1,
    "h2": lambda case: case.http2,
    "varied": lambda case: case.varied,
    "new": lambda case: case.fresh,
    "sites": lambda case: case.sites > 1,
}
BESIDE: dict[str, Callable[[Case], Case]] = {
    "one page": lambda case: replace(case, sites=1),
    "as many pages": lambda case: replace(case, sites=1, pages=case.sites),
}
Costs = dict[str, Cost]  # by the server's name
QUICK = ("1 KB, bare", "10 KB, browser", "100 KB, bare", "1 MB, bare", "1 KB, new connections", "10 KB, browser, TLS")


@dataclass(frozen=True)
class Row:
    """What a case cost a server, with the ratio to the first server; of many sites, also to what is in `BESIDE`."""

    cost: Cost
    ratio: float
    beside: tuple[float, ...]


def main() -> None:
    """Run the rounds and print the table."""
    options = _options()
    cases = _cases(options)
    with tempfile.TemporaryDirectory(prefix="dropdock-bench-") as scratch, ExitStack() as stack:
        files = {f"{size}.html": size for size in SIZES.values()}
        sites = make_sites(Path(scratch), max(case.sites for case in cases), files)
        servers = [stack.enter_context({**SERVERS, **CREWS}[name](sites)) for name in options.servers.split(",")]
        if options.long:
            spent = (f"{server.start:.1f} s, {server.start_cpu:.1f} of CPU ({server.name})" for server in servers)
            print("started in " + "; ".join(spent))
        print(f"{'case':<26}" + "".join(f"{server.name + ' µs':>13}{'req/s':>9}{'ratio':>7}" for server in servers))
        for case in cases:
            _print_row(case, _measure(servers, sites, case, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="six cases, one round")
    parser.add_argument("--long", action="store_true", help="also with 10,000 sites")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--only", action="append", default=[], help="a part, or what is in the names of cases")
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--workers", action="store_const", dest="servers", const=",".join(CREWS))
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


def _cases(options: argparse.Namespace) -> tuple[Case, ...]:
    cases = tuple(case for case in CASES if case.name in QUICK) if options.quick else CASES
    if options.long:
        cases = (*cases, Case(f"{PAGE}, 10,000 sites", SIZES[PAGE], BROWSER, sites=LONG))
    chosen = tuple(case for case in cases if any(_is_meant(word, case) for word in options.only or [""]))
    if not chosen:
        raise SystemExit(f"no case is of the part {options.only[0]!r}, or has that in its name")
    return chosen


def _is_meant(word: str, case: Case) -> bool:
    return PARTS[word](case) if word in PARTS else word.lower() in case.name.lower()


def _measure(servers: list[Server], sites: Sites, case: Case, options: argparse.Namespace) -> dict[str, Row]:
    cases = (case, *(beside(case) for beside in BESIDE.values())) if case.sites > 1 else (case,)
    for server in servers:
        for each in cases:
            wake(server, sites, each)
    rounds = list[list[Costs]]()
    for number in range(options.rounds):
        order = servers if number % 2 else servers[::-1]
        rounds.append([{it.name: put_load(it, sites, each, options.seconds) for it in order} for each in cases])
    return {server.name: _row(server.name, servers[0].name, rounds) for server in servers}


def _row(name: str, first: str, rounds: list[list[Costs]]) -> Row:
    costs = [case[name] for case, *_ in rounds]
    cost = Cost(statistics.median(each.cpu for each in costs), statistics.median(each.rate for each in costs))
    ratio = statistics.median(case[name].cpu / case[first].cpu for case, *_ in rounds)
    others = zip(*([case[name].cpu / each[name].cpu for each in others] for case, *others in rounds), strict=True)
    return Row(cost, ratio, tuple(statistics.median(ratios) for ratios in others))


def _print_row(case: Case, rows: dict[str, Row]) -> None:
    columns = (f"{row.cost.cpu:>13.1f}{row.cost.rate:>9.0f}{row.ratio:>7.2f}" for row in rows.values())
    print(f"{case.name:<26}" + "".join(columns), flush=True)
    for what, ratios in zip(BESIDE, zip(*(row.beside for row in rows.values()), strict=True), strict=False):
        print(f"{'  beside ' + what:<26}" + "".join(f"{ratio:>29.2f}" for ratio in ratios), flush=True)


if __name__ == "__main__":
    main()

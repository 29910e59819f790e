"""What one request costs Dropdock, nginx and Caddy, each on one core of this machine.

    python -m tests.benchmarks.serve [--quick | --long] [--rounds N] [--seconds S] [--only WORD] [--servers a,b]
    python -m tests.benchmarks.serve --workers [...]

Prints CPU microseconds a request (user and system time of the server's process, from the operating system's
accounts), requests a second, and the ratio to nginx: medians of rounds in which the servers take turns, so that what
else the machine does meets them all. `--quick` ends within a minute; `--long` adds 10,000 sites. Judges nothing.

`--workers` compares Dropdock with one process and with two instead, none of them kept to a core: look at the requests a
second. The load has a core as well, so that on a machine with two the second process has only what the load leaves.
"""

import argparse
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.load import BROWSER, Case, Cost, put_load, wake
from tests.benchmarks.servers import CREWS, SERVERS, SIZES, Server, Sites, make_sites

MANY, LONG = 1_000, 10_000

CASES = (
    *(Case(f"{size}, bare", count, {}) for size, count in SIZES.items()),
    *(Case(f"{size}, browser", count, BROWSER) for size, count in SIZES.items()),
    *(Case(f"{size}, no head twice", SIZES[size], BROWSER, varied=True) for size in ("1 KB", "10 KB")),
    *(Case(f"{size}, new connections", SIZES[size], BROWSER, fresh=True) for size in ("1 KB", "10 KB")),
    *(Case(f"{size}, TLS", count, BROWSER, tls=True) for size, count in SIZES.items()),
    *(Case(f"{size}, HTTP/2", SIZES[size], BROWSER, http2=True) for size in ("1 KB", "10 KB")),
    Case("10 KB, 1,000 sites", SIZES["10 KB"], BROWSER, sites=MANY),
)
QUICK = tuple(case for case in CASES if case.name in {"1 KB, bare", "10 KB, browser", "100 KB, bare", "1 MB, bare"})


def main() -> None:
    """Run the rounds and print the table."""
    options = _options()
    cases = _cases(options)
    with tempfile.TemporaryDirectory(prefix="dropdock-bench-") as scratch, ExitStack() as stack:
        files = {f"{size}.html": size for size in SIZES.values()}
        sites = make_sites(Path(scratch), max(case.sites for case in cases), files)
        servers = [stack.enter_context({**SERVERS, **CREWS}[name](sites)) for name in options.servers.split(",")]
        print(f"{'case':<26}" + "".join(f"{server.name + ' µs':>13}{'req/s':>9}{'ratio':>7}" for server in servers))
        for case in cases:
            _print_row(case, _measure(servers, sites, case, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="four cases, one round")
    parser.add_argument("--long", action="store_true", help="also with 10,000 sites")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--only", default="", help="only cases with this in their name")
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--workers", action="store_const", dest="servers", const=",".join(CREWS))
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


def _cases(options: argparse.Namespace) -> tuple[Case, ...]:
    cases = QUICK if options.quick else CASES
    if options.long:
        cases = (*cases, Case("10 KB, 10,000 sites", SIZES["10 KB"], BROWSER, sites=LONG))
    chosen = tuple(case for case in cases if options.only in case.name)
    if not chosen:
        raise SystemExit(f"no case has {options.only!r} in its name")
    return chosen


def _measure(servers: list[Server], sites: Sites, case: Case, options: argparse.Namespace) -> dict[str, Cost]:
    for server in servers:
        wake(server, sites, case)
    rounds = [
        {server.name: put_load(server, sites, case, options.seconds) for server in servers}
        for _ in range(options.rounds)
    ]
    return {
        server.name: Cost(
            statistics.median(costs[server.name].cpu for costs in rounds),
            statistics.median(costs[server.name].rate for costs in rounds),
        )
        for server in servers
    }


def _print_row(case: Case, costs: dict[str, Cost]) -> None:
    first = next(iter(costs.values()))
    columns = (f"{cost.cpu:>13.1f}{cost.rate:>9.0f}{cost.cpu / first.cpu:>7.2f}" for cost in costs.values())
    print(f"{case.name:<26}" + "".join(columns), flush=True)


if __name__ == "__main__":
    main()

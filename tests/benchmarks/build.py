"""What optimising costs: an upload until it is live beside `unzip`, with and without, on a cold and a warm cache.

    python -m tests.benchmarks.build [--rounds N] [ARCHIVE.zip …]
    python -m tests.benchmarks.build --tools

Without archives it packs postgresql-doc-15 from its Debian package. In each round a fresh server gets the archive with
everything off, and one gets it with minifying and compressed forms on: first (cold), again (warm), and with one page
changed. `unzip` of the same archive is timed in the same round, also with a `sync` of the file system behind it, which
a deploy has and `unzip` has not. Beside the time stands what processors spent in all processes of the server, but for
what is made in the background: a busy machine changes that less; and of how many files something had to be made. With
`--tools` it compares the throughput of one core on lodash's, d3's and three's scripts with esbuild's, brotli's and
zstd's command lines. Prints medians; judges nothing.
"""

import argparse
import http.client
import re
import resource
import statistics
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

import psutil

from appliance.jobs import READY_AFTER
from tests.benchmarks.deploy import account, time_deploy, time_unzip
from tests.benchmarks.tools import compare
from tests.builders import served
from tests.real_sites import REAL_SITES, packed

SITE = "postgresql-doc-15"
ROUNDS = 5
OFF = {"DROPDOCK_VARIANTS": "false", "DROPDOCK_FORCE_MINIFY": "off"}
ON = {"DROPDOCK_VARIANTS": "true", "DROPDOCK_FORCE_MINIFY": "on", "DROPDOCK_BEST_VARIANTS": "true"}
CPU, MADE = ", processors", ", files made"
STEPS = ("unzip", "unzip and sync", "off", "cold", "warm", "one page changed")


def main() -> None:
    """Run the rounds and print the table."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        if options.tools:
            compare(Path(scratch), options.rounds)
            return
        [site] = [site for site in REAL_SITES if site.package == SITE]
        for archive in options.archives or [packed(site, Path(scratch))]:
            _print_table(archive, [_round(archive, Path(scratch)) for _ in range(options.rounds)])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--tools", action="store_true", help="compare with esbuild, brotli and zstd")
    parser.add_argument("archives", type=Path, nargs="*")
    return parser.parse_args()


def _round(archive: Path, scratch: Path) -> dict[str, float]:
    here = Path(tempfile.mkdtemp(dir=scratch))  # kept to the end: ext4 is slow to reuse what was just deleted
    before = _own_children()
    taken = {"unzip": time_unzip(archive, here / "unzipped")}
    taken["unzip" + CPU] = _own_children() - before
    taken |= _unzip_and_sync(archive, here / "synced")
    taken |= _times(here / "off", OFF, {"off": archive})
    changed = _with_a_page_changed(archive, here / "changed.zip")
    return taken | _times(here / "on", ON, {"cold": archive, "warm": archive, "one page changed": changed})


def _times(data: Path, environment: dict[str, str], uploads: dict[str, Path]) -> dict[str, float]:
    token = account(data)
    taken: dict[str, float] = {}
    with served(data, environment=environment, minify="site") as server:
        time.sleep(READY_AFTER + 3)  # presses have started and files lie ready, as on a server in use
        for name, archive in uploads.items():
            before, made = _family(server.process.pid), _made(server.port)
            taken[name] = time_deploy(archive, server.port, token, again=bool(taken))
            taken[name + CPU] = _family(server.process.pid) - before
            taken[name + MADE] = _made(server.port) - made
    return taken


def _unzip_and_sync(archive: Path, target: Path) -> dict[str, float]:
    before = _own_children()
    seconds = time_unzip(archive, target)
    began = time.perf_counter()
    subprocess.run(["sync", "--file-system", str(target)], check=True)
    return {
        "unzip and sync": seconds + time.perf_counter() - began,
        "unzip and sync" + CPU: _own_children() - before,
    }


def _made(port: int) -> float:
    """Of how many files something was made so far, for all that was found in the cache."""
    admin = http.client.HTTPConnection("localhost", port)
    admin.request("GET", "/metrics")
    told = admin.getresponse().read().decode()
    admin.close()
    found = re.search(r'^dropdock_cache_lookups_total\{outcome="miss"\} (\S+)', told, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _own_children() -> float:
    """Processor seconds of the processes this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _family(pid: int) -> float:
    """Processor seconds of the server and its children, but for what is made in the background."""
    server = psutil.Process(pid)
    used = 0.0
    for process in (server, *server.children(recursive=True)):
        try:
            if "refine" not in process.cmdline():
                times = process.cpu_times()
                used += times.user + times.system
        except psutil.NoSuchProcess:
            pass  # it ended between two looks
    return used


def _with_a_page_changed(archive: Path, target: Path) -> Path:
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as changed:
        for info in source.infolist():
            content = source.read(info)
            changed.writestr(info, content + b"<!-- -->" if info.filename == "index.html" else content)
    return target


def _print_table(archive: Path, rounds: list[dict[str, float]]) -> None:
    print(f"{archive.stem}: medians of {len(rounds)} rounds; ratios to unzip within each round")
    for step in STEPS:
        seconds = statistics.median(taken[step] for taken in rounds)
        ratios = sorted(taken[step] / taken["unzip"] for taken in rounds)
        spread = f"{statistics.median(ratios):6.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        spent = statistics.median(taken[step + CPU] for taken in rounds)
        work = statistics.median(taken[step + CPU] / taken["unzip" + CPU] for taken in rounds)
        made = (
            f"{statistics.median(taken[step + MADE] for taken in rounds):8.0f} made" if step + MADE in rounds[0] else ""
        )
        print(f"  {step:<18}{seconds:8.3f} s{spread:<26}{spent:8.3f} s{work:6.2f}{made}", flush=True)


if __name__ == "__main__":
    main()

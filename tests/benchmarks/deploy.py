"""How long an upload takes to be live, beside `unzip` of the same archive, and the memory the server needs for it.

    python -m tests.benchmarks.deploy [--rounds N] [--compress] [ARCHIVE.zip …]

Without archives it packs three real sites from Debian packages: developers-reference, postgresql-doc-15 and
openjdk-17-doc. In each round a fresh server with an empty store gets the archive once; the clock runs from the first
byte of the upload to the first byte of the live page. `unzip` unpacks it to an empty folder in the same round, and the
ratio is taken within the round. Compressed forms of the files are made only with `--compress`. Prints medians; judges
nothing.
"""

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from tests.builders import MAIN, served
from tests.real_sites import REAL_SITES, packed

SAMPLE_EVERY = 0.02  # seconds between looks at the server's memory
PIECE = 256 * 1024


@dataclass(frozen=True)
class Round:
    """One round: seconds of both, and by how many bytes the server and all its processes grew."""

    unzip: float
    live: float
    server_growth: int
    family_growth: int

    @property
    def ratio(self) -> float:
        return self.live / self.unzip


class MemoryWatch:
    """Samples the memory of a process and its children while the block runs."""

    def __init__(self, pid: int) -> None:
        self._server = psutil.Process(pid)
        self._stop = threading.Event()
        self._before = self._look()
        self._peak = self._before
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def growth(self) -> tuple[int, int]:
        """Bytes at the peak beyond those before: of the server, of server and children."""
        return self._peak[0] - self._before[0], self._peak[1] - self._before[1]

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_EVERY):
            now = self._look()
            self._peak = (max(self._peak[0], now[0]), max(self._peak[1], now[1]))

    def _look(self) -> tuple[int, int]:
        own = self._server.memory_info().rss
        return own, own + sum(child.memory_info().rss for child in self._server.children(recursive=True))


def main() -> None:
    """Run the rounds and print the table."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        print(f"{'archive':<24}{'files':>7}{'MB':>7}{'unzip s':>9}{'live s':>9}{'ratio':>7}", end="")
        print(f"{'server +MB':>12}{'all +MB':>9}")
        for archive in options.archives or [packed(site, Path(scratch)) for site in REAL_SITES]:
            rounds = [_round(archive, Path(scratch), compress=options.compress) for _ in range(options.rounds)]
            _print_row(archive, rounds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compress", action="store_true", help="make the compressed forms too")
    parser.add_argument("archives", type=Path, nargs="*")
    return parser.parse_args()


def _round(archive: Path, scratch: Path, *, compress: bool) -> Round:
    here = Path(tempfile.mkdtemp(dir=scratch))  # kept to the end: ext4 is slow to reuse what was just deleted
    unzip = time_unzip(archive, here / "unzipped")
    data = here / "data"
    token = account(data)
    environment = {"DROPDOCK_VARIANTS": "true" if compress else "false", "DROPDOCK_FORCE_MINIFY": "off"}
    with served(data, environment=environment) as server:
        time.sleep(1.0)  # the build child has started by then, as on a server that has run for a while
        with MemoryWatch(server.process.pid) as memory:
            live = time_deploy(archive, server.port, token)
    return Round(unzip, live, *memory.growth)


def time_unzip(archive: Path, target: Path) -> float:
    began = time.perf_counter()
    subprocess.run(["unzip", "-q", str(archive), "-d", str(target)], check=True)
    return time.perf_counter() - began


def account(data: Path) -> str:
    for command in (
        ["account", "create", "--email", "bench@example.org", "--role", "operator"],
        ["token", "create", "--account", "bench@example.org", "--name", "bench"],
    ):
        done = subprocess.run(
            [sys.executable, str(MAIN), *command, "--data", str(data)], check=True, capture_output=True, text=True
        )
    return done.stdout.strip()


def time_deploy(
    archive: Path,
    port: int,
    token: str,
    site: str = "bench",
    *,
    again: bool = False,
    accepted: Callable[[], object] = lambda: None,
) -> float:
    """Seconds from the first byte of the upload to the first byte of its live page; `again`: the site is there.

    `accepted` is called when the server has the upload.
    """
    admin = http.client.HTTPConnection("localhost", port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    if not again:
        admin.request("POST", "/api/v1/sites", json.dumps({"name": site}), headers)
        if (answer := admin.getresponse()).status != 201:
            raise SystemExit(answer.read().decode())
        answer.read()
    headers |= {"Content-Type": "application/zip", "Content-Length": str(archive.stat().st_size)}
    began = time.perf_counter()
    with archive.open("rb") as file:
        admin.request("POST", f"/api/v1/sites/{site}/deploys", iter(lambda: file.read(PIECE), b""), headers)
    deploy = json.loads(admin.getresponse().read())
    accepted()
    _wait_live(port, site, deploy["id"], token)
    taken = time.perf_counter() - began
    admin.close()
    return taken


def _wait_live(port: int, site: str, deploy: str, token: str) -> None:
    """Return once the site shows this deploy: its events say that it is ready, and a visitor gets a page.

    Asking again and again would have the server answer hundreds of requests of the API meanwhile.
    """
    admin, visitor = http.client.HTTPConnection("localhost", port), http.client.HTTPConnection("127.0.0.1", port)
    admin.request("GET", f"/api/v1/deploys/{deploy}/events", headers={"Authorization": f"Bearer {token}"})
    with admin.getresponse() as events:
        states = (json.loads(line[5:]).get("state") for line in events if line.startswith(b"data:"))
        if (ended := next((state for state in states if state in {"ready", "failed"}), None)) != "ready":
            raise SystemExit(f"{deploy} ended as {ended}")
    visitor.request("GET", "/", headers={"Host": f"{site}.localhost"})
    answer = visitor.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"{deploy} is ready, but its page answers {answer.status}")
    visitor.close()
    admin.close()


def _print_row(archive: Path, rounds: list[Round]) -> None:
    with zipfile.ZipFile(archive) as opened:
        infos = [info for info in opened.infolist() if not info.is_dir()]
    size = sum(info.file_size for info in infos) / 1e6
    unzip, live, ratio = (statistics.median(getattr(r, name) for r in rounds) for name in ("unzip", "live", "ratio"))
    server = max(r.server_growth for r in rounds) / 1e6
    family = max(r.family_growth for r in rounds) / 1e6
    measured = f"{unzip:>9.3f}{live:>9.3f}{ratio:>7.2f}{server:>12.0f}{family:>9.0f}"
    print(f"{archive.stem:<24}{len(infos):>7}{size:>7.0f}{measured}", flush=True)


if __name__ == "__main__":
    main()

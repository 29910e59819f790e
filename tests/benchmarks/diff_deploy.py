"""What it costs to deploy a site again of which little changed, beside sending all of it.

    python -m tests.benchmarks.diff_deploy [--rounds N]

Two cases. bootstrap-icons 1.13.1, then 1.13.2, from npm: 8 of 2,089 files differ. And 10,280 generated pages of which
one changes. In each round a fresh server has the first version live; then `dropdock deploy` sends the second, once as
a list of files and what is missing, once as one archive to another fresh server. The bytes are counted by a relay
between the two: everything the client sends, heads of requests included. Targets: at most the bytes of the changed
files and 120 for each path listed; one second for the first case, two for the second. Prints medians; judges nothing.
"""

import argparse
import contextlib
import io
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.cli import deploy as deploy_command
from main import main
from tests.builders import MAIN, served
from tests.cast import OLGA

PAGES = 10_280
BYTES_A_PATH = 120
PIECE = 64 * 1024
CACHE = Path(tempfile.gettempdir()) / "dropdock-benchmark-icons"


@dataclass(frozen=True)
class Case:
    """Two versions of a site: their folders, how many paths, and the bytes of what differs."""

    name: str
    before: Path
    after: Path
    paths: int
    changed_files: int
    changed_bytes: int


@dataclass(frozen=True)
class Cost:
    """Bytes that the client sent, and seconds until the deploy was live."""

    sent: int
    seconds: float


def icons() -> Case:
    """bootstrap-icons, fetched by npm once."""
    for version in ("1.13.1", "1.13.2"):
        target = CACHE / version
        if not target.is_dir():
            target.mkdir(parents=True)
            command = [
                "npm",
                "install",
                "--no-audit",
                "--no-fund",
                "--prefix",
                str(target),
                f"bootstrap-icons@{version}",
            ]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    folders = [CACHE / version / "node_modules" / "bootstrap-icons" for version in ("1.13.1", "1.13.2")]
    return _case("bootstrap-icons 1.13.1 to 1.13.2", *folders)


def pages(root: Path) -> Case:
    """Generated pages of which one changes."""
    before = root / "before"
    for number in range(PAGES):
        path = before / f"section-{number // 100:03d}" / f"page-{number:05d}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<!doctype html><title>{number}</title>" + f"<p>Paragraph {number} of the manual.</p>" * 60)
    after = root / "after"
    shutil.copytree(before, after, copy_function=os.link)
    changed = after / "section-050" / "page-05000.html"
    changed.unlink()
    changed.write_text("<!doctype html><title>changed</title>" + "<p>It says something else now.</p>" * 60)
    return _case(f"one of {PAGES:,} pages", before, after)


def measure(case: Case, *, whole: bool) -> Cost:
    """The cost of the second deploy, to a server that has the first one live."""
    with tempfile.TemporaryDirectory(prefix="dropdock-") as folder:
        data = Path(folder) / "data"
        token = _operator(data)
        with served(data, minify="site") as server, relay(server.port) as (port, sent):
            _deploy(server.port, token, case.before)
            began, before = time.monotonic(), sent()
            _deploy(port, token, case.after, whole=whole)
            return Cost(sent() - before, time.monotonic() - began)


@contextlib.contextmanager
def relay(port: int) -> Iterator[tuple[int, Callable[[], int]]]:
    """A port that leads to another, and how many bytes have gone there through it."""
    counted = [0]
    lock = threading.Lock()
    listening = socket.create_server(("127.0.0.1", 0))

    def copy(source: socket.socket, target: socket.socket, *, counts: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                if counts:
                    with lock:
                        counted[0] += len(piece)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection(("127.0.0.1", port))
                for source, target, counts in ((near, far, True), (far, near, False)):
                    threading.Thread(target=copy, args=(source, target), kwargs={"counts": counts}, daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield listening.getsockname()[1], lambda: counted[0]
    finally:
        listening.shutdown(socket.SHUT_RDWR)  # wakes the thread: it must not go on with the next relay's connections
        accepting.join()
        listening.close()


def _case(name: str, before: Path, after: Path) -> Case:
    def files(root: Path) -> dict[str, bytes]:
        return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    old, new = files(before), files(after)
    changed = [path for path, content in new.items() if old.get(path) != content]
    return Case(name, before, after, len(new), len(changed), sum(len(new[path]) for path in changed))


def _operator(data: Path) -> str:
    for words in (
        ["account", "create", "--email", OLGA.email, "--role", "operator", "--data", str(data)],
        ["token", "create", "--account", OLGA.email, "--name", "benchmark", "--data", str(data)],
    ):
        done = subprocess.run([sys.executable, str(MAIN), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _deploy(port: int, token: str, folder: Path, *, whole: bool = False) -> None:
    """In this process, so that no interpreter's start is in the figure."""
    words = ["deploy", str(folder), "--site", "bench", "--server", f"http://127.0.0.1:{port}", "--token", token]
    usual = deploy_command.sends_all
    deploy_command.sends_all = (lambda *_: True) if whole else usual
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
            status = main(words)
    finally:
        deploy_command.sends_all = usual
    if status != 0:
        raise SystemExit(said.getvalue())


def _report(case: Case, parts: list[Cost], wholes: list[Cost]) -> None:
    sent = round(statistics.median(cost.sent for cost in parts))
    target = case.changed_bytes + BYTES_A_PATH * case.paths
    seconds, whole_seconds = (statistics.median(cost.seconds for cost in costs) for costs in (parts, wholes))
    whole = round(statistics.median(cost.sent for cost in wholes))
    print(f"{case.name}: {case.changed_files} of {case.paths:,} files changed, {case.changed_bytes:,} bytes")
    print(f"  only what changed  {sent:>12,} bytes  {seconds:6.2f} s   (target {target:,} bytes)")
    print(f"  all of it          {whole:>12,} bytes  {whole_seconds:6.2f} s")
    print(f"  ratio              {sent / whole:>12.3f}        {seconds / whole_seconds:6.2f}")


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="dropdock-") as root:
        for case in (icons(), pages(Path(root))):
            parts = [measure(case, whole=False) for _ in range(rounds)]
            wholes = [measure(case, whole=True) for _ in range(rounds)]
            _report(case, parts, wholes)


if __name__ == "__main__":
    run()

"""A build stays within its bounds, ends when it must, and leaves nothing behind."""

import dataclasses
import secrets
import threading
import time
from pathlib import Path

import psutil
import pytest

from builds.errors import BuildError
from builds.sandbox import sockets
from builds.sandbox.ownership import remove
from builds.sandbox.values import Command
from builds.units import MB
from tests.builds.sandbox.bench import BOUNDS, PYTHON, Bench, running

SOON = 30.0  # seconds by which something has happened, however busy the machine is

# Whatever fails here must not take the machine with it: each of these is finite, at a size that any machine bears, and
# ends by itself within ten seconds or so. None is run where the bound it is about does not hold.
FORK_BOMB = """
import os, sys, time
for n in range(500):
    try:
        if not os.fork():
            time.sleep(10)
            os._exit(0)
    except OSError as error:
        print('stopped at', n, error.strerror, flush=True)
        sys.exit(3)
"""
MEMORY_BOMB = """
kept = []
for n in range(150):
    kept.append(bytearray(b'x') * 10_000_000)
"""
BOMBS_TOGETHER = """
import os, time
for _ in range(8):
    if not os.fork():
        kept = bytearray(b'x') * 100_000_000
        time.sleep(10)
time.sleep(10)
"""
FILLS_SOCKETS = """
import os, socket, time
deadline = time.monotonic() + 8
def pair():
    if FAMILY == 'unix':
        return socket.socketpair()
    with socket.create_server(('127.0.0.1', 0)) as server:
        return socket.create_connection(server.getsockname()), server.accept()[0]
kept, sent = [], 0
while sent < MOST and time.monotonic() < deadline:
    kept.append(pair())
    for end in kept[-1]:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_000_000)
        end.setblocking(False)
        try:
            for _ in range(1000):
                sent += end.send(b'x' * 32_768)
        except BlockingIOError:
            pass
time.sleep(2)
"""
FILLS_THE_DISK = {
    "a few large files": "for n in range(100): open(f'file{n}', 'wb').write(b'x' * 10_000_000)",
    "many small files": "for n in range(300_000): open(f'file{n}', 'wb').write(b'x')",
    "files nobody can see": """
kept = []
for n in range(100):
    kept.append(open('file', 'wb'))
    os.unlink('file')
    kept[-1].write(b'x' * 10_000_000)
    kept[-1].flush()
time.sleep(10)
""",
    "folders nobody can look into": """
os.mkdir('closed')
for n in range(100):
    open(f'closed/file{n}', 'wb').write(b'x' * 10_000_000)
    os.chmod('closed', 0)
    time.sleep(0.01)
    os.chmod('closed', 0o700)
""",
    "folders deeper than a path can be": """
for n in range(200):
    os.mkdir('d' * 200)
    os.chdir('d' * 200)
    open('file', 'wb').write(b'x' * 1_000_000)
""",
}


def test_a_fork_bomb_is_stopped(bubblewrap_bench: Bench) -> None:
    most = Most(bubblewrap_bench)

    outcome = bubblewrap_bench.python(FORK_BOMB)

    assert outcome.status == 3
    assert most.seen() <= BOUNDS.processes


def test_a_memory_bomb_is_stopped(bench: Bench) -> None:
    outcome = bench.python(MEMORY_BOMB)

    assert "MemoryError" in outcome.output or outcome.code == "too_much_memory"


def test_processes_share_one_bound_of_memory(bench: Bench) -> None:
    outcome = bench.python(BOMBS_TOGETHER)

    assert outcome.code == "too_much_memory"


def test_what_waits_in_sockets_counts_as_memory(bench: Bench) -> None:
    outcome = bench.python(FILLS_SOCKETS.replace("FAMILY", "'unix'").replace("MOST", "500_000_000"))

    assert outcome.code == "too_much_memory"


def test_a_build_cannot_use_up_what_all_of_the_machine_s_tcp_may_hold(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "tcp_most", lambda: 20 * MB)

    outcome = bench.python(FILLS_SOCKETS.replace("FAMILY", "'tcp'").replace("MOST", "60_000_000"))

    assert outcome.code == "too_much_memory"


@pytest.mark.parametrize("script", FILLS_THE_DISK.values(), ids=FILLS_THE_DISK.keys())
def test_a_disk_filler_is_stopped(script: str, bench: Bench) -> None:
    outcome = bench.python(f"import os, time\n{script}\n")

    remove(bench.workspace)  # pytest itself cannot, where folders are nested that deep
    assert outcome.code == "disk_quota"


def test_what_a_build_leaves_counts_however_quick_it_was(bubblewrap_bench: Bench) -> None:
    outcome = bubblewrap_bench.sh("fallocate -l 25M one && fallocate -l 25M other")

    assert outcome.code == "disk_quota"


def test_a_file_has_a_largest_size(bench: Bench) -> None:
    outcome = bench.python("open('large', 'wb').truncate(31_000_000)")

    assert outcome.status not in {0, None}


def test_every_process_has_the_limits_of_its_build(bench: Bench) -> None:
    outcome = bench.sh("ulimit -t; ulimit -n; ulimit -c", dataclasses.replace(BOUNDS, cpu_seconds=77, open_files=99))

    assert outcome.output.split() == ["77", "99", "0"]


def test_where_memory_runs_out_a_build_goes_first(bubblewrap_bench: Bench) -> None:
    assert bubblewrap_bench.sh("cat /proc/self/oom_score_adj").output.strip() == "1000"


@pytest.mark.parametrize("place", ["/", "/etc", "/run", "/dev", "/usr"])
def test_nothing_of_the_system_can_be_written_to(place: str, bench: Bench) -> None:
    outcome = bench.sh(f"echo x > {place}/new")

    assert outcome.status not in {0, None}, outcome


def test_its_own_temporary_folder_is_small(bench: Bench) -> None:
    outcome = bench.python("open('/tmp/large', 'wb').write(b'x' * 9_000_000)")

    assert "No space left" in outcome.output


def test_shared_memory_is_small(bench: Bench) -> None:
    outcome = bench.python(
        "for n in range(8): open(f'/dev/shm/{n}', 'wb').write(b'x' * 20_000_000)",  # each within `file_size`
    )

    assert "No space left" in outcome.output


def test_a_build_ends_on_time(bench: Bench) -> None:
    outcome = bench.sh("trap '' TERM INT HUP; sleep 60", dataclasses.replace(BOUNDS, seconds=0.5))

    assert outcome.code == "timed_out"


def test_a_build_can_be_cancelled(bench: Bench) -> None:
    threading.Timer(0.5, bench.cancelled.set).start()

    outcome = bench.sh("sleep 60")

    assert outcome.code == "cancelled"


def test_a_cancelled_build_does_not_begin(bench: Bench) -> None:
    bench.cancelled.set()

    outcome = bench.sh("touch begun")

    assert (outcome.code, list(bench.workspace.iterdir())) == ("cancelled", [])


@pytest.mark.parametrize("ending", ["true", "sleep 60", "exec 1>&- 2>&-; sleep 60"])
def test_nothing_outlives_a_build(ending: str, bench: Bench) -> None:
    marker = f"6{secrets.randbelow(10**9):09}"  # so many seconds it sleeps
    daemon = f"(setsid sh -c 'trap \"\" TERM HUP; sleep {marker}; :' &) & sleep 0.2; {ending}"

    bench.sh(daemon, dataclasses.replace(BOUNDS, seconds=2))

    assert running(marker) == []


def test_nothing_outlives_whoever_reads_the_output(bench: Bench) -> None:
    marker = f"6{secrets.randbelow(10**9):09}"
    command = Command(("sh", "-c", f"echo x; sleep {marker}"), bench.workspace, {}, (bench.workspace,))

    with pytest.raises(ZeroDivisionError):
        bench.sandbox.run(command, BOUNDS, lambda _: print(1 / 0), threading.Event())

    assert running(marker) == []


def test_an_exit_status_comes_back(bench: Bench) -> None:
    assert bench.sh("exit 42").status == 42


def test_a_signal_comes_back_as_a_status(bench: Bench) -> None:
    assert bench.sh("kill -9 $$").status == 128 + 9


def test_a_missing_program_is_named(bench: Bench) -> None:
    outcome = bench.run(("no-such-program",))

    assert outcome.status == 127
    assert "no-such-program" in outcome.output


def test_output_comes_while_the_build_runs(bench: Bench) -> None:
    came = threading.Event()
    command = Command(("sh", "-c", "echo now; sleep 60"), bench.workspace, {}, (bench.workspace,))
    cancelled = threading.Event()

    def say(piece: bytes) -> None:
        came.set()
        cancelled.set()

    with pytest.raises(BuildError):
        bench.sandbox.run(command, BOUNDS, say, cancelled)

    assert came.is_set()


def test_a_build_waits_for_whoever_reads_its_output(bubblewrap_bench: Bench) -> None:
    script = "import sys\nfor n in range(1000):\n print('x' * 10_000, flush=True)\n print(n, file=open('at', 'w'))"
    (bubblewrap_bench.workspace / "build.py").write_text(script)
    command = Command((PYTHON, "build.py"), bubblewrap_bench.workspace, {}, (bubblewrap_bench.workspace,))
    held_at: list[int] = []

    def say(piece: bytes) -> None:
        if not held_at:
            held_at.append(settled(bubblewrap_bench.workspace / "at"))

    bubblewrap_bench.sandbox.run(command, BOUNDS, say, threading.Event())

    assert held_at[0] < 50  # half a megabyte of ten: what the pipe holds


def test_the_end_of_output_beyond_its_bound_is_kept_in_whole_lines(bubblewrap_bench: Bench) -> None:
    bounds = dataclasses.replace(BOUNDS, output=1_000)

    outcome = bubblewrap_bench.sh("seq 1000 100000; echo the reason; exit 3", bounds)

    lines = outcome.output.splitlines()
    after = lines[next(number for number, line in enumerate(lines) if "build_output" in line) + 1 :]
    assert outcome.status == 3
    assert after[-1] == "the reason"
    assert after[:-1] == [str(number) for number in range(100001 - len(after) + 1, 100001)]
    assert len(outcome.output) < 20_000


def test_output_beyond_its_bound_is_left_out(bubblewrap_bench: Bench) -> None:
    outcome = bubblewrap_bench.sh("yes | head -c 5000000", dataclasses.replace(BOUNDS, output=1_000_000))

    assert (outcome.status, outcome.output[:1_000_000].count("y"), outcome.output.count("build_output")) == (
        0,
        500_000,
        1,
    )


def test_a_secret_stands_on_no_command_line(bubblewrap_bench: Bench) -> None:
    secret = secrets.token_hex(16)
    bubblewrap_bench.environment = {"TOKEN": secret}
    seen: list[str] = []
    command = Command(
        ("sh", "-c", "echo; sleep 0.3"), bubblewrap_bench.workspace, {"TOKEN": secret}, (bubblewrap_bench.workspace,)
    )

    bubblewrap_bench.sandbox.run(command, BOUNDS, lambda _: seen.extend(running(secret) or ["none"]), threading.Event())

    assert set(seen) == {"none"}


def settled(file: Path) -> int:
    """The number in the file once it no longer changes."""
    last, deadline = -1, time.monotonic() + SOON
    while time.monotonic() < deadline:
        time.sleep(0.3)
        now = int(file.read_text() or -1) if file.exists() else -1
        if now == last and now >= 0:
            break
        last = now
    return last


class Most:
    """Counts, in a thread, the processes that run a bench's program; the most there were at a time."""

    def __init__(self, bench: Bench) -> None:
        self._over = threading.Event()
        self._most = 0
        self._command = [PYTHON, bench.program]
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def seen(self) -> int:
        self._over.set()
        self._thread.join()
        return self._most

    def _count(self) -> None:
        while not self._over.wait(0.05):
            lines = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
            self._most = max(self._most, lines.count(self._command))

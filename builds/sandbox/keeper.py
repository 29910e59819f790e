"""Runs one command without namespaces and ends what it leaves behind: `internal keep`.

It takes a process of its own: one that orphans are handed to, and whose limits the command inherits.
"""

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from builds.sandbox import family, layers, seccomp
from builds.sandbox.limits import limit_itself
from builds.sandbox.started import Launch, Started

SUBREAPER, DEATH_SIGNAL = 36, 1  # PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG in linux/prctl.h
ROUNDS = 1_000  # looks for who is left; those found are stopped and start no more, so that there is an end
DYING = 5.0  # seconds that killed processes may take


@dataclass(frozen=True, slots=True)
class Order:
    """What to run. `writable` and `readable` are all the paths that Landlock leaves it; both None: all there are."""

    argv: tuple[str, ...]
    folder: str
    environment: Mapping[str, str]
    limits: Mapping[str, int]
    network: bool
    writable: tuple[str, ...] | None = None
    readable: tuple[str, ...] | None = None

    def written(self) -> bytes:
        """As `main` reads it."""
        return json.dumps(asdict(self)).encode()


class _Ended(BaseException):
    """The server wants it to end, or is gone."""


def main(order: str) -> int:
    """Do what stands in the file descriptor `order`; the exit status of the command."""
    with os.fdopen(int(order), "rb") as written:
        wanted = Order(**json.load(written))
    signal.signal(signal.SIGTERM, _end)
    if sys.platform == "linux":
        _adopt()
    limit_itself(wanted.limits)
    try:
        return _run(wanted)
    except _Ended:
        return 128 + signal.SIGKILL
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end_descendants()
        _await_children()


def end_descendants() -> None:
    """End every process that descends from this one."""
    found = {os.getpid()}
    for _ in range(ROUNDS):
        new = set(family.of(os.getpid())) - found
        if not new:
            break
        found |= new
        for pid in new:
            _signal(pid, signal.SIGSTOP)
    for pid in found - {os.getpid()}:
        _signal(pid, signal.SIGKILL)


def _run(wanted: Order) -> int:
    launch = Launch(
        wanted.argv, sys.stdout.fileno(), environment=wanted.environment, prepare=lambda: _prepare(wanted), group=True
    )
    try:
        started = Started(launch)
    except OSError as error:
        print(f"{wanted.argv[0]}: {error.strerror}", flush=True)  # noqa: T201 - the build's own output
        return 127
    while (status := started.wait(60)) is None:
        pass
    started.kill()  # its process group: all that can be found where there is no /proc
    return status


def _prepare(wanted: Order) -> None:
    os.chdir(wanted.folder)
    if wanted.writable is not None and wanted.readable is not None:
        writable, readable = list(map(Path, wanted.writable)), list(map(Path, wanted.readable))
        layers.give_up_files(writable, readable, network=wanted.network)
        if program := seccomp.compiled():
            layers.give_up_calls(program)


def _adopt() -> None:
    """Have orphans handed over, and be told when the thread that started this process is gone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(SUBREAPER, 1, 0, 0, 0) or libc.prctl(DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def _await_children() -> None:
    """Nobody is left when this returns, but who does not die."""
    deadline = time.monotonic() + DYING
    try:
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.005)
    except ChildProcessError:
        pass  # that is how there being none is said


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it ended meanwhile


def _end(_number: int, _frame: FrameType | None) -> None:
    raise _Ended

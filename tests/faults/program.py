"""The program with one fault in it: `program.py POINT KIND WHEN 0 words…` is `main.py words…` until the fault comes.

It comes at the named point (tests/faults/points.py) once the file WHEN is there, after as many calls as that says:
`kill` ends the server without warning, `enospc` and `eio` are what the disk says. Each comes once; the file is gone
then. The server's children are started with the same fault, since some points are theirs, and with the process id of
the server instead of 0: that is what a kill ends.
"""

import errno
import functools
import os
import signal
import sys
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import main as program
from tests.faults.points import Point, named

KINDS = ("kill", "enospc", "eio")
THE_CHILDS = ("builds.", "appliance.storage.blobs:")  # where the places are that a build child comes to


def command(point: str, kind: str, when: Path, server: int = 0) -> list[str]:
    """What starts the program with this fault, which comes once `arm` says so."""
    return [sys.executable, str(Path(__file__).resolve()), point, kind, str(when), str(server)]


def arm(when: Path, after: int = 0) -> None:
    """Let the fault come, after so many calls."""
    beside = when.with_suffix(".part")
    beside.write_text(str(after))
    beside.replace(when)


def _put(point: Point, kind: str, when: Path, server: int) -> None:
    owner, name = point.owner()
    usual = getattr(owner, name)
    calls = count()

    @functools.wraps(usual)
    def faulty(*arguments: Any, **options: Any) -> Any:
        if _is_due(when, calls):
            _strike(kind, server)
        return usual(*arguments, **options)

    setattr(owner, name, faulty)


def _is_due(when: Path, calls: "count[int]") -> bool:
    try:
        after = int(when.read_text())
        if next(calls) < after:
            return False
        when.unlink()  # of several threads and processes, one
    except FileNotFoundError:
        return False
    return True


def _strike(kind: str, server: int) -> None:
    if kind != "kill":
        number = {"enospc": errno.ENOSPC, "eio": errno.EIO}[kind]
        raise OSError(number, os.strerror(number))
    if server in {os.getpid(), os.getppid()}:  # else it has ended already, and the number may be another's
        os.kill(server, signal.SIGKILL)


def main(point: str, kind: str, when: str, server: str, *words: str) -> int:
    """Run the program with the fault in it."""
    is_child = words[:1] == ("internal",)
    itself = command(point, kind, Path(when), int(server) or os.getpid())
    program._itself = lambda: itself
    if not is_child or named(point).place.startswith(THE_CHILDS):
        _put(named(point), kind, Path(when), int(server) or os.getpid())
    return program.main(list(words))


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))

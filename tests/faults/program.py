"""The program with faults in it: `program.py POINTS KIND WHEN 0 words…` is `main.py words…` until a fault comes.

A fault comes at one of the named points (tests/faults/points.py; several with commas between) once the file WHEN is
there, after as many calls as that says, at the point and of the kind that it names, or else at the one and of the kind
given: `kill` ends the server without warning, `child` a build child, `enospc` and `eio` are what the disk says. Each
comes once; the file is gone then. The server's children are started with the same faults, since some points are
theirs, and with the process id of the server instead of 0: that is what a kill ends.
"""

import errno
import functools
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import main as program
from tests.faults.points import Point, named

KINDS = ("kill", "child", "enospc", "eio")
THE_CHILDS = ("builds.", "appliance.storage.blobs:")  # where the places are that a build child comes to
_armed = count()


def command(points: str | Iterable[str], kind: str, when: Path, server: int = 0) -> list[str]:
    """What starts the program with faults at these points, each of which comes once `arm` says so."""
    names = points if isinstance(points, str) else ",".join(points)
    return [sys.executable, str(Path(__file__).resolve()), names, kind, str(when), str(server)]


def arm(when: Path, after: int = 0, point: str = "", kind: str = "") -> None:
    """Let a fault come, after so many calls."""
    beside = when.with_suffix(".part")
    beside.write_text(f"{after} {point or '-'} {kind or '-'} {next(_armed)}")
    beside.replace(when)


class _Fault:
    """What a point does from now on before the function that stands there."""

    def __init__(self, point: Point, kind: str, when: Path, server: int, *, is_child: bool) -> None:
        self._point = point
        self._kind = kind
        self._when = when
        self._server = server
        self._is_child = is_child
        self._calls: Counter[str] = Counter()

    def put(self) -> None:
        """From now on it may come."""
        owner, name = self._point.owner()
        usual = getattr(owner, name)

        @functools.wraps(usual)
        def faulty(*arguments: Any, **options: Any) -> Any:
            kind = self._due()
            if kind is not None:
                self._strike(kind)
            return usual(*arguments, **options)

        setattr(owner, name, faulty)

    def _due(self) -> str | None:
        """The kind of fault that comes now; None as a rule."""
        try:
            said = self._when.read_text()
            after, point, kind, _ = said.split()
            kind = self._kind if kind == "-" else kind
            if point not in {"-", self._point.name} or (kind == "child" and not self._is_child):
                return None
            self._calls[said] += 1
            if self._calls[said] <= int(after):
                return None
            self._when.unlink()  # of several threads and processes, one
        except FileNotFoundError:
            return None
        return kind

    def _strike(self, kind: str) -> None:
        if kind == "child":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind != "kill":
            number = {"enospc": errno.ENOSPC, "eio": errno.EIO}[kind]
            raise OSError(number, os.strerror(number))
        if self._server in {os.getpid(), os.getppid()}:  # else it has ended already, and the number may be another's
            os.kill(self._server, signal.SIGKILL)


def main(points: str, kind: str, when: str, server: str, *words: str) -> int:
    """Run the program with the faults in it."""
    is_child = words[:1] == ("internal",)
    itself = command(points, kind, Path(when), int(server) or os.getpid())
    program._itself = lambda: itself
    for point in map(named, points.split(",")):
        if not is_child or point.place.startswith(THE_CHILDS):
            _Fault(point, kind, Path(when), int(server) or os.getpid(), is_child=is_child).put()
    return program.main(list(words))


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))

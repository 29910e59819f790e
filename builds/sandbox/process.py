"""A plain process with limits: what is left where nothing isolates."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from builds.sandbox import family, layers, limits, system
from builds.sandbox.itself import internal
from builds.sandbox.keeper import Order
from builds.sandbox.memory_files import memory_file
from builds.sandbox.proof import Unusable, first_proven
from builds.sandbox.running import follow
from builds.sandbox.scratch import scratch
from builds.sandbox.started import Launch, Started
from builds.sandbox.values import Bounds, Command, Say, Wishes

DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "pts", "shm"))
LOOKED_UP = tuple(
    f"/etc/{name}"
    for name in ("passwd", "group", "hosts", "host.conf", "nsswitch.conf", "resolv.conf", "gai.conf", "services")
)
OUTER: Mapping[str, str] = {"PATH": system.PATH, "LANG": "C.UTF-8"}
DROP = ("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--")
GRACE = 5.0  # seconds the keeper gets to end what is left before it is ended itself


@dataclass(frozen=True, slots=True)
class Process:
    """Runs commands as the server's own user, held by limits and, where the kernel has it, by Landlock.

    Not promised: that the network is filtered; that memory and processes are counted before the next look at them;
    without Landlock, that a build keeps to its files, or that nothing outlives it that ends its keeper first.
    """

    landlock: bool
    setpriv: str | None = None  # takes root's rights from a build
    name: str = "process"
    isolated: bool = False

    @property
    def about(self) -> str:
        """What holds a build."""
        held = (
            "held by limits, and by Landlock to their own files and off TCP while they run"
            if self.landlock
            else "held by limits only, and can read whatever the server can"
        )
        return f"Builds are not isolated: they are plain processes of the server's own user, {held}."

    def run(self, command: Command, bounds: Bounds, say: Say, cancelled: threading.Event) -> int:
        """As `Sandbox.run`."""
        with scratch() as temporary:
            own, only = {**system.BASIC, "HOME": str(temporary)}, {"TMPDIR": str(temporary)}  # /tmp is not a build's
            environment = {**own, **command.environment, **only}
            command = replace(command, environment=environment, writable=(*command.writable, temporary))

            def start(output: int) -> _Running:
                with memory_file(self._order(command, bounds).written()) as order:
                    launch = Launch(internal("keep", str(order)), output, (order,), OUTER, group=True)
                    return _Running(Started(launch))

            return follow(start, command, bounds, say, cancelled)

    def _order(self, command: Command, bounds: Bounds) -> Order:
        own = limits.of(bounds)
        own["nproc"] = limits.at_most("nproc", bounds.processes + family.threads_of_this_user())
        drop = (self.setpriv, *DROP) if self.setpriv else ()
        order = Order((*drop, *command.argv), str(command.folder), command.environment, own, command.network)
        if not self.landlock:
            return order
        writable = [*command.writable, *_here(DEVICES)]
        readable = [*command.readable, *system.shown(), *(path for path, _ in system.top()), *_here(LOOKED_UP)]
        return replace(order, writable=_texts(writable), readable=_texts([*readable, Path("/proc")]))


def usable(wishes: Wishes) -> Process:
    """The form that works here. Raises Unusable."""
    if wishes.require_isolation:
        raise Unusable("its builds are not isolated, which require_isolation forbids.")
    if os.geteuid() == 0:  # the system's limit on processes does not hold for root: one build could stop the machine
        raise Unusable("a build would be root: run the server as an ordinary user.")
    return first_proven([Process(layer) for layer in ([True, False] if layers.abi() else [False])])


class _Running:
    """A command and its keeper."""

    def __init__(self, keeper: Started) -> None:
        self.root = keeper.pid
        self._keeper = keeper

    def wait(self, seconds: float) -> int | None:
        """As `Running.wait`: the keeper ends last."""
        return self._keeper.wait(seconds)

    def kill(self) -> None:
        """As `Running.kill`."""
        self._keeper.ask_to_end()
        if self._keeper.wait(GRACE) is None:
            self._keeper.kill()


def _here(paths: tuple[str, ...]) -> list[Path]:
    return [path for path in map(Path, paths) if path.exists()]


def _texts(paths: list[Path]) -> tuple[str, ...]:
    return tuple(str(path) for path in paths if path.exists())

"""bubblewrap: a build in namespaces of its own, with a read-only system, no network and no rights."""

import json
import os
import shutil
import signal
import threading
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from builds.sandbox import layers, proxy, seccomp, system, view, within
from builds.sandbox.destinations import Reach
from builds.sandbox.limits import limited
from builds.sandbox.memory_files import memory_file
from builds.sandbox.ownership import hand_over
from builds.sandbox.proof import Unusable, first_proven
from builds.sandbox.running import follow
from builds.sandbox.started import Launch, Started
from builds.sandbox.uids import own_uid
from builds.sandbox.values import Bounds, Command, Say, Wishes

INSTALL = "install the packages bubblewrap and util-linux"
TOOLS = ("bwrap", "prlimit", "setpriv", "choom", "sh")
SCRIPT = "/run/environment"
OUTER = {"PATH": system.PATH, "LANG": "C.UTF-8"}  # what bubblewrap itself sees: nothing of the build's, it may be root
LAST_RESORT = 5.0  # seconds that bubblewrap may take to notice that its child was killed


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Runs commands under `bwrap`, found with its helpers in `tools`.

    With `uid`, which takes root, the build has a user id of its own on the whole machine: limits count for it alone,
    and files that others may not read are closed to it even if it could see them. Without, it has the server's user
    id in a user namespace, in which it may nothing.
    """

    tools: Mapping[str, str]
    uid: int | None
    reach: Reach
    landlock: bool
    name: str = "bubblewrap"
    isolated: bool = True

    @property
    def about(self) -> str:
        """What holds a build."""
        who = "under a user id of their own" if self.uid is not None else "under the server's user id"
        return (
            f"Builds are isolated by bubblewrap: in namespaces of their own, {who}, without rights, with a read-only "
            f"system and no network but a filtered one while fetching{self._beside}."
        )

    @property
    def _beside(self) -> str:
        """What else the kernel holds a build by."""
        if seccomp.compiled():
            return ", by seccomp and Landlock too" if self.landlock else ", by seccomp too"
        return ", by Landlock too" if self.landlock else ""

    def run(self, command: Command, bounds: Bounds, say: Say, cancelled: threading.Event) -> int:
        """As `Sandbox.run`."""
        if command.network:
            command = replace(command, environment={**proxy.environment(within.ADDRESS), **command.environment})
        if self.uid is not None:
            hand_over(command.writable, self.uid)
        with ExitStack() as until_end:

            def start(output: int) -> _Running:
                running = self._start(command, bounds, output, until_end)
                until_end.callback(running.close)
                if command.network:
                    listener = until_end.enter_context(closing(within.of(running.root)))
                    until_end.enter_context(proxy.serving(listener, self.reach))
                running.go()
                return running

            return follow(start, command, bounds, say, cancelled)

    def _start(self, command: Command, bounds: Bounds, output: int, until_end: ExitStack) -> "_Running":
        """The command, held back until it is told to go."""
        gate, opener = _pipe(until_end)
        given = self._given(command, until_end)
        denied = [until_end.enter_context(memory_file(program)) for program in (seccomp.compiled(),) if program]
        told, tell = os.pipe()
        until_end.callback(os.close, told)
        argv = [
            *(self.tools["bwrap"], *view.namespaces(own_uid=self.uid is not None)),
            *view.files(command, bounds, given),
            *("--info-fd", str(tell), "--block-fd", str(gate)),
            *(part for descriptor in denied for part in ("--seccomp", str(descriptor))),
            *("--", *self._confined(command, bounds)),
        ]
        prepare = layers.give_up_others if self.landlock else None
        try:
            started = Started(Launch(argv, output, (*given.values(), *denied, tell, gate), OUTER, prepare))
        finally:
            os.close(tell)
        return _Running(started, _first_process(told), opener)

    def _given(self, command: Command, until_end: ExitStack) -> dict[str, int]:
        """The files that are in the sandbox only, as file descriptors."""
        texts = system.made(os.getuid() if self.uid is None else self.uid)
        texts[SCRIPT] = system.script(command.environment, command.folder)
        return {path: until_end.enter_context(memory_file(text.encode())) for path, text in texts.items()}

    def _confined(self, command: Command, bounds: Bounds) -> list[str]:
        """The command as the last of a chain that gives up what it must, and only then sees its own environment."""
        become = [] if self.uid is None else ["--reuid", str(self.uid), "--regid", str(self.uid), "--clear-groups"]
        return [
            *(self.tools["choom"], "-n", "1000", "--"),  # where memory runs out, the build goes first
            *limited(bounds, self.tools["prlimit"]),
            *(self.tools["setpriv"], *become, "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"),
            *(self.tools["sh"], "-c", f'. {SCRIPT}; exec "$@"', "sh", *command.argv),
        ]


def usable(wishes: Wishes) -> Bubblewrap:
    """The best form that works here. Raises Unusable."""
    tools = {name: shutil.which(name) for name in TOOLS}
    missing = [name for name, path in tools.items() if path is None]
    if missing:
        raise Unusable(f"{' and '.join(missing)} not found: {INSTALL}.")
    found = {name: path for name, path in tools.items() if path is not None}
    landlock = layers.abi() >= layers.SCOPES
    reach = Reach(wishes.reach)
    uid = _uid(wishes) if os.geteuid() == 0 else None  # the system's limit on processes does not hold for root
    return first_proven([Bubblewrap(found, uid, reach, layer) for layer in ([True, False] if landlock else [False])])


def _uid(wishes: Wishes) -> int:
    first, last = wishes.uids
    uid = own_uid(first, last)
    if uid is None:
        raise Unusable(f"every user id from {first} to {last} is taken: widen build_uids.")
    return uid


class _Running:
    """A command in its namespaces. With their first process all of them end, which is what `kill` rests on."""

    def __init__(self, started: Started, first: int | None, opener: int) -> None:
        self.root = first
        self._started = started
        self._opener = opener
        self._first = None if first is None else _handle(first)

    def go(self) -> None:
        """Let it begin."""
        try:
            os.write(self._opener, b"1")
        except BrokenPipeError:
            pass  # bubblewrap could not set up what it was asked to; it said why, and ends

    def wait(self, seconds: float) -> int | None:
        """As `Running.wait`: bubblewrap ends after everything in the namespaces has."""
        return self._started.wait(seconds)

    def kill(self) -> None:
        """As `Running.kill`."""
        if self._first is None:
            self._started.kill()
            return
        try:
            signal.pidfd_send_signal(self._first, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself

    def close(self) -> None:
        """End it and wait for that."""
        self.kill()
        if self._started.wait(LAST_RESORT) is None:
            self._started.kill()
        if self._first is not None:
            os.close(self._first)


def _first_process(told: int) -> int | None:
    """The id, outside, of the first process in the namespaces; None where there are none, as bubblewrap gave up."""
    text = b""
    while piece := os.read(told, 4096):
        text += piece
        if text.rstrip().endswith(b"}"):
            return int(json.loads(text)["child-pid"])
    return None


def _handle(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None  # gone already


def _pipe(until_end: ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        until_end.callback(os.close, end)
    return ends

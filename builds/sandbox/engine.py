"""A container engine by its command line: starts a container, ends it, and clears up what a killed server left."""

import hashlib
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from builds.sandbox.family import PROC
from builds.sandbox.started import Launch, Started

OWNER = "dropdock.owner"  # a label: the process that the container is for, and when that began
PLACE = "dropdock.place"  # a label: where that process can be looked for
MACHINE = (Path("/etc/machine-id"), PROC / "sys" / "kernel" / "random" / "boot_id")
START_SECONDS = 60.0
COMMAND_SECONDS = 60.0
LATE = 30.0  # seconds after which nobody comes any more to end a container whose time is over
LOOK = 0.02  # seconds between looks whether it has started
# The container's first process. It waits for the script, which sets the environment, until everything around is ready;
# then it keeps reading: when its input ends, whoever started it is gone, and with it goes the build.
FIRST = """
script=
while IFS= read -r line && [ "$line" != "$0" ]; do script="$script$line
"; done
exec 3<&0 < /dev/null
unset HOSTNAME TERM container  # the engine's; variables of the image stay
eval "$script"
"$@" 3<&- &
build=$!
{ read -r _ <&3; kill -KILL -1; } > /dev/null 2>&1 &
wait "$build"
exit "$?"
"""


@dataclass(frozen=True, slots=True)
class Run:
    """A command, the options of its container, and the most seconds it takes: its follower ends it after these."""

    argv: Sequence[str]
    options: Sequence[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Engine:
    """`podman` or `docker`, at `path`."""

    name: str
    path: str

    def start(self, run: "Run", image: str, output: int, folder: Path) -> "Contained":
        """A container in which everything is ready and nothing has begun. Raises BuildError.

        The engine runs in `folder`, in which it may leave files (conmon does when memory ran out): nobody else's.
        """
        name, word = f"dropdock-{uuid.uuid4().hex}", f"#{uuid.uuid4().hex}"
        reading, writing = os.pipe()
        command = [
            *(self.path, "run", "--rm", "--interactive", f"--name={name}"),
            *(f"--label={OWNER}={_this_process()}", f"--label={PLACE}={_place()}"),
            *("--stop-signal=KILL", "--pull=never", "--log-driver=none", *self._own(run.seconds), *run.options),
            *("--entrypoint=/bin/sh", image, "-c", FIRST, word, *run.argv),
        ]
        try:
            started = Started(Launch(command, output, environment=_environment(), stdin=reading, folder=folder))
        except BaseException:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        return Contained(self, name, started, writing, word)

    def first_process(self, name: str) -> int | None:
        """The id of the container's first process where the engine runs; None while it has none."""
        done = self._do("inspect", "--format={{.State.Pid}}", name)
        text = done.stdout.decode(errors="replace").strip()
        return int(text) if text.isdigit() and int(text) else None

    def end(self, name: str) -> None:
        """End the container and everything in it, at once; harmless where there is none.

        Podman first sends the container's stop signal and gives it ten seconds: it is KILL, see `start`.
        """
        self._do("rm", "--force", name)

    def sweep(self) -> None:
        """End the containers of servers that were killed before they could.

        Of those only whose processes can be seen from here: an engine may be shared with other machines, containers
        and users, and what they have started would look as if nobody had it any more.
        """
        ours = f"--filter=label={PLACE}={_place()}"
        listed = self._do("ps", "--all", ours, "--format={{.Names}}").stdout.decode().split()
        for name in listed:
            shown = self._do("inspect", f'--format={{{{index .Config.Labels "{OWNER}"}}}}', name)
            if not _is_alive(shown.stdout.decode(errors="replace").strip()):
                self.end(name)

    def _own(self, seconds: float) -> list[str]:
        """What only Podman knows; above all to end by itself a build whose server is gone, and that ended its watch."""
        if self.name != "podman":
            return []
        return [
            f"--timeout={int(seconds + LATE)}",
            "--http-proxy=false",
            *(["--userns=keep-id"] if os.geteuid() else []),
        ]

    def _do(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(  # noqa: S603 - the operator's container engine
            [self.path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_environment(),
            cwd="/",
            timeout=COMMAND_SECONDS,
            check=False,
        )


class Contained:
    """A command in its container."""

    def __init__(self, engine: Engine, name: str, client: Started, lifeline: int, word: str) -> None:
        self._engine = engine
        self._name = name
        self._client = client
        self._lifeline = lifeline
        self._word = word
        found = self._await_start()
        self.root = found if found is not None and _says(found, word) else None

    def _await_start(self) -> int | None:
        deadline = time.monotonic() + START_SECONDS
        while self._client.wait(LOOK) is None and time.monotonic() < deadline:
            if found := self._engine.first_process(self._name):
                return found
        return None

    def go(self, script: str) -> None:
        """Let it begin, with the environment that the script sets."""
        try:
            os.write(self._lifeline, f"{script}{self._word}\n".encode())
        except BrokenPipeError:
            pass  # the engine could not start it; it said why, and ends

    def wait(self, seconds: float) -> int | None:
        """As `Running.wait`: the engine's client ends after the container."""
        return self._client.wait(seconds)

    def kill(self) -> None:
        """As `Running.kill`."""
        if self._client.wait(0) is None:
            self._engine.end(self._name)

    def close(self) -> None:
        """End it and wait for that."""
        self._engine.end(self._name)
        if self._client.wait(COMMAND_SECONDS) is None:
            self._client.kill()
        os.close(self._lifeline)


def _environment() -> Mapping[str, str]:
    """The engine's own: where it keeps its containers, and which daemon it asks. None of it is the build's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DROPDOCK_")}


def _says(pid: int, word: str) -> bool:
    """Whether the word is on the process's command line: the engine may run on another machine, or in a virtual one."""
    try:
        return word.encode() in (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def _this_process() -> str:
    return f"{os.getpid()}-{_began(os.getpid())}"


def _place() -> str:
    """Names the processes that this one can see and tell apart: those of its user, on this machine, in its namespace.

    Of the machine's own id only a digest is shown, as machine-id(5) asks for. Where there is none it is the boot's.
    """
    seen = (_machine(), _namespace(), str(os.geteuid()))
    return hashlib.sha256("\0".join(seen).encode()).hexdigest()[:32]


def _machine() -> str:
    for path in MACHINE:
        try:
            if name := path.read_text().strip():
                return name
        except OSError:
            pass
    return socket.gethostname()


def _namespace() -> str:
    try:
        return str((PROC / "self" / "ns" / "pid").readlink())
    except OSError:
        return ""


def _is_alive(owner: str) -> bool:
    pid, _, began = owner.partition("-")
    return pid.isdigit() and began == _began(int(pid))


def _began(pid: int) -> str:
    """When a process began, in ticks since the machine did: its id may be another's by now."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "ended"

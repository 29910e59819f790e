"""A place to run hostile projects in, and what came of them."""

import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from builds.errors import BuildError
from builds.sandbox.values import Bounds, Command, Sandbox
from builds.units import MB

PYTHON = "/usr/bin/python3"
BOUNDS = Bounds(seconds=60, processes=64, memory=400 * MB, workspace=40 * MB, temporary=8 * MB, file_size=30 * MB)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended: its status, or the code of the BuildError; and what it printed."""

    status: int | None
    code: str
    output: str


@dataclass(slots=True)
class Bench:
    """Runs commands in one workspace of one sandbox."""

    sandbox: Sandbox
    workspace: Path
    bounds: Bounds = BOUNDS
    environment: Mapping[str, str] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)
    program: str = field(default_factory=lambda: f"build-{secrets.token_hex(8)}.py")  # no other bench's, in `running`

    def sh(self, script: str, bounds: Bounds | None = None, *, network: bool = False) -> Outcome:
        return self.run(("/bin/sh", "-c", script), bounds, network=network)

    def python(self, script: str, bounds: Bounds | None = None) -> Outcome:
        (self.workspace / self.program).write_text(script, encoding="utf-8")
        return self.run((PYTHON, self.program), bounds)

    def run(self, argv: tuple[str, ...], bounds: Bounds | None = None, *, network: bool = False) -> Outcome:
        said = bytearray()
        command = Command(argv, self.workspace, self.environment, (self.workspace,), network=network)
        try:
            status = self.sandbox.run(command, bounds or self.bounds, said.extend, self.cancelled)
        except BuildError as error:
            return Outcome(None, error.code, said.decode(errors="replace"))
        return Outcome(status, "", said.decode(errors="replace"))


def running(marker: str) -> list[str]:
    """The command lines with the marker in them, of processes that are alive."""
    return [" ".join(line) for line in _command_lines() if any(marker in word for word in line)]


def _command_lines() -> Iterator[list[str]]:
    for process in psutil.process_iter(["cmdline", "status"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE:
            yield process.info["cmdline"] or []

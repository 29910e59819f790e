"""The plain values of a sandbox: a command, its bounds, and what every backend promises."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Protocol

from builds.units import GB, MB

UIDS = (65_000, 65_499)  # reserved by Debian's policy: no package and no account is given one of them

Say = Callable[[bytes], None]
"""Takes output as it comes, in pieces of at most 64 KiB. While it blocks, the command can write no more."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command and the whole world it gets.

    `folder` is where it runs, in one of the others. `writable` folders belong to the command from then on: they are
    given to its user, and nothing in them may be trusted, or shared with anything else by hard links. `readable` are
    files and folders beside the system's own `/usr`. Each is found inside where it is outside. Nothing else of the
    machine is there, and `environment` is the whole environment. `network` lets it reach public addresses over HTTP
    and HTTPS, for fetching dependencies; without it there is no network at all.
    """

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    writable: tuple[Path, ...]
    readable: tuple[Path, ...] = ()
    network: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one command may use. Sizes are bytes, lengths of time seconds; each is the setting `build_…`."""

    seconds: float = 15 * 60  # by the clock
    memory: int = 2 * GB  # of all its processes
    processes: int = 512  # threads count
    cpu_seconds: int = 30 * 60  # of one process
    file_size: int = 1 * GB
    workspace: int = 4 * GB  # everything under `writable`
    temporary: int = 512 * MB  # of its own /tmp
    open_files: int = 4096
    output: int = 50 * MB  # what it prints beyond that is thrown away


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator wants of the sandbox: the settings `sandbox`, `sandbox_image`, `require_isolation` …

    `uids` is the first and the last user id a build may be run under where the server is root. `reach` are networks
    that are not public but may be reached while fetching, such as the one of a package registry of one's own.
    """

    backend: str = "auto"  # or bubblewrap, container, process
    image: str = ""
    require_isolation: bool = False
    uids: tuple[int, int] = UIDS
    reach: tuple[IPv4Network | IPv6Network, ...] = ()


class Sandbox(Protocol):
    """Runs commands within bounds. Usable from several threads.

    `about` is one sentence that says what holds a build; where nothing isolates it, it says "not isolated".
    """

    @property
    def name(self) -> str:
        """`bubblewrap`, `container` or `process`."""
        ...

    @property
    def isolated(self) -> bool:
        """Whether a build sees nothing of the machine but what it is given."""
        ...

    @property
    def about(self) -> str:
        """What holds a build, in one sentence for the operator: a log has `name` and `isolated`."""
        ...

    def run(self, command: Command, bounds: Bounds, say: Say, cancelled: threading.Event) -> int:
        """Run to the end; its exit status, 128 + n where signal n ended it. Nothing it started is left then.

        Raises BuildError: `timed_out`, `cancelled`, `too_much_memory`, `too_many_processes`, `disk_quota`, `disk_full`,
        or `sandbox_failed` where the sandbox itself could not be set up.
        """
        ...

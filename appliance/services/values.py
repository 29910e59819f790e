"""What a service manager is told of Dropdock."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LOW_PORTS = 1024  # those below it only root may listen on, or who has the right to
FINAL = (2, 78)  # endings that starting again cannot change: an option, or a setting, that there is not
STOP_SECONDS = 15  # `stop_grace`, and what a build under way needs to be ended


@dataclass(frozen=True, slots=True)
class Service:
    """The program as a service: its command, the user it runs as, its settings file, its data folder.

    `low_port` says that it listens on a port below 1024; `writes` are the folders outside of
    `data` that its settings have it write to, `reads` the files that they have it read.
    """

    command: tuple[str, ...]
    user: str
    config: Path
    data: Path
    low_port: bool
    writes: tuple[Path, ...] = ()
    reads: tuple[Path, ...] = ()

    @property
    def start(self) -> tuple[str, ...]:
        """The command that serves."""
        return (*self.command, "serve", "--config", str(self.config), "--data", str(self.data))


Commands = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Manager:
    """A service manager: where the service's file stands, what is in it, and the commands that make it so.

    `platform` is how `sys.platform` begins where it is at home; `config` and `data` are where things belong there.
    `refuse` says in a sentence why a service could not work, or nothing; `present` fails where the manager does not
    run this machine.
    """

    platform: str
    path: Path
    config: Path
    data: Path
    text: Callable[[Service], str]
    install: Commands  # after the file is written
    remove: Commands  # before it is taken away
    status: tuple[str, ...]
    stop: Commands  # for a while, such as to update the program
    start: Commands
    present: Commands = ()  # before anything is made
    prepare: Callable[[Service], Commands] = lambda _: ()  # before it is written
    refuse: Callable[[Service], str] = lambda _: ""

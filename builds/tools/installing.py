"""Runs the installers of PyPI and npm in a sandbox, with the network and one folder to write to."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from builds.recipe import Argv
from builds.sandbox.values import Bounds, Command, Sandbox
from builds.tools.kit import Kit

PIP = {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1", "PYTHONUTF8": "1"}
NPM = {"npm_config_fund": "false", "npm_config_audit": "false", "npm_config_update_notifier": "false", "CI": "true"}
SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
NONE: Mapping[str, str] = {}
KEPT_OUTPUT = 8192  # bytes of what a program printed that are looked at


@dataclass(frozen=True, slots=True)
class Installing:
    """What installers run with. `say` takes lines for the build's log.

    `dressed` adds what the operator's registries need (addresses, certificates, tokens) to a command that fetches.
    """

    sandbox: Sandbox
    bounds: Bounds
    say: Callable[[str], None]
    cancelled: threading.Event
    dressed: Callable[[Command], Command] = lambda command: command

    def fetch(
        self,
        argv: Argv,
        kit: Kit,
        *writable: Path,
        start: Path | None = None,
        variables: Mapping[str, str] = NONE,
    ) -> bool:
        """Run an installer; whether it ended well. Raises BuildError.

        Its home, and where it runs unless `start` says otherwise, is the first of the folders it may write to.
        `variables` are the site's, and may change all but where things are.
        """
        environment = {**NPM, **PIP, **variables, **surroundings(writable[0], kit)}
        command = Command(argv, start or writable[0], environment, writable, kit.readable, network=True)
        return self.sandbox.run(self.dressed(command), self.bounds, self._log, self.cancelled) == 0

    def ask(self, argv: Argv, folder: Path, kit: Kit, *writable: Path) -> tuple[int, str]:
        """Run a program without network; its status and the beginning of what it printed. Raises BuildError."""
        said: list[bytes] = []

        def listen(piece: bytes) -> None:
            if sum(map(len, said)) < KEPT_OUTPUT:
                said.append(piece)

        home = writable[0] if writable else folder
        command = Command(argv, home, surroundings(home, kit), writable, (*kit.readable, folder))
        status = self.sandbox.run(command, self.bounds, listen, self.cancelled)
        return status, b"".join(said)[:KEPT_OUTPUT].decode(errors="replace")

    def _log(self, piece: bytes) -> None:
        for line in piece.decode(errors="replace").splitlines():
            self.say(line)


def surroundings(home: Path, kit: Kit) -> Mapping[str, str]:
    """The variables that every program needs, with the kit's programs before the system's."""
    path = ":".join([*map(str, kit.path), *SYSTEM_PATH])
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", **kit.environment}

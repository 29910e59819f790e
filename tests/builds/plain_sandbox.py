"""Where tests of tools and generators run commands: a plain process with a time-out, isolated from nothing."""

import os
import re
import signal
import subprocess
import threading
from dataclasses import dataclass, field, replace

from builds.sandbox.values import Bounds, Command, Say

# What says on this machine where packages come from, as the operator's own configuration does for the server.
REGISTRIES = re.compile(
    r"(?:PIP|UV|NPM_CONFIG)_.*|npm_config_.*|(?:SSL|NODE_EXTRA_CA|REQUESTS_CA|CURL_CA)_.*|\w+_proxy", re.IGNORECASE
)


@dataclass
class PlainSandbox:
    """A `Sandbox` that remembers its commands."""

    name: str = "plain"
    isolated: bool = False
    about: str = "Tests only: not isolated."
    ran: list[Command] = field(default_factory=list)

    def run(self, command: Command, bounds: Bounds, say: Say, cancelled: threading.Event) -> int:
        assert not cancelled.is_set()
        self.ran.append(command)
        process = subprocess.Popen(
            command.argv,
            cwd=command.folder,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = threading.Timer(bounds.seconds, os.killpg, (process.pid, signal.SIGKILL))
        deadline.start()
        try:
            assert process.stdout is not None
            with process.stdout as output:
                for line in output:
                    say(line)
            return process.wait()
        finally:
            deadline.cancel()


def dressed(command: Command) -> Command:
    """The command with what this machine's registries need."""
    registries = {name: value for name, value in os.environ.items() if REGISTRIES.fullmatch(name)}
    return replace(command, environment={**command.environment, **registries})

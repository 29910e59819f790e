"""A machine on which Dropdock was installed in one of the ways that need no checkout."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.builders import Served, served
from tests.cast import OLGA


class Machine:
    """Somebody's machine with nothing on its PATH, and the executable in a folder of theirs."""

    def __init__(self, executable: Path, home: Path) -> None:
        self.home = home
        self.program = (str(executable),)
        self.environment = {"PATH": "", "HOME": str(home)}

    def dropdock(self, *arguments: str, said: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.program, *arguments],
            input=said,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


class Operator:
    """Olga at her terminal, with the executable serving."""

    def __init__(self, machine: Machine, data: Path, server: Served) -> None:
        self.machine, self.server = machine, server
        made = machine.dropdock("token", "create", "--account", OLGA.email, "--name", "exe", "--data", str(data))
        self.token = made.stdout.strip()

    def dropdock(self, *arguments: str) -> str:
        done = self.machine.dropdock(*arguments, DROPDOCK_SERVER=self.server.url, DROPDOCK_TOKEN=self.token)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def get(self, label: str, path: str = "/") -> str:
        host = f"{label}.localhost:{self.server.port}"
        return httpx.get(f"http://127.0.0.1:{self.server.port}{path}", headers={"Host": host}).raise_for_status().text


@contextmanager
def serving(machine: Machine, **environment: str) -> Iterator[Operator]:
    """Olga's server, with more in its environment."""
    data = machine.home / "data"
    account = ("account", "create", "--email", OLGA.email, "--role", "operator", "--password-stdin")
    made = machine.dropdock(*account, "--data", str(data), said=OLGA.password + "\n")
    assert made.returncode == 0, made.stderr
    environment |= machine.environment
    with served(data, environment=environment, program=machine.program, minify="site") as server:
        yield Operator(machine, data, server)

"""A machine on which an executable stands, and a list of releases to update it from."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from appliance.services import MANAGERS
from appliance.version import VERSION
from tests.builders import MAIN
from tests.cli.conftest import Outcome, Run
from tests.origin import KEY, Origin, public, served_releases


def program(version: str, script: str = "") -> bytes:
    """A stand-in for an executable of a version: this program, which says another one of itself."""
    says = f'[ "$1" = version ] && {{ echo "dropdock {version}"; exit; }}'
    return f'#!/bin/sh\n{says}\n{script}\nexec {sys.executable} {MAIN} "$@"\n'.encode()


@pytest.fixture
def origin() -> Iterator[Origin]:
    with served_releases() as made:
        yield made


@dataclass
class Installed:
    """A machine on which an executable stands, with a data folder."""

    path: Path
    data: Path
    program: Run
    origin: Origin
    patch: pytest.MonkeyPatch
    old: bytes = field(default_factory=lambda: program(VERSION))

    def update(self, *options: object, data: Path | None = None) -> Outcome:
        with self.patch.context() as patch:  # in this process, as if it were the executable's
            patch.setattr(sys, "frozen", True, raising=False)
            patch.setattr(sys, "executable", str(self.path))
            return self.program("update", "--data", data or self.data, *options)

    def is_as_it_was(self) -> bool:
        return self.path.read_bytes() == self.old and [*self.path.parent.iterdir()] == [self.path]


@pytest.fixture
def installed(tmp_path: Path, run: Run, origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Installed:
    made = Installed(tmp_path / "bin/dropdock", tmp_path / "data", run, origin, monkeypatch)
    made.path.parent.mkdir()
    made.path.write_bytes(made.old)
    made.path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DROPDOCK_UPDATE_INDEX", f"{origin.url}/releases.json")
    monkeypatch.setenv("DROPDOCK_UPDATE_KEY", public(KEY))
    for manager in MANAGERS:
        absent = replace(MANAGERS[manager], path=tmp_path / "no-service")
        monkeypatch.setitem(MANAGERS, manager, absent)
    return made

"""What a container engine leaves where it runs is nobody's: not the server's folder, not the build's."""

import threading
import time
from pathlib import Path

import pytest

from builds.errors import BuildError
from builds.sandbox.container import Container
from builds.sandbox.destinations import Reach
from builds.sandbox.engine import Engine
from builds.sandbox.values import Bounds, Command
from tests.builds.sandbox.bench import BOUNDS, Bench
from tests.builds.sandbox.conftest import PODMAN
from tests.builds.sandbox.test_bounds import MEMORY_BOMB

AT_ONCE = 5.0  # seconds; half of what Podman gives to whoever does not listen when told to end


@pytest.fixture
def server_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the server, which is empty."""
    folder = tmp_path / "server"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def container_that_leaves(name: str, folder: Path, status: int = 3) -> Container:
    """A container of an engine that says where it runs, leaves a file of this name there, and ends."""
    engine = folder / "engine"
    engine.write_text(f"#!/bin/sh\npwd\ntouch {name}\nexit {status}\n")
    engine.chmod(0o755)
    return Container(Engine("docker", str(engine)), "image", 65_000, Reach(()))


def test_an_engine_runs_in_a_folder_of_its_own(server_folder: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    said = bytearray()
    command = Command(("true",), workspace, {}, (workspace,))

    status = container_that_leaves("left", tmp_path).run(command, Bounds(), said.extend, threading.Event())

    place = Path(said.decode().strip())
    assert (status, list(server_folder.iterdir()), list(workspace.iterdir())) == (3, [], [])
    assert place.is_absolute()
    assert not place.exists()


@pytest.mark.parametrize("status", [3, 0])
def test_what_podman_leaves_when_memory_has_run_out_is_understood(
    server_folder: Path, tmp_path: Path, status: int
) -> None:
    """Also where what was ended for it is not missed by who started it: what it was to make is."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    command = Command(("true",), workspace, {}, (workspace,))

    with pytest.raises(BuildError, match="build_memory"):
        container_that_leaves("oom", tmp_path, status).run(command, Bounds(), lambda _: None, threading.Event())

    assert list(server_folder.iterdir()) == []


@pytest.mark.parametrize("isolated", [PODMAN], indirect=True)
def test_a_build_that_runs_out_of_memory_leaves_no_file_with_the_server(server_folder: Path, bench: Bench) -> None:
    outcome = bench.python(MEMORY_BOMB)

    assert outcome.status != 0
    assert list(server_folder.iterdir()) == []


@pytest.mark.parametrize("isolated", [PODMAN], indirect=True)
def test_a_build_that_is_cancelled_gets_no_time_to_end_in(bench: Bench) -> None:
    called_off: list[float] = []

    def call_off(_: bytes) -> None:
        called_off.append(time.time())
        bench.cancelled.set()

    ticks = Command(
        ("sh", "-c", "while date +%s | tee -a at; do sleep 0.1; done"), bench.workspace, {}, (bench.workspace,)
    )
    with pytest.raises(BuildError, match="cancelled"):
        bench.sandbox.run(ticks, BOUNDS, call_off, bench.cancelled)

    last = int((bench.workspace / "at").read_text().split()[-1])
    assert last - called_off[0] < AT_ONCE

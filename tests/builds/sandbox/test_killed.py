"""A build ends with whoever started it, even where that is killed without a word."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builds.sandbox import layers
from tests.builds.sandbox.bench import running
from tests.builds.sandbox.conftest import BUBBLEWRAP, PODMAN, SHARED_USER, workspace

ROOT = Path(__file__).resolve().parents[3]
SOON = 60.0  # seconds by which it has ended, however busy the machine is
SCRIPT = """
import sys, threading
from pathlib import Path
from builds.sandbox.process import Process
from builds.sandbox.values import Bounds, Command
from tests.builds.sandbox.conftest import make

name, folder, marker = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
sandbox = Process({landlock}, {setpriv!r}) if name == "process" else make(name)
script = f"(setsid sleep {{marker}} &) & echo begun; sleep {{marker}}"
command = Command(("sh", "-c", script), folder, {{}}, (folder,))
sandbox.run(command, Bounds(seconds=60), lambda piece: print(piece.decode(), flush=True), threading.Event())
"""


@pytest.mark.parametrize("name", [BUBBLEWRAP, SHARED_USER, PODMAN, "process"])
def test_a_killed_server_leaves_no_build(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if name == "container":
        request.getfixturevalue("image")
    marker = f"6{secrets.randbelow(10**9):09}"  # so many seconds it sleeps
    setpriv = shutil.which("setpriv") if os.geteuid() == 0 else None
    script = SCRIPT.format(landlock=layers.abi() >= layers.FILES, setpriv=setpriv)
    kill_once_begun(script, name, workspace(tmp_path), marker)

    assert await_end(marker) == []


@pytest.mark.parametrize("name", [PODMAN])
def test_a_build_that_stops_who_watches_for_its_server_ends_with_its_time(
    name: str, tmp_path: Path, image: None
) -> None:
    marker = f"6{secrets.randbelow(10**9):09}"
    script = SCRIPT.format(landlock=False, setpriv=None).replace("seconds=60", "seconds=10")
    hostile = script.replace(
        "echo begun", "for n in 2 3 4 5 6 7 8 9; do test $n = $$ || kill -STOP $n 2>&-; done; echo begun"
    )
    kill_once_begun(hostile, name, workspace(tmp_path), marker)

    assert await_end(marker) == []


def kill_once_begun(script: str, name: str, folder: Path, marker: str) -> None:
    """Kill a server whose build has begun."""
    server = subprocess.Popen([sys.executable, "-c", script, name, folder, marker], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == b"begun\n"
    finally:
        server.kill()
        server.communicate()


def await_end(marker: str) -> list[str]:
    deadline = time.monotonic() + SOON
    while (left := running(marker)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left

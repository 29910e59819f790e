"""Whose containers a start ends, by a container engine that others use, too."""

import subprocess
import sys
from pathlib import Path

import pytest

from builds.sandbox.engine import OWNER, PLACE, Engine

ROOT = Path(__file__).resolve().parents[3]
HERE = """
from builds.sandbox import engine
print(engine._this_process(), engine._place())
"""
# What Podman and Docker answer to the questions that are asked of them; each file in `containers` has one's labels.
ENGINE = """#!/bin/sh
cd {folder}/containers
case "$1" in
ps)
    for arg; do case "$arg" in --filter=label=*) wanted=${{arg#--filter=label=}} ;; esac; done
    grep -l -x -e "$wanted" -e "$wanted=.*" -- * ;;
inspect) for name; do :; done; sed -n 's/^{owner}=//p' "$name" ;;
rm) for name; do :; done; rm -- "$name" ;;
esac
"""


class Shared:
    """An engine with containers of several servers."""

    def __init__(self, folder: Path) -> None:
        self.containers = folder / "containers"
        self.containers.mkdir()
        program = folder / "podman"
        program.write_text(ENGINE.format(folder=folder, owner=OWNER))
        program.chmod(0o755)
        self.engine = Engine("podman", str(program))

    def add(self, name: str, owner: str, place: str) -> None:
        (self.containers / name).write_text(f"{OWNER}={owner}\n{PLACE}={place}\n")

    def left(self) -> set[str]:
        return {path.name for path in self.containers.iterdir()}


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    return Shared(tmp_path)


def of_a_process(*within: str) -> tuple[str, str]:
    """The labels of a process that is over, and that may have run in a namespace of its own."""
    done = subprocess.run([*within, sys.executable, "-c", HERE], cwd=ROOT, capture_output=True, text=True, check=True)
    owner, place = done.stdout.split()
    return owner, place


def test_the_containers_of_a_killed_server_are_ended(shared: Shared) -> None:
    shared.add("killed", *of_a_process())

    shared.engine.sweep()

    assert shared.left() == set()


def test_the_containers_of_a_server_that_runs_stay(shared: Shared) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", f"{HERE}\nimport sys; sys.stdout.flush(); input()"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        owner, place = server.stdout.readline().split()
        shared.add("running", owner, place)

        shared.engine.sweep()
        server.communicate("\n")

    assert shared.left() == {"running"}


@pytest.mark.needs("bubblewrap")
def test_what_a_server_has_started_whose_processes_cannot_be_seen_stays(shared: Shared) -> None:
    elsewhere = ("bwrap", "--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc")
    shared.add("unseen", *of_a_process(*elsewhere))

    shared.engine.sweep()

    assert shared.left() == {"unseen"}

"""A plain process is held to its bounds too, as far as that can be promised without namespaces."""

import dataclasses
import os
import secrets
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from builds.sandbox import layers
from builds.sandbox.ownership import remove
from builds.sandbox.process import Process
from builds.units import MB
from tests.builds.sandbox.bench import BOUNDS, Bench, running
from tests.builds.sandbox.conftest import workspace
from tests.builds.sandbox.test_bounds import BOMBS_TOGETHER, FILLS_THE_DISK, MEMORY_BOMB
from tests.faults.disks import small_disk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orphans are found in /proc")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A server that is root never uses it. Tests may, but for what the system does not hold root to: processes."""
    setpriv = shutil.which("setpriv") if os.geteuid() == 0 else None
    return Bench(Process(layers.abi() >= layers.FILES, setpriv), workspace(tmp_path))


@pytest.mark.parametrize("ending", ["true", "sleep 60"])
def test_a_daemon_does_not_outlive_its_build(ending: str, bench: Bench) -> None:
    marker = f"6{secrets.randbelow(10**9):09}"  # so many seconds it sleeps

    bench.sh(
        f"(setsid sh -c 'trap \"\" TERM HUP; sleep {marker}; :' &) & sleep 0.2; {ending}",
        dataclasses.replace(BOUNDS, seconds=2),
    )

    assert running(marker) == []


def test_a_build_ends_on_time(bench: Bench) -> None:
    assert bench.sh("trap '' TERM; sleep 60", dataclasses.replace(BOUNDS, seconds=0.5)).code == "timed_out"


def test_a_memory_bomb_is_ended(bench: Bench) -> None:
    outcome = bench.python(MEMORY_BOMB)

    assert "MemoryError" in outcome.output or outcome.code == "too_much_memory"


def test_processes_share_one_bound_of_memory(bench: Bench) -> None:
    assert bench.python(BOMBS_TOGETHER).code == "too_much_memory"


def test_a_disk_filler_is_ended(bench: Bench) -> None:
    assert bench.python(FILLS_THE_DISK["a few large files"]).code == "disk_quota"


def test_a_disk_that_is_full_is_told_apart_from_a_build_that_wrote_too_much(bench: Bench, tmp_path: Path) -> None:
    filler = "import time\nfor n in range(150):\n    open(str(n), 'wb').write(b'x' * 200_000)\n    time.sleep(0.05)\n"
    with small_disk(tmp_path / "disk", 247) as disk:  # 259 MB
        full = replace(bench, workspace=workspace(disk.root))

        by_the_disk = full.python(filler)
        remove(full.workspace)
        full.workspace.mkdir()
        by_its_bound = full.python(filler, replace(BOUNDS, workspace=1 * MB))

    assert (by_the_disk.code, by_its_bound.code) == ("disk_full", "disk_quota")


def test_its_temporary_folder_goes_with_it(bench: Bench) -> None:
    outcome = bench.sh('touch "$TMPDIR/left"; echo "$TMPDIR"')

    assert not Path(outcome.output.strip()).exists()


def test_a_build_that_is_told_of_another_temporary_folder_has_its_own_all_the_same(bench: Bench) -> None:
    told = replace(bench, environment={"TMPDIR": "/tmp"})  # noqa: S108 - what builds in bubblewrap have

    outcome = told.sh('echo "$TMPDIR"; touch "$TMPDIR/written"')

    assert outcome.status == 0
    assert outcome.output.strip() != "/tmp"  # noqa: S108 - as above


def test_a_missing_program_is_named(bench: Bench) -> None:
    outcome = bench.run(("no-such-program",))

    assert outcome.status == 127
    assert "no-such-program" in outcome.output


@pytest.mark.skipif(layers.abi() < layers.FILES, reason="the kernel has no Landlock")
def test_seccomp_keeps_a_build_from_system_calls_that_it_does_not_need(bench: Bench) -> None:
    outcome = bench.python("import ctypes, sys\nsys.exit(ctypes.CDLL(None).ptrace(0, 0, 0, 0))")

    assert outcome.status == 255  # -1: it was denied


@pytest.mark.skipif(layers.abi() < layers.FILES, reason="the kernel has no Landlock")
def test_landlock_keeps_a_build_to_its_files(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("untouched", encoding="utf-8")

    outcome = bench.sh(f"cat {tmp_path}/secret.key")

    assert (outcome.status, "untouched" in outcome.output) == (1, False)

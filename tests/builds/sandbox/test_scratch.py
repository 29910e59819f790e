"""A sandbox's folders in the temporary folder: swept when their process is gone, and only then."""

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from builds.sandbox.scratch import PREFIX, scratch, sweep

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
from builds.sandbox.scratch import scratch

with scratch() as folder:
    (folder / "file").touch()
    print(folder, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def hold(temporary: Path) -> tuple["subprocess.Popen[str]", Path]:
    """A process that has a folder until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_has_stays(temporary: Path) -> None:
    dead, left = hold(temporary)
    living, used = hold(temporary)
    with dead, living:
        dead.kill()
        dead.wait()
        before = (left.exists(), used.exists())

        sweep()

        assert before == (True, True)
        assert (left.exists(), (used / "file").exists()) == (False, True)
        living.communicate("\n")
    assert list(temporary.iterdir()) == []


def test_a_sweep_leaves_alone_what_only_looks_like_a_sandboxs(temporary: Path) -> None:
    kept = temporary / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (temporary / f"{PREFIX}link").symlink_to(kept)
    (temporary / f"{PREFIX}file").touch()

    sweep()

    assert (kept / "file").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="takes root to give a folder away")
def test_a_sweep_leaves_alone_what_is_another_users(temporary: Path) -> None:
    other = temporary / f"{PREFIX}other"
    other.mkdir()
    os.chown(other, 65_432, 65_432)

    sweep()

    assert other.exists()


def test_no_sweep_takes_a_folder_between_its_making_and_its_use() -> None:
    over = threading.Event()

    def sweeping() -> None:
        while not over.is_set():
            sweep()

    beside = threading.Thread(target=sweeping)
    beside.start()
    try:
        for _ in range(50):
            with scratch() as folder:
                (folder / "file").touch()
    finally:
        over.set()
        beside.join()

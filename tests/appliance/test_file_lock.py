"""A lock belongs to one process and ends with it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.file_lock import FileLock, Held

HOLD = """
import sys
from pathlib import Path
from appliance.file_lock import FileLock
FileLock(Path(sys.argv[1])).take()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def test_only_one_holds_a_lock(path: Path) -> None:
    first, second = FileLock(path), FileLock(path)
    first.take()

    with first, pytest.raises(Held) as held:
        second.take()

    assert held.value.pid == os.getpid()


def test_a_lock_given_back_can_be_taken(path: Path) -> None:
    first, second = FileLock(path), FileLock(path)
    first.take()
    first.release()
    first.release()

    second.take()

    assert second.holder() == os.getpid()
    second.release()
    assert second.holder() is None


def test_a_lock_never_taken_has_no_holder(path: Path) -> None:
    assert FileLock(path).holder() is None
    assert not path.exists()


def test_a_lock_ends_with_its_process_even_if_that_is_killed(path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    lock = FileLock(path)

    with other:
        with pytest.raises(Held, match=f"process {other.pid}"):
            lock.take(wait=0.1)
        assert lock.holder() == other.pid
        other.kill()

    lock.take()
    lock.release()


def test_a_lock_file_with_nonsense_in_it_still_locks(path: Path) -> None:
    first, second = FileLock(path), FileLock(path)
    first.take()
    path.write_text("nonsense")

    with first, pytest.raises(Held, match="another process") as held:
        second.take()

    assert held.value.pid is None


def test_the_holder_may_be_unknown(path: Path) -> None:
    lock = FileLock(path)
    lock.take()
    path.write_text("")

    with lock:
        assert lock.holder() == 0

"""What a build has on disk is counted whatever it does to the folders meanwhile, and counting holds up nothing else."""

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from builds.errors import BuildError
from builds.sandbox import quota
from builds.sandbox.quota import Excess, Quota
from builds.sandbox.refusals import cancelled_build
from builds.units import MB
from tests.builds.sandbox.bench import BOUNDS, Bench


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def _every_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two files there is always a look at everything else."""
    monkeypatch.setattr(quota, "MEANWHILE", 1)


def exceeds(folder: Path, most: int, meanwhile: Callable[[], None] = lambda: None) -> bool:
    return Quota((folder,), most, lambda _device: 0, meanwhile).is_exceeded_in_the_end()


def test_a_folder_that_becomes_a_link_meanwhile_is_not_followed(workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "large").write_bytes(b"x" * 2 * MB)
    (workspace / "inner").mkdir()

    def swap() -> None:
        if not (workspace / "inner").is_symlink():
            (workspace / "inner").rmdir()
            (workspace / "inner").symlink_to(outside)

    assert not exceeds(workspace, MB, swap)


def test_a_file_counts_once_however_many_names_it_has(workspace: Path) -> None:
    (workspace / "file").write_bytes(b"x" * MB)
    for number in range(20):
        os.link(workspace / "file", workspace / str(number))

    assert (exceeds(workspace, MB // 2), exceeds(workspace, 2 * MB)) == (True, False)


def test_counting_ends_where_it_is_too_much(workspace: Path) -> None:
    for number in range(500):
        (workspace / str(number)).touch()
    looks = iter(range(1_000))

    assert exceeds(workspace, 20 * quota.ENTRY, lambda: print(next(looks)))
    assert next(looks) < 100  # two looks, of some twenty files each


def test_folders_without_a_file_are_too_much_where_they_are_nested_too_deep(workspace: Path) -> None:
    home = os.open(workspace, os.O_RDONLY)
    for _ in range(quota.DEEPEST + 1):
        os.mkdir("n", dir_fd=home)
        inner = os.open("n", os.O_RDONLY, dir_fd=home)
        os.close(home)
        home = inner
    os.close(home)

    assert exceeds(workspace, 100 * MB)


def test_a_build_that_uses_up_the_files_of_a_file_system_exceeds_it(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not os.statvfs(workspace).f_files:
        pytest.skip("this file system does not count its files")
    monkeypatch.setattr(quota, "LEFT_FILES", 10**15)
    held = Quota((workspace,), 1_000 * MB, lambda _device: 0)

    deadline = time.monotonic() + 30
    seen = None
    while seen is None and time.monotonic() < deadline:
        for number in range(100):  # some others' may go meanwhile
            (workspace / f"{time.monotonic_ns()}-{number}").touch()
        seen = held.exceeded()

    assert seen is Excess.DISK


def test_what_happens_meanwhile_ends_a_look(workspace: Path) -> None:
    (workspace / "file").touch()

    def called_off() -> None:
        raise cancelled_build()

    with pytest.raises(BuildError, match="cancelled"):
        exceeds(workspace, MB, called_off)


def test_a_build_ends_on_time_however_long_a_look_at_its_files_takes(
    bubblewrap_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def long(held: Quota) -> int:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            held._meanwhile()
            time.sleep(0.01)
        return 0

    monkeypatch.setattr(Quota, "_used", long)
    began = time.monotonic()

    outcome = bubblewrap_bench.sh("sleep 120", dataclasses.replace(BOUNDS, seconds=0.5))

    assert outcome.code == "timed_out"
    assert time.monotonic() - began < 40

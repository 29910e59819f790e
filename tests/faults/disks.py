"""Disks that fail: a small one that can be filled, and one that nothing can be written to any more."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

BLOCK = 4096  # bytes: what a tmpfs gives out at once


class SmallDisk:
    """A file system of its own, mounted at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def free(self) -> int:
        """Bytes that can still be written."""
        told = os.statvfs(self.root)
        return told.f_bavail * told.f_frsize

    @contextlib.contextmanager
    def filled(self, left: int) -> Iterator[None]:
        """Nothing but these bytes are left until the block ends."""
        ballast = self.root / "ballast"
        try:
            with ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(self.free - left, BLOCK))
            yield
        finally:
            ballast.unlink()

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Nothing can be written until the block ends, also by who has a file open: each bind mount refuses opening.

        Files that are open for writing keep a file system from being made read-only, as a failing disk would be; a
        mount of its own over each folder does not ask.
        """
        folders = [self.root / name for name in ("incoming", "work", "blobs", "manifests", "pending")]
        bound: list[Path] = []
        try:
            for folder in folders:
                _run("mount", "--bind", str(folder), str(folder))
                bound.append(folder)
                _run("mount", "-o", "remount,bind,ro", str(folder))
            yield
        finally:
            for folder in reversed(bound):
                _run("umount", "--lazy", str(folder))

    @contextlib.contextmanager
    def unmounted(self) -> Iterator[None]:
        """Its folder is a bare mount point until the block ends; who has a file open has it still."""
        aside = self.root.with_name("aside")
        aside.mkdir()
        _run("mount", "--bind", str(self.root), str(aside))
        _run("umount", "--lazy", str(self.root))
        try:
            yield
        finally:
            _run("mount", "--bind", str(aside), str(self.root))
            _run("umount", "--lazy", str(aside))
            aside.rmdir()


_AS_ROOT = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner")
ORDINARY = _AS_ROOT if getattr(os, "geteuid", lambda: 1)() == 0 else ()
"""Before a command: it may do no more with files than their modes say, also where it is root's."""


@contextlib.contextmanager
def forbidden(root: Path, mode: int) -> Iterator[None]:
    """Every folder below, and this one, has this mode until the block ends: somebody was careless with chmod."""
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    was = [folder.stat().st_mode for folder in folders]
    try:
        for folder in reversed(folders):
            folder.chmod(mode)
        yield
    finally:
        for folder, usual in zip(folders, was, strict=True):
            folder.chmod(usual)


@contextlib.contextmanager
def small_disk(root: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount one; the test is skipped where that is not allowed."""
    root.mkdir(parents=True)
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(root))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    try:
        yield SmallDisk(root)
    finally:
        _run("umount", "--lazy", str(root))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)

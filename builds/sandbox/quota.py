"""Watches how much disk a command uses, and that some is left."""

import enum
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from builds.units import MB

LEFT = 256 * MB  # of every file system a build writes to; other sites and the database live there too
ENTRY = 512  # bytes of disk that a name takes, so that empty files are not free
OFTEN, SELDOM = 0.25, 2.0  # seconds between looks: at the free space, and at least at every file
SHARE = 10  # looking at every file takes at most one part in so many of the time


class Excess(enum.Enum):
    """What a command has come to the end of: what it may use of the disk, or the disk itself."""

    QUOTA = enum.auto()
    DISK = enum.auto()


class Quota:
    """The bytes under `folders`, held against `most`. To be asked again and again by one thread.

    Looking at every file is slow, the free space of the file system is known at once: the files are looked at when
    that fell by what was left of the quota, and every few seconds. `hidden` are bytes that are in no folder, on a
    device, as of files that were removed while open.
    """

    def __init__(self, folders: tuple[Path, ...], most: int, hidden: Callable[[int], int]) -> None:
        self._folders = folders
        self._most = most
        self._hidden = hidden
        self._devices = {folder.stat().st_dev: folder for folder in folders}
        self._look()

    def exceeded(self) -> Excess | None:
        """Whether more is used than allowed, or the disk is nearly full; of both, the first."""
        free = self._free()
        is_full = min(free, default=LEFT) < LEFT and self._grew(free)
        if is_full or self._grown(free) > self._headroom or time.monotonic() >= self._next:
            self._look()
        return Excess.QUOTA if self._headroom < 0 else Excess.DISK if is_full else None

    def is_exceeded_in_the_end(self) -> bool:
        """Whether a command that has ended used more: however quick it was, nothing it left goes uncounted."""
        self._look()
        return self._headroom < 0

    def _look(self) -> None:
        began = time.monotonic()
        self._before = self._free()
        self._headroom = self._most - self._used()
        took = time.monotonic() - began
        self._next = began + max(SELDOM, took * SHARE)

    def _used(self) -> int:
        try:
            return sum(map(_size, self._folders)) + sum(map(self._hidden, self._devices))
        except OSError:
            return self._most + 1  # nested too deep, or made unreadable: what cannot be counted is too much

    def _free(self) -> list[int]:
        return [_free(folder) for folder in self._devices.values()]

    def _grown(self, free: list[int]) -> int:
        return sum(before - now for before, now in zip(self._before, free, strict=True))

    def _grew(self, free: list[int]) -> bool:
        """Whether it is this command that fills the disk, as far as one can tell: a full disk alone ends no build."""
        return self._grown(free) > 0


def _free(folder: Path) -> int:
    about = os.statvfs(folder)
    return about.f_bavail * about.f_frsize


def _size(folder: Path) -> int:
    return sum(about.st_blocks * 512 + ENTRY for about in _entries(str(folder)))


def _entries(folder: str) -> Iterator[os.stat_result]:
    """What every entry below is; a file with several names counts at one of them. Links are not followed.

    Raises OSError for a folder that cannot be looked into.
    """
    seen: set[int] = set()
    waiting = [folder]
    while waiting:
        for entry in _listed(waiting.pop()):
            try:
                about = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # removed meanwhile
            if stat.S_ISDIR(about.st_mode):
                waiting.append(entry.path)
            elif about.st_nlink > 1:
                if about.st_ino in seen:
                    continue
                seen.add(about.st_ino)
            yield about


def _listed(folder: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []  # removed or replaced meanwhile

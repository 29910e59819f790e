"""Watches how much disk a command uses, and that some is left."""

import enum
import errno
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from builds.units import MB

LEFT = 256 * MB  # of every file system a build writes to; other sites and the database live there too
LEFT_FILES = 20_000  # likewise: a file system that counts them may run out of files long before it does of bytes
ENTRY = 512  # bytes of disk that a name takes, so that empty files are not free
DEEPEST = 256  # folders in folders: a path may be 4,096 bytes long, and one folder at each is held open
OFTEN, SELDOM = 0.25, 2.0  # seconds between looks: at the free space, and at least at every file
SHARE = 10  # looking at every file takes at most one part in so many of the time
MEANWHILE = 500  # files looked at between two looks at everything else: a few milliseconds
# Never through a link: a build that still runs may put one where a folder was, and have the whole machine looked at.
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK


class Excess(enum.Enum):
    """What a command has come to the end of: what it may use of the disk, or the disk itself."""

    QUOTA = enum.auto()
    DISK = enum.auto()


@dataclass(frozen=True, slots=True)
class Room:
    """What is left on a file system: bytes, and files; None where it does not count those."""

    bytes: int
    files: int | None


class Quota:
    """The bytes under `folders`, held against `most`. To be asked again and again by one thread.

    Looking at every file is slow, the free space of the file system is known at once: the files are looked at when
    that fell by what was left of the quota, and every few seconds. `hidden` are bytes that are in no folder, on a
    device, as of files that were removed while open. `meanwhile` is called every few milliseconds of a look, which a
    build can make long: it may raise what ends the build, and so the look.
    """

    def __init__(
        self,
        folders: tuple[Path, ...],
        most: int,
        hidden: Callable[[int], int],
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._folders = folders
        self._most = most
        self._hidden = hidden
        self._meanwhile = meanwhile
        self._devices = {folder.stat().st_dev: folder for folder in folders}
        self._look()

    def exceeded(self) -> Excess | None:
        """Whether more is used than allowed, or the disk is nearly full; of both, the first."""
        rooms = self._rooms()
        is_full = self._fills_up(rooms)
        if is_full or self._grown(rooms) > self._headroom or time.monotonic() >= self._next:
            self._look()
        return Excess.QUOTA if self._headroom < 0 else Excess.DISK if is_full else None

    def is_exceeded_in_the_end(self) -> bool:
        """Whether a command that has ended used more: however quick it was, nothing it left goes uncounted."""
        self._look()
        return self._headroom < 0

    def _look(self) -> None:
        began = time.monotonic()
        self._before = self._rooms()
        self._headroom = self._most - self._used()
        took = time.monotonic() - began
        self._next = began + max(SELDOM, took * SHARE)

    def _used(self) -> int:
        tally = _Tally(self._most, self._meanwhile)
        try:
            for folder in self._folders:
                tally.add(folder)
            return tally.used + sum(map(self._hidden, self._devices))
        except OSError:
            return self._most + 1  # nested too deep, or made unreadable: what cannot be counted is too much

    def _rooms(self) -> list[Room]:
        return [_room(folder) for folder in self._devices.values()]

    def _grown(self, rooms: list[Room]) -> int:
        return sum(before.bytes - now.bytes for before, now in zip(self._before, rooms, strict=True))

    def _fills_up(self, rooms: list[Room]) -> bool:
        """Whether it is this command that fills the disk, as far as one can tell: a full disk alone ends no build."""
        if min((room.bytes for room in rooms), default=LEFT) < LEFT and self._grown(rooms) > 0:
            return True
        pairs = zip(self._before, rooms, strict=True)
        return any(_fewer(before.files, now.files) and (now.files or 0) < LEFT_FILES for before, now in pairs)


class _Tally:
    """Adds up what folders take, until it is more than `most`; a file with several names counts a part at each.

    Raises OSError for a folder that cannot be looked into.
    """

    def __init__(self, most: int, meanwhile: Callable[[], None]) -> None:
        self.used = 0
        self._most = most
        self._meanwhile = meanwhile
        self._looked_at = 0

    def add(self, top: Path) -> None:
        folder = os.open(top, _FOLDER)
        try:
            self._add(folder, 0)
        finally:
            os.close(folder)

    def _add(self, folder: int, depth: int) -> None:
        if depth > DEEPEST:
            raise OSError(errno.ELOOP, "folders are nested too deep")
        for name in self._add_entries(folder):
            if self.used > self._most:
                return
            try:
                inner = os.open(name, _FOLDER, dir_fd=folder)
            except (FileNotFoundError, NotADirectoryError):
                continue  # removed or replaced meanwhile
            try:
                self._add(inner, depth + 1)
            finally:
                os.close(inner)

    def _add_entries(self, folder: int) -> list[str]:
        """Add what is in a folder; the names of the folders in it."""
        folders: list[str] = []
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    about = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # removed meanwhile
                self._count(about)
                if self.used > self._most:
                    break
                if stat.S_ISDIR(about.st_mode):
                    folders.append(entry.name)
        return folders

    def _count(self, about: os.stat_result) -> None:
        names = 1 if stat.S_ISDIR(about.st_mode) else max(1, about.st_nlink)
        self.used += about.st_blocks * 512 // names + ENTRY
        self._looked_at += 1
        if self._looked_at % MEANWHILE == 0:
            self._meanwhile()


def _room(folder: Path) -> Room:
    about = os.statvfs(folder)
    return Room(about.f_bavail * about.f_frsize, about.f_favail if about.f_files else None)


def _fewer(before: int | None, now: int | None) -> bool:
    return before is not None and now is not None and now < before

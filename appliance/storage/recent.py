"""The manifests that were read or written last, as values, for all of a process that asks for them."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

ROOM = 16_000_000  # bytes of stored forms; as values they take three times that, less what releases hold anyway

T = TypeVar("T")
_Print = tuple[int, int, int]  # of a file: inode, size, time of its last change in nanoseconds


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    value: T
    size: int
    print: _Print


class Recent(Generic[T]):
    """Values by the file each is stored in, what was asked for longest ago goes first. Usable from several threads.

    A file that is not the one the value was kept for, any more, has none: what is damaged or gone is found out.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._used = 0
        self._kept: OrderedDict[Path, _Kept[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: Path) -> T | None:
        """The value of this file, if it is kept; raises FileNotFoundError where there is no file."""
        with self._lock:
            kept = self._kept.get(path)
            if kept is not None:
                self._kept.move_to_end(path)
        return kept.value if kept is not None and kept.print == _print(path) else None

    def put(self, path: Path, value: T) -> None:
        """Keep the value of a file that is there."""
        found = _print(path)
        kept = _Kept(value, found[1], found)
        with self._lock:
            self._forget(path)
            if kept.size > self._room:
                return
            self._kept[path] = kept
            self._used += kept.size
            while self._used > self._room:
                self._forget(next(iter(self._kept)))

    def _forget(self, path: Path) -> None:
        kept = self._kept.pop(path, None)
        self._used -= kept.size if kept else 0


def _print(path: Path) -> _Print:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns

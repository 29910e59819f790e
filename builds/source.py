"""The bytes of an upload, read at any place and from several threads at once."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PIECE = 256 * 1024  # bytes per read in sequence: large enough that calls cost nothing, small enough for any machine


class _File:
    """An open file without a shared offset, also where the system has no `pread` (Windows)."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._pread = getattr(os, "pread", None)

    def read_at(self, offset: int, count: int) -> bytes:
        if self._pread is not None:
            content: bytes = self._pread(self._file.fileno(), count, offset)
            return content
        with self._lock:
            self._file.seek(offset)
            return self._file.read(count)


@dataclass(frozen=True, slots=True)
class Source:
    """A stretch of an upload: `size` bytes from `start`; offsets are counted from the stretch's own beginning."""

    file: _File
    start: int
    size: int

    @staticmethod
    @contextmanager
    def open(path: Path) -> Iterator["Source"]:
        """The whole file, closed on leaving; raises OSError."""
        with path.open("rb", buffering=0) as file:
            yield Source(_File(file), 0, os.fstat(file.fileno()).st_size)

    def within(self, start: int, size: int) -> "Source":
        """A stretch of this one."""
        return Source(self.file, self.start + start, min(size, self.size - start))

    def read_at(self, offset: int, count: int) -> bytes:
        """The bytes there; fewer than `count` only where the stretch ends."""
        return self.file.read_at(self.start + offset, max(0, min(count, self.size - offset)))

    def pieces(self) -> Iterator[bytes]:
        """Everything, in order."""
        for offset in range(0, self.size, PIECE):
            yield self.read_at(offset, PIECE)

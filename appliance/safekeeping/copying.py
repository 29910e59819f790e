"""Copies a file while its hash is taken, and makes the copy one that only its owner may read."""

import hashlib
import os
from pathlib import Path
from typing import Protocol

PIECE = 1024 * 1024  # bytes read at a time
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Readable(Protocol):
    """What bytes come from, in order."""

    def read(self, at_most: int = -1, /) -> bytes:
        """The next bytes; none at the end."""


class Hashed:
    """The first `size` bytes of what is to be read once, and their SHA-256 afterwards."""

    def __init__(self, file: Readable, size: int) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.left = size

    def read(self, at_most: int = -1) -> bytes:
        """The next bytes; none at the end."""
        wanted = self.left if at_most < 0 else min(at_most, self.left)
        piece = self._file.read(wanted)
        self._digest.update(piece)
        self.left -= len(piece)
        return piece

    def read_out(self) -> None:
        """Read what is left, for its hash alone."""
        while self.read(PIECE):
            pass

    @property
    def sha256(self) -> str:
        """Of what was read."""
        return self._digest.hexdigest()


def copy(source: Hashed, target: Path, mode: int = 0o600) -> None:
    """Write what is left of the source to a new file; raises FileExistsError. What was begun goes if it fails."""
    file = os.fdopen(os.open(target, _NEW, mode), "wb")
    try:
        with file:
            while piece := source.read(PIECE):
                file.write(piece)
    except BaseException:
        target.unlink()
        raise


def hash_of(path: Path) -> str:
    """The SHA-256 of a file; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

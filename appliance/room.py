"""How much room folders take on the disk: files and bytes, counted for a bounded time."""

import math
import os
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Room:
    """Files below a folder and the bytes in them; `whole` says that all of them were counted."""

    files: int = 0
    bytes: int = 0
    whole: bool = True


def measure(folder: Path, seconds: float = math.inf) -> Room:
    """What is there; what was found by then, once `seconds` are over. Blocking: looks at every file.

    What goes away meanwhile is not counted, and links are not followed. Raises OSError for what cannot be read.
    """
    until = time.monotonic() + seconds
    files = size = 0
    ahead = deque([str(folder)])
    while ahead:
        if time.monotonic() > until:
            return Room(files, size, whole=False)
        found, room, inner = _look(ahead.popleft())
        files, size = files + found, size + room
        ahead.extend(inner)
    return Room(files, size)


def of(files: Iterable[Path]) -> Room:
    """What these files take, of those that are there."""
    lengths = [length for file in files if (length := _length(file)) is not None]
    return Room(len(lengths), sum(lengths))


def _look(folder: str) -> tuple[int, int, list[str]]:
    """Files and bytes right in a folder, and the folders in it."""
    files = size = 0
    inner = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    inner.append(entry.path)
                elif (length := _length(entry)) is not None:
                    files, size = files + 1, size + length
    except FileNotFoundError:
        pass  # removed since it was listed
    return files, size, inner


def _length(entry: "os.DirEntry[str] | Path") -> int | None:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return None

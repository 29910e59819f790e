"""The processes of one command: who they are, and what memory they use together."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
COUNTED = ("RssAnon:", "RssShmem:")  # what is in no file: pages of programs and libraries are the system's to keep


@dataclass(frozen=True, slots=True)
class Usage:
    """What processes use together: how many there are, and bytes of memory."""

    processes: int
    memory: int


def of(root: int) -> Iterator[int]:
    """The process `root` and all its descendants, as they are now. One whose parent ended is a child of an ancestor."""
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += _children(pid)


def usage(root: int) -> Usage:
    """What the descendants of `root` use, itself left out."""
    memory = [_memory(pid) for pid in of(root) if pid != root]
    return Usage(len(memory), sum(memory))


def threads_of_this_user() -> int:
    """How many threads the user this process runs as has now, which is what the system's limit on processes counts."""
    own = os.getuid()
    return sum(_threads(pid) for pid in _everyone() if _owner(pid) == own)


def open_but_removed(root: int, device: int) -> int:
    """Bytes of files on `device` that no folder names any more but a descendant of `root` has open."""
    found: dict[int, int] = {}
    for pid in of(root):
        for place in _open_files(pid):
            try:
                about = place.stat()
            except OSError:
                continue  # closed meanwhile
            if about.st_nlink == 0 and about.st_dev == device:
                found[about.st_ino] = about.st_blocks * 512
    return sum(found.values())


def _everyone() -> list[int]:
    try:
        return [int(name) for name in os.listdir(PROC) if name.isdigit()]  # noqa: PTH208 - names only
    except OSError:
        return []  # a system without /proc


def _owner(pid: int) -> int | None:
    try:
        return (PROC / str(pid)).stat().st_uid
    except OSError:
        return None  # ended meanwhile


def _threads(pid: int) -> int:
    try:
        return len(os.listdir(PROC / str(pid) / "task"))  # noqa: PTH208 - names only
    except OSError:
        return 0  # ended meanwhile


def _open_files(pid: int) -> list[Path]:
    try:
        return list((PROC / str(pid) / "fd").iterdir())
    except OSError:
        return []  # ended meanwhile


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        threads = os.listdir(PROC / str(pid) / "task")  # noqa: PTH208 - names only, and often
    except OSError:
        return found  # ended meanwhile
    for thread in threads:
        try:
            found += map(int, (PROC / str(pid) / "task" / thread / "children").read_bytes().split())
        except OSError:
            continue
    return found


def _memory(pid: int) -> int:
    try:
        lines = (PROC / str(pid) / "status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 0  # ended meanwhile
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(COUNTED))

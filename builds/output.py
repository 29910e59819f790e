"""Finds the folder that a build has put the site into: of those that may be meant, the one with pages that it made."""

import os
import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from builds.errors import BuildError
from builds.names import INDEXES
from builds.refusals import shown

PAGES = (".html", ".htm")
MOST_LOOKED_AT = 100_000  # entries of a folder that are looked at for a page: a moment's work
NOT_OUTPUT = frozenset({".git", ".next", "node_modules", "bower_components", "vendor", "test", "tests", "__tests__"})


@dataclass(frozen=True, slots=True)
class Before:
    """What was there before a build ran: the paths of the upload's files, and when, to tell from it what was made."""

    paths: Collection[str]
    at: float = field(default_factory=time.time)  # seconds since 1970, as files have them


def output_folder(source: Path, base: str, candidates: Sequence[str], before: Before, astray: str = "") -> Path:
    """The candidate, relative to the folder `base` of `source`, that holds the site; raises BuildError without any.

    A folder of scripts may be called `build`, and one of templates `public`: pages that the build made go before pages
    that were uploaded, and these before anything else that the build made. Of equals the first is taken. A folder that
    is the only candidate is what it is. None is reached by a link. `astray` is
    a sentence on where it may have gone instead.
    """
    folders = [folder for candidate in candidates if (folder := _reached(source / base, candidate))]
    if len(candidates) == 1 and folders:
        return folders[0]
    best = max(folders, key=lambda folder: _promise(source, folder, before), default=None)
    if best is None or not _promise(source, best, before):
        raise _nowhere(source, base, candidates, before, astray)
    return best


def _reached(base: Path, candidate: str) -> Path | None:
    """The folder of that name, unless it is none, or anything on the way is a link."""
    folder = base
    for part in [part for part in candidate.split("/") if part not in {"", "."}]:
        folder = folder / part
        if part == ".." or folder.is_symlink() or not folder.is_dir():
            return None
    return folder


def _promise(source: Path, folder: Path, before: Before) -> int:
    """How sure it is that a folder is the site: 3 with a page that was made, 2 with any, 1 with anything made."""
    found = 0
    for path in _files(folder):
        made, is_page = _is_made(source, path, before), path.name.lower().endswith(PAGES)
        if made and is_page:
            return 3
        found = max(found, 2 if is_page else int(made))
    return found


def _is_made(source: Path, path: Path, before: Before) -> bool:
    try:
        return path.relative_to(source).as_posix() not in before.paths or path.lstat().st_mtime > before.at
    except OSError:  # gone again
        return False


def _files(top: Path, passed_over: Collection[str] = ()) -> Iterator[Path]:
    """The files below a folder, the least deep first, among so many entries: a build can make more than fit in memory.

    Links are not followed.
    """
    folders, left = deque([top]), MOST_LOOKED_AT
    while folders and left > 0:
        with suppress(OSError), os.scandir(folders.popleft()) as entries:
            for entry in islice(entries, left):
                left -= 1
                if not entry.is_dir(follow_symlinks=False):
                    yield Path(entry.path)
                elif entry.name not in passed_over:
                    folders.append(Path(entry.path))


def _nowhere(source: Path, base: str, candidates: Sequence[str], before: Before, astray: str) -> BuildError:
    """Why no candidate is the site, with what to do about it."""
    top = source / base
    for candidate in candidates:
        if (top / candidate).is_symlink():
            detail = (
                f"The build's output folder {shown(candidate)}/ is a symbolic link, and these are not followed. "
                "Set the site's output folder to where it leads, or have the build write a folder in its place."
            )
            return BuildError("no_output", detail)
    names = ", ".join(f"{shown(candidate)}/" for candidate in candidates)
    elsewhere = _page_elsewhere(top, source, before)
    if elsewhere is None and astray:
        advice = astray
    elif elsewhere is None:
        advice = "Set the site's output folder to where your build writes."
    elif elsewhere == top:
        advice = "It wrote its pages beside its source: have it write into a folder of its own, such as dist."
    else:
        advice = f"Set the site's output folder to {shown(elsewhere.relative_to(top).as_posix())}, where it made pages."
    return BuildError("no_output", f"The build ended well, but no site is where it was looked for: {names}. {advice}")


def _page_elsewhere(top: Path, source: Path, before: Before) -> Path | None:
    """The first and least deep folder with an index page that the build made, if there is one."""
    files = _files(top, passed_over=NOT_OUTPUT)
    made = (path for path in files if path.name in INDEXES and _is_made(source, path, before))
    return next((path.parent for path in made), None)

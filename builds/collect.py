"""Takes what a build has made into the store: as untrusted as any upload, within the same limits.

Everything is opened in the folder that it was found in, by file descriptor and never through a link, after a look at
what it is: a process of a build that is not isolated may still be there, and put something else in its place.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

from builds.errors import BuildError
from builds.folders import FILE, content
from builds.intake import InOrder, Intake
from builds.origin import OUTPUT
from builds.refusals import shown
from builds.values import Limits, Note, Staging, Unpacked

# What generators leave for their next run or for GitHub beside every site they make: no part of it, and no news.
NOTES_TO_THEMSELVES = frozenset({".buildinfo", ".buildinfo.bak", ".doctrees", ".nojekyll"})
_FOLDER = FILE | getattr(os, "O_DIRECTORY", 0)


def collect(source: Path, output: Path, limits: Limits, staging: Staging) -> Unpacked:
    """Every regular file below the folder `output` of `source`. Links and what else is no file are left out, and noted.

    Raises BuildError for unsafe names, and where a limit on uploads is hit.
    """
    intake = Intake(limits, staging, _untold, origin=OUTPUT)
    left_out: list[str] = []
    try:
        with _opened(source, output.relative_to(source).parts) as folder, intake.in_order() as receiver:
            _Collecting(intake, receiver, left_out).take(folder, "")
    except OSError as error:
        raise BuildError("no_output", f"The build's output cannot be read: {error.strerror}.") from error
    if not intake.files:
        raise BuildError("no_output", f"The build ended well, but its output folder {shown(output.name)}/ is empty.")
    unpacked = intake.finish(unwrap=False)
    return replace(unpacked, hidden=(), notes=(*unpacked.notes, *_notes(left_out)))


class _Collecting:
    """Goes through the folders, no deeper than a path may be."""

    def __init__(self, intake: Intake, receiver: InOrder, left_out: list[str]) -> None:
        self._intake = intake
        self._receiver = receiver
        self._left_out = left_out

    def take(self, folder: int, above: str) -> None:
        """All that is in a folder, whose path is `above`; files before folders, each in the order of their names."""
        folders: list[str] = []
        for name in self._names(folder):
            path = _readable(f"{above}{name}")
            kind = _kind(name, folder)
            if stat.S_ISDIR(kind):
                folders.append(name)
            elif stat.S_ISREG(kind) and (found := content(name, folder)) is not None:
                self._receiver.file(path, found)
            else:
                self._intake.bounds.entry()
                self._left_out.append(path)
        for name in folders:
            self._intake.tree.folder(f"{above}{name}/")
            with _opened_in(folder, name) as inner:
                self.take(inner, f"{above}{name}/")

    def _names(self, folder: int) -> list[str]:
        """Those of a folder, sorted; a build can make more than fit into memory. Raises BuildError."""
        bounds = self._intake.bounds
        with os.scandir(folder) as entries:
            kept = (entry.name for entry in entries if entry.name not in NOTES_TO_THEMSELVES)
            names = list(islice(kept, bounds.limits.entries + 1))
        bounds.entries(len(names))
        return sorted(names)


@contextmanager
def _opened(source: Path, parts: Sequence[str]) -> Iterator[int]:
    """A folder below `source`, reached without a link."""
    folder = os.open(source, _FOLDER)
    try:
        for part in parts:
            above, folder = folder, os.open(part, _FOLDER, dir_fd=folder)
            os.close(above)
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _opened_in(above: int, name: str) -> Iterator[int]:
    folder = os.open(name, _FOLDER, dir_fd=above)
    try:
        yield folder
    finally:
        os.close(folder)


def _kind(name: str, folder: int) -> int:
    """What it is, without opening it, which may do something to a device; 0 when it is gone."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return 0


def _readable(path: str) -> str:
    """The path, unless it is no text; raises BuildError."""
    try:
        path.encode()
    except UnicodeEncodeError:
        detail = (
            f"The build made a file whose name is not UTF-8: “{shown(path)}”. Name it otherwise. Nothing was stored."
        )
        raise BuildError("unsafe_path", detail, path=shown(path)) from None
    return path


def _untold(step: str, done: int, total: int) -> None:
    """Collecting is the end of the step `build`, and has no figures of its own."""


def _notes(left_out: list[str]) -> list[Note]:
    if not left_out:
        return []
    first, others = shown(min(left_out)), len(left_out) - 1
    more = f" and {others} more" if others else ""
    message = f"Left out of the build's output: “{first}”{more}, which is a link or no file that can be read."
    return [Note("link_left_out", message, first, len(left_out))]

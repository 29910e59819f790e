"""Takes what a build has made into the store: as untrusted as any upload, within the same limits."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from builds.errors import BuildError
from builds.intake import Intake
from builds.refusals import shown
from builds.source import PIECE
from builds.values import Limits, Note, Staging, Unpacked

# Never through a link, and never waiting for whoever should write into a pipe.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def output_folder(base: Path, candidates: Sequence[str]) -> Path:
    """The first candidate that exists and is reached from `base` without a link; raises BuildError."""
    for candidate in candidates:
        folder = base
        for part in [part for part in candidate.split("/") if part not in {"", "."}]:
            folder = folder / part
            if part == ".." or not _is_folder(folder):
                break
        else:
            return folder
    names = ", ".join(f"{shown(candidate)}/" for candidate in candidates)
    raise BuildError(
        "no_output",
        f"The build ended well, but there is no output folder: looked for {names}. "
        "Set the site's output folder to where your build writes.",
    )


def collect(folder: Path, limits: Limits, staging: Staging) -> Unpacked:
    """Every regular file below the folder. Links and what else is no file are left out, and noted.

    Raises BuildError for unsafe names, and where a limit on uploads is hit.
    """
    intake = Intake(limits, staging, _untold)
    left_out: list[str] = []
    with intake.in_order() as receiver:
        for path in _walk(folder, left_out):
            name = path.relative_to(folder).as_posix()
            content = _content(path)
            if content is None:
                left_out.append(name)
            else:
                receiver.file(name, content)
    if not intake.files:
        raise BuildError("no_output", f"The build ended well, but its output folder {shown(folder.name)}/ is empty.")
    unpacked = intake.finish(unwrap=False)
    return replace(unpacked, hidden=(), notes=(*unpacked.notes, *_notes(left_out)))


def _walk(folder: Path, left_out: list[str]) -> Iterator[Path]:
    top = folder

    def unreadable(error: OSError) -> None:
        raise BuildError("no_output", f"The build's output cannot be read: {error.strerror}.")

    for at, folders, files in os.walk(folder, onerror=unreadable, followlinks=False):
        here = Path(at)
        left_out += [(here / name).relative_to(top).as_posix() for name in folders if (here / name).is_symlink()]
        folders.sort()
        for name in sorted(files):
            yield here / name


def _content(path: Path) -> Iterator[bytes] | None:
    """The file's bytes; None when it is no regular file."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return None  # a link, a socket, or gone: processes of a build that is not isolated may still be there
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return _pieces(descriptor)


def _pieces(descriptor: int) -> Iterator[bytes]:
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        while piece := file.read(PIECE):
            yield piece


def _untold(step: str, done: int, total: int) -> None:
    """Collecting is the end of the step `build`, and has no figures of its own."""


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _notes(left_out: list[str]) -> list[Note]:
    if not left_out:
        return []
    first, others = shown(min(left_out)), len(left_out) - 1
    more = f" and {others} more" if others else ""
    message = f"Left out of the build's output: “{first}”{more}, which is a link or no file."
    return [Note("link_left_out", message, first, len(left_out))]

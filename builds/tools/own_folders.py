"""Requirements files that name folders of their own project, such as `-e .`: pip reads those from where it runs."""

import os.path
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

LONGEST = 256 * 1024  # bytes of a requirements file that are read
MOST_FILES = 50  # that requirements files may name in one another
MARKERS = ("pyproject.toml", "setup.py", "setup.cfg")  # a folder with one of these can be installed
# `-e PATH`, `--editable=PATH`, or a line that begins with dots, perhaps with extras. An editable URL is no folder.
FOLDER = re.compile(
    r"^[ \t]*(?:(?:-e|--editable)(?:[ \t]+|=)(?![\w+]+:)([^\s#\[]+)|(\.{1,2}(?:/[^\s#\[]*)?)(?=[\s#\[]|$))",
    re.MULTILINE,
)
OTHER_FILE = re.compile(r"^[ \t]*(?:-r|--requirement)(?:[ \t]*|=)([^\s#=]+)", re.MULTILINE)


def own_folders(files: Iterable[Path]) -> Iterator[str]:
    """The folders that requirements files name, and those that they name in turn, as they are written."""
    waiting = list(files)
    for number, file in enumerate(waiting):
        text = _text(file)
        yield from (found[1] or found[2] for found in FOLDER.finditer(text))
        if number < MOST_FILES:
            waiting += (file.parent / found[1] for found in OTHER_FILE.finditer(text))


def start_of(source: Path, files: Iterable[Path]) -> Path:
    """Where pip has to run so that the folders these files name are there: the top, or else where a file is.

    Read the Docs and most people run it at the top; `-e ..` in docs/ is written for docs/.
    """
    listed = list(files)
    named = list(own_folders(listed))
    places = [source, *dict.fromkeys(file.parent for file in listed)]
    return next((place for place in places if all(_can_be_installed(source, place, name) for name in named)), source)


def folder_in(place: Path, name: str) -> Path:
    """The folder that a name stands for where pip runs."""
    return Path(os.path.normpath(place / name))


def _can_be_installed(source: Path, place: Path, name: str) -> bool:
    folder = folder_in(place, name)
    return folder.is_relative_to(source) and any((folder / marker).is_file() for marker in MARKERS)


def _text(file: Path) -> str:
    """What a file of an upload, in which there are no links, says; empty where there is none."""
    try:
        with file.open("rb") as opened:
            return opened.read(LONGEST).decode("utf-8", "replace")
    except (OSError, ValueError):  # no such file, a folder, no name at all
        return ""

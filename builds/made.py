"""Folders made where they are missing, but never the place they belong in."""

from pathlib import Path


def made(folder: Path, most: int, mode: int = 0o777) -> Path:
    """The folder, and those it stands in, but no more than `most` of them where they are missing.

    Where more is missing the disk is not there, and what would be made has no business there: FileNotFoundError.
    """
    for each in (*reversed(folder.parents[: most - 1]), folder):
        each.mkdir(mode=mode, exist_ok=True)
    return folder

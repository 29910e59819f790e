"""Files that may hold secrets: kept out of the store, for the server to say what of them may be in it."""

import os
from dataclasses import replace
from pathlib import Path

from builds.made import made
from builds.values import Plan, Staging, Unpacked

FOLDER = "aside"  # in the workspace, which is emptied when the work is done


def set_aside(unpacked: Unpacked, plan: Plan, staging: Staging) -> Unpacked:
    """The upload without the files that the plan wants aside; each of them is then a file in the workspace.

    Their content is no part of it any more, unless another file has the same. What is to be `read`
    is there, too.
    """
    apart = [file for file in unpacked.files if file.path in (*plan.aside, *plan.read)]
    if not apart:
        return unpacked
    folder = plan.workspace / FOLDER
    made(folder, 2)
    files = tuple(file for file in unpacked.files if file.path not in plan.aside)
    for file in apart:
        _write(folder / file.path, staging.read(file.sha256))
    return replace(unpacked, files=files)


def contents(plan: Plan) -> list[bytes]:
    """What was set aside for this plan."""
    files = [plan.workspace / FOLDER / name for name in plan.aside]
    return [file.read_bytes() for file in files if file.is_file()]


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)

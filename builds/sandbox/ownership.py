"""Gives a workspace to the user a build runs as, and takes it away in the end, however it was left."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from builds.sandbox.refusals import failed


def hand_over(folders: Sequence[Path], uid: int) -> None:
    """Make all that is below the user's own. Needs root. Raises BuildError.

    By `chown`: folders may be nested deeper than a path may be long, and it follows no link.
    """
    _do(["chown", "-RhP", f"{uid}:{uid}", "--", *map(str, folders)])


def remove(folder: Path) -> None:
    """Remove a workspace that a build has had. Raises BuildError where something stays."""
    _do(["rm", "-rf", "--one-file-system", "--", str(folder)])


def _do(command: list[str]) -> None:
    program = shutil.which(command[0]) or command[0]
    done = subprocess.run([program, *command[1:]], stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - fixed commands on our own folders
    if done.returncode:
        raise failed(done.stderr.decode(errors="replace").strip().partition("\n")[0])

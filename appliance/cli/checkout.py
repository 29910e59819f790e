"""What Git knows of the folder that is deployed: its branch and its commit."""

import shutil
import subprocess
from pathlib import Path

PATIENCE = 5  # seconds: a repository on a slow disk; without an answer a deploy goes without these


def branch_of(folder: Path) -> str:
    """The branch that is checked out; "" outside of a checkout, and where none is."""
    name = _git(folder, "symbolic-ref", "--short", "--quiet", "HEAD")
    return name[:255]


def commit_of(folder: Path) -> str:
    """The commit that is checked out; "" outside of a checkout."""
    return _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")[:64]


def _git(folder: Path, *words: str) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, and a folder that is given as one argument
            [git, "-C", str(folder), *words], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (subprocess.TimeoutExpired, OSError, UnicodeDecodeError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

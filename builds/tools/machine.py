"""The programs of this machine: which version they are, and the Python that can make environments."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from builds.tools.kit import Kit, kit_of
from builds.tools.listed import Listed
from builds.versions import fits

SECONDS = 30  # a program that takes longer to say its version is no use
VERSION = re.compile(r"(?<![\w.])v?(\d+\.\d+(?:\.\d+)*)")
NEWEST_MINOR, OLDEST_MINOR = 16, 9  # of Python 3, to look for by name
PROBE = """
import ensurepip, venv, sys
print("%d.%d.%d" % sys.version_info[:3], sys._base_executable, sys.base_prefix, sep="\\n")
"""


def on_this_machine(tool: Listed, wanted: str) -> Kit | None:
    """The tool as it is installed here, if its version fits and what it needs is here too."""
    if tool.name == "python":
        return _python(wanted)
    found = shutil.which(tool.name)
    if found is None or any(shutil.which(other) is None for other in tool.needs):
        return None
    version = version_in(_said(found, *tool.asks))
    others = (Path(shutil.which(other) or found).parent for other in tool.needs)
    return kit_of(Path(found), version, others) if version and fits(version, wanted) else None


def versions_here(tool: Listed) -> tuple[str, ...]:
    """Every version of the tool that is installed here, in the order in which they are looked for."""
    if tool.name == "python":
        return tuple(dict.fromkeys(version for candidate in _pythons() if (version := _about(candidate)[0])))
    found = shutil.which(tool.name)
    version = version_in(_said(found, *tool.asks)) if found else ""
    return (version,) if version else ()


def has_pip(python: str) -> bool:
    """Whether a Python has pip itself."""
    return bool(_said(python, "-m", "pip", "--version"))


def version_in(text: str) -> str:
    """The first version in what a program printed; empty without one."""
    found = VERSION.search(text)
    return found[1] if found else ""


def _python(wanted: str) -> Kit | None:
    """A Python that can make environments: the one that runs this program, else one by name, the newest first."""
    for candidate in _pythons():
        version, program, prefix = _about(candidate)
        if version and fits(version, wanted):
            return kit_of(Path(program), version, (Path(prefix),))
    return None


def _pythons() -> Iterator[str]:
    if not getattr(sys, "frozen", False):  # a single executable has an interpreter inside, and no Python around it
        yield sys.executable
    for name in ("python3", *(f"python3.{minor}" for minor in range(NEWEST_MINOR, OLDEST_MINOR - 1, -1))):
        found = shutil.which(name)
        if found:
            yield found


@cache  # starting an interpreter takes a while, and what is installed does not change under a child's feet
def _about(program: str) -> tuple[str, str, str]:
    """Version, real program and prefix of a Python; empty for one that is none or lacks what environments need."""
    lines = _said(program, "-I", "-c", PROBE).splitlines()
    return (lines[0], lines[1], lines[2]) if len(lines) == 3 else ("", "", "")


@cache
def _said(*command: str) -> str:
    """What a program of this machine prints; empty where it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - programs of the machine, found by fixed names
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""

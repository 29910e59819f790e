"""A small command that shows whether a sandbox holds what it promises."""

import shlex
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from builds.errors import BuildError
from builds.sandbox.scratch import scratch
from builds.sandbox.values import Bounds, Command, Sandbox

SECONDS = 60.0  # a container engine may have to start first
HAS_RIGHTS = "a build has rights in it."
GAINS_RIGHTS = "a build could gain rights in it."
HAS_NETWORK = "a build has a network in it."
SEES_FILES = "a build sees files of the machine in it."
WRITES = "a build can write to the system in it."
FAULTS = (HAS_RIGHTS, GAINS_RIGHTS, HAS_NETWORK, SEES_FILES, WRITES)
ISOLATED = f"""
status=$(cat /proc/self/status)
case "$status" in *CapEff:?0000000000000000*) ;; *) echo '{HAS_RIGHTS}'; exit 1 ;; esac
case "$status" in *NoNewPrivs:?1*) ;; *) echo '{GAINS_RIGHTS}'; exit 1 ;; esac
case "$(cat /proc/net/dev)" in *:*:*) echo '{HAS_NETWORK}'; exit 1 ;; esac
if [ -e {{secret}} ]; then echo '{SEES_FILES}'; exit 1; fi
if (: > /usr/proof) 2> /dev/null; then echo '{WRITES}'; exit 1; fi
"""


class Unusable(Exception):
    """A sandbox that cannot be used here; `str()` says why, and what to do about it."""


Form = TypeVar("Form", bound=Sandbox)


def first_proven(forms: Sequence[Form]) -> Form:
    """The first that holds what it promises. Raises Unusable, with what was wrong with the first."""
    first: Unusable | None = None
    for form in forms:
        try:
            prove(form)
        except Unusable as error:
            first = first or error
        else:
            return form
    raise first or Unusable("there is none.")


def prove(sandbox: Sandbox) -> None:
    """Run a command in it and look at what it finds. Raises Unusable."""
    try:
        with scratch() as place:
            _prove(sandbox, place)
    except (BuildError, OSError) as error:  # what it leaves must be ours to remove, too
        raise Unusable(f"{error}") from error


def _prove(sandbox: Sandbox, outside: Path) -> None:
    workspace = outside / "workspace"
    workspace.mkdir()
    (outside / "secret").touch()
    script = ISOLATED.format(secret=shlex.quote(str(outside / "secret"))) if sandbox.isolated else ""
    said = bytearray()
    command = Command(("sh", "-ec", f"{script} echo proof > proof"), workspace, {}, (workspace,))
    status = sandbox.run(command, Bounds(seconds=SECONDS), said.extend, threading.Event())
    if status or not (workspace / "proof").is_file():
        raise Unusable(said.decode(errors="replace").strip() or f"its proof ended with status {status}.")

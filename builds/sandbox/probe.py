"""Finds out, by really running something, which sandbox works on this machine."""

import sys
from collections.abc import Callable, Mapping

from builds.errors import BuildError
from builds.sandbox.proof import Unusable
from builds.sandbox.values import Sandbox, Wishes

if sys.platform == "win32":
    SANDBOXES: Mapping[str, Callable[[Wishes], Sandbox]] = {}
else:
    from builds.sandbox import bubblewrap, container, process

    SANDBOXES: Mapping[str, Callable[[Wishes], Sandbox]] = {  # the best first
        "bubblewrap": bubblewrap.usable,
        "container": container.usable,
        "process": process.usable,
    }


def _wanted(wishes: Wishes) -> list[str]:
    if wishes.backend == "auto":
        return list(SANDBOXES)
    return [wishes.backend]


def probe(wishes: Wishes) -> Sandbox:
    """The sandbox that the operator wants; of `auto`, the best that works.

    Raises BuildError `no_sandbox`: a sentence for each that could not be had, with what to do about it.
    """
    reasons: list[str] = []
    for name in _wanted(wishes):
        try:
            return SANDBOXES[name](wishes)
        except Unusable as error:
            reasons.append(f"{name}: {error}".rstrip(".") + ".")
    if not reasons:
        raise BuildError("no_sandbox", "No project can be built here.")
    raise BuildError("no_sandbox", f"No project can be built here. {' '.join(reasons)}")

"""The limits of a single process, which it hands on to what it starts."""

import resource
from collections.abc import Mapping

from builds.sandbox.values import Bounds

# Address space to memory really used, which the keeper counts: Node reserves some hundred MB for each worker thread,
# and with the bound itself as the limit a build of SvelteKit ended at a fifth of it.
RESERVED = 4


def of(bounds: Bounds) -> dict[str, int]:
    """The bounds that are one process's, by the system's names. A limit that is lower already stays.

    Processes are counted by user, and in a user namespace within it.
    """
    wanted = {
        "nproc": bounds.processes,
        "data": RESERVED * bounds.memory,
        "cpu": bounds.cpu_seconds,
        "fsize": bounds.file_size,
        "nofile": bounds.open_files,
        "core": 0,
    }
    return {name: at_most(name, value) for name, value in wanted.items()}


def limited(bounds: Bounds, prlimit: str) -> list[str]:
    """The beginning of a command line: what follows it runs within the limits."""
    return [prlimit, *(f"--{name}={value}" for name, value in of(bounds).items()), "--"]


def limit_itself(limits: Mapping[str, int]) -> None:
    """Hold this process to limits, as `of` names them, for good."""
    for name, value in limits.items():
        resource.setrlimit(_kind(name), (value, value))


def at_most(name: str, value: int) -> int:
    """The value, or what the limit of that name is already where that is lower."""
    _, hard = resource.getrlimit(_kind(name))
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def _kind(name: str) -> int:
    kind: int = getattr(resource, f"RLIMIT_{name.upper()}")
    return kind

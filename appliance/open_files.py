"""How many files the process may have open: connections are files too, and must leave some for everything else."""

import sys

if sys.platform != "win32":  # which has no such limit
    import resource

EACH = 2  # files of a connection: its socket, and the blob that is being sent on it
NEARLY = 0.5  # of the connections wanted: with fewer, visitors are turned away whom the operator counts on
SPARE = 512  # files of all else: databases, uploads, build children and their pipes


def raise_limit(connections: int) -> None:
    """Make room for so many connections, as far as the system lets this process raise its own limit.

    Many systems start a process with 1,024: a thousand visitors who only hold their connections open would leave it
    unable to open anything, be it a blob, a database or the next connection.
    """
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections * EACH + SPARE
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    within = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (within, hard))
    except (OSError, ValueError):
        pass  # macOS has a lower bound that it does not tell; `room_for` goes by what there is


def shortage(connections: int) -> str:
    """A sentence for the operator where much fewer connections fit than are wanted; empty where they do, or nearly."""
    fit = room_for(connections)
    if fit >= connections * NEARLY:
        return ""
    has, wants = resource.getrlimit(resource.RLIMIT_NOFILE)[0], connections * EACH + SPARE
    return (
        f"No more than {fit:,} connections fit, of the {connections:,} in the setting connections: this process may "
        f"have {has:,} files open. Raise that limit (ulimit -Hn) to {wants:,}, or lower the setting."
    )


def room_for(connections: int) -> int:
    """How many connections fit, of so many wanted, with enough left for everything else; at least one."""
    if sys.platform == "win32":
        return connections
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return connections
    fit = (soft - min(SPARE, soft // 2)) // EACH
    return max(1, min(connections, fit))

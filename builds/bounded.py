"""What bounds one of our own child processes from within."""

import os
import sys

if sys.platform != "win32":  # there such a process is bounded by its time alone
    import resource


def bound(memory: int, seconds: int = -1) -> None:
    """Allow this process so many bytes of memory, seconds of processor time (-1: any), and no core file."""
    if sys.platform == "win32":
        return
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if seconds >= 0:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def step_back() -> None:
    """Let everybody else on this machine go first, as far as it can be asked for that."""
    if hasattr(os, "nice"):
        os.nice(19)

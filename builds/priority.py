"""Who goes first when there is not enough of the processor: visitors, then builds."""

import os
from contextlib import suppress
from typing import Final

NICE: Final = 5  # of 19: a third of what a visitor's answer gets, when both want all of it


def step_back() -> None:
    """Let the calling thread, and what it starts from now on, come after the server; harmless when it does already.

    Besides getting less, it does not interrupt the server when it has something to do again, where the system can tell
    the two kinds apart (Linux).
    """
    if hasattr(os, "setpriority"):
        thread = os.PRIO_PROCESS, 0
        os.setpriority(*thread, max(NICE, os.getpriority(*thread)))
    if hasattr(os, "sched_setscheduler") and os.sched_getscheduler(0) == os.SCHED_OTHER:
        with suppress(PermissionError):  # in a container that forbids it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))

"""Who goes first when there is not enough of the processor: visitors, then builds."""

import os
import sys
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, Final, TypeVar

NICE: Final = 5  # of 19: a third of what a visitor's answer gets, when both want all of it
PATIENCE: Final = 0.2  # seconds in which it shows whether what has stepped aside gets anywhere
SHARE: Final = 0.1  # of a processor: with less it does not
GIVE_WAY_EVERY: Final = 0.001  # seconds: a visitor does not notice; after each small file it takes a tenth of the work
AT_ONCE: Final = 0.00025  # seconds of work in which a thread of the server may keep the interpreter from visitors
AT_MOST: Final = 0.001  # the same while there are none
NAP: Final = 0.0001  # seconds in which it shows whether there are some
BUSY: Final = 0.1  # of such a moment: who answers for longer has visitors waiting
REST: Final = 3  # times as long as it was kept from them do they have the interpreter then
PUTS_ASIDE: Final = sys.platform == "linux"  # other processes, and can tell how they fare

T = TypeVar("T")
_here = threading.local()  # `is_aside` in one that has stepped aside


def step_back() -> None:
    """Let the calling thread, and what it starts from now on, come after the server; harmless when it does already.

    Besides getting less, it does not interrupt the server when it has something to do again, where the system can tell
    the two kinds apart (Linux). That counts among the processes of one session only (sched(7), autogroups), so what
    steps back must not begin a session of its own.
    """
    if hasattr(os, "setpriority"):
        thread = os.PRIO_PROCESS, 0
        os.setpriority(*thread, max(NICE, os.getpriority(*thread)))
    if hasattr(os, "sched_setscheduler") and os.sched_getscheduler(0) == os.SCHED_OTHER:
        with suppress(OSError):  # in a container that forbids it, or knows no such thing
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def step_aside() -> None:
    """Let the calling thread have the processor only when nobody else wants it; there is no way back.

    Unlike one that has stepped back it is interrupted at once, and its processor counts as a free one. On a busy
    machine it may wait for ever: somebody has to look after it.
    """
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):  # likewise
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            _here.is_aside, _here.gave_way = True, 0.0


def put_aside(pid: int) -> None:
    """Let a process that was just started, and what it starts, have what nobody else wants, as `step_aside` does."""
    if PUTS_ASIDE:
        with suppress(OSError):  # likewise
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process has had; 0 for one that is gone. Only where `PUTS_ASIDE`."""
    try:
        return time.clock_gettime(~pid << 3 | 2)  # what clock_getcpuclockid(3) gives, which Python has not
    except OSError:
        return 0.0


def give_way() -> None:
    """Let whoever waits for this processor have it now and then, if the calling thread has stepped aside.

    Who wakes up interrupts such a thread, but may have had more than its share by a hair: then the system goes on with
    this one until its clock ticks (Linux's EEVDF; 4 ms at 250 Hz). One that has stepped back must not do this: its
    whole share would go to others of its kind.
    """
    if getattr(_here, "is_aside", False) and time.monotonic() - _here.gave_way > GIVE_WAY_EVERY:
        os.sched_yield()
        _here.gave_way = time.monotonic()


def get_nowhere(work: Collection["Future[Any]"]) -> bool:
    """Wait until this work of threads that have stepped aside is done; True, at once, when hardly any of it gets done.

    That is told by the processor time of this process, so it is also true of work that waits for a slow disk.
    """
    rest = set(work)
    while rest:
        before = time.process_time()
        rest = wait(rest, PATIENCE).not_done
        if rest and time.process_time() - before < SHARE * PATIENCE:
            return True
    return False


def gently(items: Iterable[T]) -> Iterator[T]:
    """The items, for a thread of the server that does something with each: visitors are let in between.

    Python runs one thread at a time, and visitors are answered by the main one, which gives way at every system call: a
    thread that computes would have nearly all of the time until it is done.
    """
    if not hasattr(time, "pthread_getcpuclockid"):
        yield from items
        return
    visitors = time.pthread_getcpuclockid(threading.main_thread().ident or 0)
    turn, began = AT_ONCE, time.thread_time()
    for item in items:
        yield item
        taken = time.thread_time() - began
        if taken < turn:
            continue
        turn = AT_ONCE if _let_in(visitors, taken) else min(2 * turn, AT_MOST)
        began = time.thread_time()


def _let_in(visitors: int, taken: float) -> bool:
    """Leave the interpreter to visitors for a moment, a longer one if there are some; whether there are."""
    before, began = time.clock_gettime(visitors), time.perf_counter()
    time.sleep(NAP)
    busy = time.clock_gettime(visitors) - before > BUSY * (time.perf_counter() - began)
    if busy:
        time.sleep(REST * taken)
    return busy

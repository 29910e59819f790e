"""The presses of one process: starts them, hands out work, and goes on when one crashes, hangs or eats memory."""

import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from builds import json_lines, priority
from builds.environment import bare_environment
from builds.job import Job
from builds.values import PressLimits

MOST = 8  # presses; each takes some 30 MB
BATCH_FILES = 32  # handed to a press at once: a line each way for each file would cost more than a small file itself
BATCH_BYTES = 512 * 1024
MOST_CRASHES = 20  # of one run; then the machine or the upload is beyond help, and time is worth more
LARGE_UPLOAD = 256 * 1024  # bytes; smaller ones are unpacked before a press has started
MOST_FAILED_STARTS = 3  # of one run; likewise
LOOK_EVERY = 0.25  # seconds between looks at how long each press has been at a file
START_TIME = 60.0  # seconds for a press to start; it takes a tenth of one where nobody else wants the processor
INSIST_FOR = 60.0  # seconds after which it is tried again whether standing aside leaves them enough

Take = Callable[[Job, dict[str, Any]], None]
"""Called with each job and the news of it (see `builds/press.py`), from several threads."""


More = Callable[[], Sequence[Job] | None]
"""Called for another batch; None when none is waiting."""


class Presses:
    """Runs jobs in press processes started by `command`, one for each core; they are kept until `close`.

    They stand aside for whoever else wants a core, until that leaves them next to nothing. Used by one thread at a
    time.
    """

    def __init__(self, command: Sequence[str], *, count: int = 0) -> None:
        self._command = list(command)
        self._count = count or min(MOST, _cores())
        self._presses: list[_Press] = []
        self._aside = priority.PUTS_ASIDE
        self._insisted = 0.0  # when they began to
        self._looked: tuple[float, float] | None = None  # when, and what processor time all had by then; None: idle

    @property
    def pids(self) -> list[int]:
        """The process ids of those that were started."""
        return [press.pid for press in self._presses]

    def warm_up(self) -> None:
        """Start them all ahead of the first job."""
        self._start(self._count)

    def _start(self, count: int) -> None:
        if priority.PUTS_ASIDE and not self._aside and time.monotonic() - self._insisted > INSIST_FOR:
            self.close()  # not only put aside: what threads they have would not be
            self._aside = True
        while len(self._presses) < count:
            self._presses.append(self._another())

    def _another(self) -> "_Press":
        return _Press(self._command, aside=self._aside)

    def run(self, jobs: Iterable[tuple[Job, int]], limits: PressLimits, take: Take) -> None:
        """Carry out every job, given with the bytes of its content, the largest first. Blocks."""
        work = batches(sorted(jobs, key=lambda job: job[1], reverse=True))
        if not work:
            return
        shift = self.shift(limits, take, most=len(work))
        try:
            for batch in work:
                shift.add(batch)
            shift.finish()
        finally:
            shift.drop()

    def shift(self, limits: PressLimits, take: Take, *, most: int = MOST) -> "Shift":
        """Begin to work on jobs that are still to come, in no more presses than these; it must be ended."""
        count = min(most, self._count)
        self._start(count)
        self._looked = None
        return Shift(self, count, limits, take)

    def at(self, place: int) -> "_Press":
        """The press at this place, counted from 0."""
        return self._presses[place]

    def replace(self, place: int) -> None:
        """End the press at this place and start another."""
        self._presses[place].kill()
        self._presses[place] = self._another()

    def look_after(self, seconds: float) -> None:
        """End those that are at one file for longer than this, or at starting, and all of them when they get nowhere.

        For the latter come others that do not stand aside, for a while: nothing leads a process back from there.
        """
        presses = list(self._presses)
        for press in presses:
            press.end_if_overdue(seconds)
        if self._aside and self._get_nowhere(presses):
            self._aside, self._insisted = False, time.monotonic()
            for press in presses:
                press.relieve()

    def give_up(self) -> None:
        """End those that have work. From any thread."""
        for press in list(self._presses):
            press.end_if_at_work()

    def _get_nowhere(self, presses: Sequence["_Press"]) -> bool:
        """Whether they had next to nothing of a processor since the last look, though they had work both times."""
        at_work = any(press.is_at_work for press in presses)
        before, used = self._looked, sum(priority.processor_time(press.pid) for press in presses)
        now = time.monotonic()
        self._looked = (now, used) if at_work else None
        return at_work and before is not None and 0 <= used - before[1] < priority.SHARE * (now - before[0])

    def close(self) -> None:
        """End them all."""
        for press in self._presses:
            press.kill()
        self._presses.clear()


class Shift:
    """Work at presses that begins with the first batch of jobs and ends when no more come.

    Until then the last of several presses is kept back: who prepares the jobs wants a core, too, and three processes on
    two of them would only take turns, a cache each.

    A file over which its press crashes, or that exceeds the limits, is reported as failed, and the others go on, until
    there are too many of these: then the rest is reported as failed too. Where it could have been one of several, each
    of these is tried again by itself.
    """

    def __init__(self, presses: Presses, count: int, limits: PressLimits, take: Take) -> None:
        self._presses = presses
        self._limits = limits
        self._take = take
        self._crashes = self._failed_starts = 0
        self._dropped = False
        self._batches: SimpleQueue[Sequence[Job] | None] = SimpleQueue()
        self._over = threading.Event()
        self._nothing_more = threading.Event()
        # All of its threads begin here: what begins one later may have stepped aside, which it would inherit.
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        self._spared = count - 1  # the place of the last one, whose core is left to whoever adds; 0 where it is alone
        self._crew = ThreadPoolExecutor(count, "press")
        self._workers = [self._crew.submit(self._work, place) for place in range(count)]

    def add(self, batch: Sequence[Job]) -> None:
        """Hand over some jobs. From any thread."""
        self._batches.put(batch)

    def finish(self) -> None:
        """Wait until all that was added is done; raises what went wrong with taking any of it."""
        self._end()
        for worker in self._workers:
            worker.result()
        self.drop()

    def drop(self) -> None:
        """Begin nothing more, and give up what was begun: nobody waits for a file. Harmless once it is finished."""
        self._dropped = True
        with suppress(Empty):
            while True:
                self._batches.get_nowait()
        self._end()
        self._presses.give_up()
        while wait(self._workers, LOOK_EVERY).not_done:
            self._presses.give_up()  # those that were just being given something
        self._crew.shutdown()
        self._over.set()
        self._watcher.join()

    def _end(self) -> None:
        self._nothing_more.set()
        for _ in self._workers:
            self._batches.put(None)

    def _work(self, place: int) -> None:
        if place and place == self._spared:
            self._nothing_more.wait()
        while (batch := self._batches.get()) is not None:
            again = deque(self._press(place, batch, self._more))
            while again:
                again.extend(self._press(place, again.popleft(), _no_more))

    def _more(self) -> Sequence[Job] | None:
        """Another batch, if one is waiting."""
        try:
            batch = self._batches.get_nowait()
        except Empty:
            return None
        if batch is None:
            self._batches.put(None)  # it is told to whoever waits
        return batch

    def _press(self, place: int, batch: Sequence[Job], more: More) -> Sequence[Sequence[Job]]:
        """Have a batch worked on, and what `more` there is meanwhile; what of it is to be tried again, and how."""
        if self._dropped:
            return ()
        if why := self._why_no_more():
            for job in batch:
                self._take(job, {"failed": why})
            return ()
        if self._presses.at(place).is_ended:  # when it had just done what it was at
            self._presses.replace(place)
        press = self._presses.at(place)
        left = press.run(batch, self._limits.memory, self._take, more)
        if not left:
            return ()
        self._presses.replace(place)
        return self._rest(press, left)

    def _rest(self, press: "_Press", left: Sequence[Job]) -> Sequence[Sequence[Job]]:
        """What is to be tried again of what a press that is no good any more has left, and how."""
        if self._dropped:
            return ()
        if press.is_relieved:
            return [left]
        if not press.has_started:
            self._failed_starts += 1
            return [left]
        if len(left) > 1:
            return [[job] for job in left]
        self._crashes += 1
        self._take(left[0], {"failed": press.fault})
        return ()

    def _why_no_more(self) -> str:
        """Why nothing is tried any more; empty as long as it is."""
        if self._failed_starts >= MOST_FAILED_STARTS:
            return "its minifier does not start"
        return "too many files before it failed" if self._crashes >= MOST_CRASHES else ""

    def _watch(self) -> None:
        seconds = self._limits.seconds
        while not self._over.wait(min(LOOK_EVERY, seconds)):
            self._presses.look_after(seconds)


class _Press:
    """One press and the pipes to it."""

    def __init__(self, command: Sequence[str], *, aside: bool) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own executable with fixed arguments
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=bare_environment()
        )
        if aside:
            priority.put_aside(self._process.pid)
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("both were asked to be pipes")
        self._jobs, self._news = self._process.stdin, self._process.stdout
        self._overdue = self._relieved = self._ended = False
        self._began: float | None = None  # when it was given, or was last heard of, what it is at
        self._settled = self._started = False
        self._newest = 0  # jobs of the batch that it was given last

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def fault(self) -> str:
        """Why it is no good any more."""
        return "it takes too long (transform_time)" if self._overdue else "its minifier crashes"

    @property
    def is_at_work(self) -> bool:
        """Whether it was given something that it has not told of."""
        return self._began is not None

    @property
    def has_started(self) -> bool:
        """Whether it ever was ready to work."""
        return self._started

    @property
    def is_relieved(self) -> bool:
        """Whether others are to do what it was given."""
        return self._relieved

    @property
    def is_ended(self) -> bool:
        """Whether it was ended from here: what it is given now is not at fault."""
        return self._ended

    def relieve(self) -> None:
        """End it: others will do what it was given, and is given yet. From any thread."""
        self._relieved = True
        self._end()

    def run(self, batch: Sequence[Job], memory: int, take: Take, more: More) -> Sequence[Job]:
        """Have a batch worked on, and what `more` there is. The jobs it has not told of: with any, it is no good."""
        self._began = time.monotonic()
        left: deque[Job] = deque()
        try:
            if not self._settled:
                self._say({"memory": memory})
                self._settled = True
            self._give(batch, left)
            if not self._started:
                self._await_start()
            self._give_more(more, left)
            while left and (line := self._news.readline()).endswith(b"\n"):
                self._began = time.monotonic()
                for news in json_lines.load(line):
                    take(left.popleft(), news)
                self._give_more(more, left)
        finally:
            self._began = None
        return list(left)

    def _give(self, batch: Sequence[Job], left: "deque[Job]") -> None:
        left.extend(batch)
        self._newest = len(batch)
        self._say({"jobs": batch})

    def _give_more(self, more: More, left: "deque[Job]") -> None:
        """Give it another batch once it is at its newest: else it would wait for one at the end of each."""
        if len(left) <= self._newest and (batch := more()):
            self._give(batch, left)

    def end_if_overdue(self, seconds: float) -> None:
        """End it when it is at one file for longer than this, or takes far too long to start. From any thread."""
        longest = seconds if self._started else START_TIME
        began = self._began  # read last: once it has started, this is later
        if began is not None and time.monotonic() - began > longest:
            self._overdue = True
            self._end()

    def end_if_at_work(self) -> None:
        """End it unless it waits for something to do. From any thread."""
        if self.is_at_work:
            self._end()

    def _end(self) -> None:
        self._ended = True
        self._process.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        self._news.close()
        try:
            self._jobs.close()
        except BrokenPipeError:
            pass  # it died with part of a line unread

    def _await_start(self) -> None:
        """Wait until it is ready, or dead: how long it takes to start is no file's fault."""
        if self._news.readline().endswith(b"\n"):
            self._began = time.monotonic()
            self._started = True

    def _say(self, message: dict[str, Any]) -> None:
        try:
            self._jobs.write(json_lines.dump(message))
            self._jobs.flush()
        except BrokenPipeError:
            pass  # it is dead: who waits for its news is told by their end


def _no_more() -> None:
    """What is tried again is tried by itself: else it could not be told who was at fault."""


def batches(jobs: Iterable[tuple[Job, int]]) -> list[list[Job]]:
    """Jobs, each with the bytes of its content, in portions for one press at a time."""
    portions: list[list[Job]] = []
    size = BATCH_BYTES + 1
    for job, weight in jobs:
        if size + weight > BATCH_BYTES or len(portions[-1]) == BATCH_FILES:
            portions.append([])
            size = 0
        portions[-1].append(job)
        size += weight
    return portions


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

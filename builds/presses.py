"""The presses of one process: starts them, hands out work, and goes on when one crashes, hangs or eats memory."""

import json
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from builds.environment import bare_environment
from builds.job import Job
from builds.values import PressLimits

MOST = 8  # presses; each takes some 30 MB
BATCH_FILES = 16  # handed to a press at once: a line each way for each file would cost more than a small file itself
BATCH_BYTES = 512 * 1024
MOST_CRASHES = 20  # of one run; then the machine or the upload is beyond help, and time is worth more
LARGE_UPLOAD = 256 * 1024  # bytes; smaller ones are unpacked before a press has started
LOOK_EVERY = 0.25  # seconds between looks at how long each press has been at a file

Take = Callable[[Job, dict[str, Any]], None]
"""Called with each job and the news of it (see `builds/press.py`), from several threads."""


class Presses:
    """Runs jobs in press processes started by `command`, one for each core; they are kept until `close`.

    Used by one thread at a time.
    """

    def __init__(self, command: Sequence[str], *, count: int = 0) -> None:
        self._command = list(command)
        self._count = count or min(MOST, _cores())
        self._presses: list[_Press] = []
        self._crashes = 0

    @property
    def pids(self) -> list[int]:
        """The process ids of those that were started."""
        return [press.pid for press in self._presses]

    def warm_up(self) -> None:
        """Start them all ahead of the first job."""
        self._start(self._count)

    def _start(self, count: int) -> None:
        while len(self._presses) < count:
            self._presses.append(_Press(self._command))

    def run(self, jobs: Iterable[tuple[Job, int]], limits: PressLimits, take: Take) -> None:
        """Carry out every job, given with the bytes of its content, the largest first. Blocks.

        A file over which its press crashes, or that exceeds the limits, is reported as failed, and the others go on,
        until there are too many of these: then the rest is reported as failed too. Where it could have been one of
        several, each of these is tried again by itself.
        """
        batches = _batches(sorted(jobs, key=lambda job: job[1], reverse=True))
        count = min(len(batches), self._count)
        if not count:
            return
        self._start(count)
        self._crashes = 0
        with self._watched(limits.seconds), ThreadPoolExecutor(count, "press") as crew:
            for worker in [crew.submit(self._work, place, batches, limits, take) for place in range(count)]:
                worker.result()

    def close(self) -> None:
        """End them all."""
        for press in self._presses:
            press.kill()
        self._presses.clear()

    def _work(self, place: int, batches: deque[list[Job]], limits: PressLimits, take: Take) -> None:
        while True:
            try:
                batch = batches.popleft()
            except IndexError:
                return
            if self._crashes >= MOST_CRASHES:
                for job in batch:
                    take(job, {"failed": "too many files before it failed"})
                continue
            press = self._presses[place]
            left = press.run(batch, limits.memory, take)
            if left:
                press.kill()
                self._presses[place] = _Press(self._command)
            if len(left) > 1:
                batches.extendleft([job] for job in reversed(left))
            elif left:
                self._crashes += 1
                take(left[0], {"failed": press.fault})

    @contextmanager
    def _watched(self, seconds: float) -> Iterator[None]:
        """While this lasts, a press that is at one file for longer than this is ended."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(min(LOOK_EVERY, seconds)):
                for press in list(self._presses):
                    press.end_if_overdue(seconds)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


class _Press:
    """One press and the pipes to it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own executable with fixed arguments
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=bare_environment()
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("both were asked to be pipes")
        self._jobs, self._news = self._process.stdin, self._process.stdout
        self._overdue = False
        self._began: float | None = None  # when it was given, or was last heard of, what it is at
        self._settled = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def fault(self) -> str:
        """Why it is no good any more."""
        return "it takes too long (transform_time)" if self._overdue else "its minifier crashes"

    def run(self, batch: list[Job], memory: int, take: Take) -> list[Job]:
        """Have a batch worked on. The jobs it has not told of: when there are any, this press is no good any more."""
        self._began = time.monotonic()
        done = 0
        try:
            if not self._settled:
                self._say({"memory": memory})
                self._settled = True
            self._say({"jobs": [job.message for job in batch]})
            for job in batch:
                line = self._news.readline()
                if not line.endswith(b"\n"):
                    break
                self._began = time.monotonic()
                done += 1
                take(job, json.loads(line))
        finally:
            self._began = None
        return batch[done:]

    def end_if_overdue(self, seconds: float) -> None:
        """End it when it is at one file for longer than this. From any thread."""
        began = self._began
        if began is not None and time.monotonic() - began > seconds:
            self._overdue = True
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

    def _say(self, message: dict[str, Any]) -> None:
        try:
            self._jobs.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
            self._jobs.flush()
        except BrokenPipeError:
            pass  # it is dead: who waits for its news is told by their end


def _batches(jobs: Sequence[tuple[Job, int]]) -> deque[list[Job]]:
    batches: deque[list[Job]] = deque()
    size = BATCH_BYTES + 1
    for job, weight in jobs:
        if size + weight > BATCH_BYTES or len(batches[-1]) == BATCH_FILES:
            batches.append([])
            size = 0
        batches[-1].append(job)
        size += weight
    return batches


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

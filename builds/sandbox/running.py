"""Follows a command from its start to its end: passes its output on, holds it to its bounds, leaves nothing running."""

import os
import select
import threading
import time
from collections.abc import Callable
from typing import Protocol

from builds.sandbox import family, sockets
from builds.sandbox.quota import Excess, Quota
from builds.sandbox.refusals import cancelled_build, full_disk, over_disk, over_memory, over_processes, over_time
from builds.sandbox.values import Bounds, Command, Say

PIECE = 64 * 1024  # bytes
LOOK = 0.1  # seconds between looks at the time, the memory and the disk
LAST = 16 * 1024  # bytes of what is beyond its bound that are passed on: the end says why a command failed
LEFT_OUT = b"\n[There is more output than build_output allows: only the end of what follows is kept.]\n"


class Running(Protocol):
    """A command that was started."""

    @property
    def root(self) -> int | None:
        """The process whose descendants the command is; None where somebody else counts what they use."""
        ...

    def wait(self, seconds: float) -> int | None:
        """The exit status once it and everything it started has ended; None when that takes longer."""
        ...

    def kill(self) -> None:
        """End it and everything it started, at once. From any thread; harmless after the end."""
        ...


Start = Callable[[int], Running]
"""Starts the command; what it prints goes to this file descriptor, which stays the caller's."""


def follow(start: Start, command: Command, bounds: Bounds, say: Say, cancelled: threading.Event) -> int:
    """Start the command and stay with it to the end: its exit status. Raises BuildError, and what `say` raises."""
    if cancelled.is_set():
        raise cancelled_build()
    reading, writing = os.pipe()
    try:
        try:
            running = start(writing)
        finally:
            os.close(writing)
        watch = _Watch(running, command, bounds, cancelled)
        try:
            bounded = _Bounded(say, bounds.output)
            _pass_on(reading, bounded, watch.ended)
            bounded.finish()
            watch.ended.wait()
        finally:
            watch.end()
    finally:
        os.close(reading)
    return watch.outcome()


def _pass_on(reading: int, say: Say, ended: threading.Event) -> None:
    """Everything that is printed; once the command has ended, what is there by then."""
    ready = select.poll()
    ready.register(reading, select.POLLIN)
    while True:
        over = ended.is_set()
        if ready.poll(0 if over else LOOK * 1000):
            piece = os.read(reading, PIECE)
            if not piece:
                return
            say(piece)
        elif over:
            return  # whoever still holds the pipe open has got away


class _Bounded:
    """Passes on the first `most` bytes, says that there is more, and in the end passes on the last lines of that."""

    def __init__(self, say: Say, most: int) -> None:
        self._say = say
        self._left = most
        self._beyond = b""  # the last of it

    def __call__(self, piece: bytes) -> None:
        kept = piece[: self._left]
        self._left -= len(kept)
        if kept:
            self._say(kept)
        if more := piece[len(kept) :]:
            if not self._beyond:
                self._say(LEFT_OUT)
            self._beyond = (self._beyond + more)[-LAST:]

    def finish(self) -> None:
        """Nothing more comes. The last lines are whole ones: a secret of which only an end is there is not known."""
        if whole := self._beyond.partition(b"\n")[2]:
            self._say(whole)


class _Watch:
    """A thread that waits for the end, and brings it about when a bound is passed or the build is cancelled."""

    def __init__(self, running: Running, command: Command, bounds: Bounds, cancelled: threading.Event) -> None:
        self.ended = threading.Event()
        self._running = running
        self._command = command
        self._bounds = bounds
        self._cancelled = cancelled
        self._verdict: BaseException | None = None
        self._status = 0
        self._deadline = time.monotonic() + bounds.seconds
        self._next = 0.0  # when to look again at all but the disk
        self._thread = threading.Thread(target=self._watch, name="sandbox-watch", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Have nothing of it left."""
        self._running.kill()
        self._thread.join()

    def outcome(self) -> int:
        """The exit status; raises what ended the command before its time."""
        if self._verdict is not None:
            raise self._verdict
        return self._status

    def _watch(self) -> None:
        try:
            self._wait()
        except BaseException as error:  # noqa: BLE001 - raised by `outcome`, in the thread that asked for the command
            self._verdict = error
            self._running.kill()
        finally:
            while (status := self._running.wait(LOOK)) is None:
                pass
            self._status = status
            self.ended.set()

    def _wait(self) -> None:
        quota = Quota(self._command.writable, self._bounds.workspace, self._removed, self._meanwhile)
        while self._running.wait(LOOK) is None:
            self._hold()
            if excess := quota.exceeded():
                raise full_disk() if excess is Excess.DISK else over_disk(self._bounds)
        if quota.is_exceeded_in_the_end():
            raise over_disk(self._bounds)

    def _meanwhile(self) -> None:
        """The same as between two looks at the disk, which may take long."""
        if time.monotonic() < self._next:
            return
        if self._running.wait(0) is None:
            self._hold()
        elif self._cancelled.is_set():
            raise cancelled_build()

    def _hold(self) -> None:
        """Raise BuildError when its time is over, somebody stopped it, or it is too large."""
        if time.monotonic() > self._deadline:
            raise over_time(self._bounds)
        if self._cancelled.is_set():
            raise cancelled_build()
        self._count()
        self._next = time.monotonic() + LOOK

    def _count(self) -> None:
        if self._running.root is None:
            return
        usage = family.usage(self._running.root)
        waiting = sockets.waiting(self._running.root)
        if usage.memory + waiting.most > self._bounds.memory or (waiting.tcp and waiting.tcp > sockets.tcp_most()):
            raise over_memory(self._bounds)
        if usage.processes > self._bounds.processes:
            raise over_processes(self._bounds)

    def _removed(self, device: int) -> int:
        root = self._running.root
        return 0 if root is None else family.open_but_removed(root, device)

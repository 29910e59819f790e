"""One worker as the control plane sees it: a process, what it is told, and that it ends."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence
from itertools import count

import structlog

from appliance.workers.channel import Channel
from appliance.workers.messages import Begin, Done, Message, Ready, Report, encode, read_from_worker

log = structlog.get_logger(__name__)

_EXIT_SECONDS = 5.0  # for a process to end by itself once it has said its last word

Heard = Callable[["Member", Report, list[int]], None]
"""Takes what a worker says, with descriptors that are its own to close from there on."""


class Member:
    """A worker process from its start to its end, on the running loop.

    `ended` is set when it is gone, and with it all of its connections.
    """

    def __init__(self, process: asyncio.subprocess.Process, connected: socket.socket, life: int, heard: Heard) -> None:
        self.ended = asyncio.Event()
        self.is_ready = False  # to be told of changes, and not ended
        self.opened = 0  # connections, when it last said so
        self._begun: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._looks = 0  # since it last said something
        self._process = process
        self._life = life
        self._heard = heard
        self._numbers = count(1)
        self._changes: dict[int, asyncio.Future[None]] = {}
        self._silent = asyncio.Event()
        self._channel = Channel(connected, self._received, self._silent.set)
        self._watch = asyncio.get_running_loop().create_task(self._wait())

    @classmethod
    async def start(cls, command: Sequence[str], begin: Begin, descriptors: Sequence[int], heard: Heard) -> "Member":
        """Start a process; `descriptors` go with the first message, and are closed. Raises OSError."""
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        try:
            inherited = (theirs.fileno(), read_end)
            process = await asyncio.create_subprocess_exec(
                *command,
                *map(str, inherited),
                pass_fds=inherited,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                env={name: value for name, value in os.environ.items() if not name.startswith("DROPDOCK_")},
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            os.close(write_end)
            for descriptor in descriptors:
                os.close(descriptor)
            raise
        finally:
            theirs.close()
            os.close(read_end)
        member = cls(process, ours, write_end, heard)
        member._channel.send(encode(begin), descriptors)
        return member

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, once it has ended."""
        return self._process.returncode

    def say(self, message: Message) -> None:
        """Tell it something that needs no answer."""
        self._channel.send(encode(message))

    def change(self, make: Callable[[int], Message]) -> asyncio.Future[None]:
        """Tell it of a change, at once; done when that is in force there, or the process is no more."""
        number = next(self._numbers)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.ended.is_set():
            done.set_result(None)
            return done
        self._changes[number] = done
        self.say(make(number))
        return done

    async def begins(self, seconds: float) -> bool:
        """Wait until it can be told of changes; false when it has ended, or takes longer than so many seconds."""
        await asyncio.wait([self._begun], timeout=seconds)
        return self._begun.done() and self._begun.result()

    def look(self) -> int:
        """Look whether it says anything; how many looks in a row it did not."""
        self._looks += 1
        return self._looks

    async def kill(self) -> None:
        """End it now; it is gone when this returns."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)  # a frozen program's first process only waits for its second
        except ProcessLookupError:
            pass
        await self.ended.wait()

    def _received(self, content: bytes, descriptors: list[int]) -> None:
        self._looks = 0
        message = read_from_worker(content)
        if isinstance(message, Done):
            done = self._changes.pop(message.change, None)
            if done is not None and not done.done():
                done.set_result(None)
        elif isinstance(message, Ready):
            self.is_ready = True  # at once: the next message may ask for what changes in the same moment
            self._begun.set_result(True)
        else:
            self._heard(self, message, descriptors)

    async def _wait(self) -> None:
        await self._silent.wait()  # everything it has said is read by then
        try:
            async with asyncio.timeout(_EXIT_SECONDS):
                await self._process.wait()
        except TimeoutError:
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        os.close(self._life)
        self.is_ready = False
        self.ended.set()
        if not self._begun.done():
            self._begun.set_result(False)
        for done in self._changes.values():
            if not done.done():
                done.set_result(None)
        self._changes.clear()

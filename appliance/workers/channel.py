"""Messages between two processes, with open descriptors where one goes along, over a connected Unix socket."""

import array
import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence

_HEAD = 5  # bytes before a message: four of its length, one of how many descriptors come with it
_PIECE = 256 * 1024  # bytes read at a time
_DESCRIPTORS = 64  # of one message at most; Linux takes 253 (SCM_MAX_FD)
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)

Received = Callable[[bytes, list[int]], None]
"""Takes a message and its descriptors, which are its own to close from there on."""


class Channel:
    """One end, on the running loop. Messages arrive in the order they were sent in, each whole.

    `ended` is called once, when the other end is gone, has said what is no message, or sent a descriptor that this
    process has no room for.
    """

    def __init__(self, connected: socket.socket, received: Received, ended: Callable[[], None]) -> None:
        connected.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        self._socket = connected
        self._received = received
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._coming = bytearray()
        self._descriptors: deque[int] = deque()
        self._going: deque[tuple[memoryview, list[int]]] = deque()
        self._drained = asyncio.Event()
        self._drained.set()
        self._closed = False
        self.waiting = 0
        """Bytes that the other end has not taken yet."""
        self._loop.add_reader(connected, self._read)

    def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """Send a message; `descriptors` are closed once they are on their way. Lost when the channel has ended."""
        if self._closed:
            _close(descriptors)
            return
        head = len(message).to_bytes(4, "big") + bytes([len(descriptors)])
        self._going.append((memoryview(head + message), list(descriptors)))
        self.waiting += _HEAD + len(message)
        if self._drained.is_set():
            self._write()

    async def drained(self) -> None:
        """Return when everything has been taken, or there is nobody to take it."""
        await self._drained.wait()

    def close(self) -> None:
        """End it here; what was not taken is lost."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        _close(self._descriptors)
        for _, descriptors in self._going:
            _close(descriptors)
        self._going.clear()
        self._drained.set()

    def _read(self) -> None:
        try:
            data, ancillary, flags, _ = self._socket.recvmsg(
                _PIECE, socket.CMSG_SPACE(4 * _DESCRIPTORS), _CLOSE_ON_EXEC
            )
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._end()
            return
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                self._descriptors.extend(_numbers(content))
        if not data or flags & socket.MSG_CTRUNC:
            self._end()
            return
        self._coming += data
        self._take()

    def _take(self) -> None:
        while not self._closed and len(self._coming) >= _HEAD:
            size, count = int.from_bytes(self._coming[:4], "big"), self._coming[4]
            if len(self._coming) < _HEAD + size:
                return
            if count > len(self._descriptors):
                self._end()
                return
            message = bytes(self._coming[_HEAD : _HEAD + size])
            del self._coming[: _HEAD + size]
            self._received(message, [self._descriptors.popleft() for _ in range(count)])

    def _write(self) -> None:
        while self._going:
            rest, descriptors = self._going[0]
            try:
                sent = socket.send_fds(self._socket, [rest], descriptors) if descriptors else self._socket.send(rest)
            except (BlockingIOError, InterruptedError):
                self._wait_for_room()
                return
            except OSError:
                self._end()
                return
            _close(descriptors)  # they went with the first byte
            self.waiting -= sent
            if sent == len(rest):
                self._going.popleft()
            else:
                self._going[0] = rest[sent:], []
        if not self._drained.is_set():
            self._drained.set()
            self._loop.remove_writer(self._socket)

    def _wait_for_room(self) -> None:
        if self._drained.is_set():
            self._drained.clear()
            self._loop.add_writer(self._socket, self._write)

    def _end(self) -> None:
        self.close()
        self._ended()


def _numbers(content: bytes) -> list[int]:
    numbers = array.array("i")
    numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
    return numbers.tolist()


def _close(descriptors: Sequence[int] | deque[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)

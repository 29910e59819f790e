"""A connection on a bare socket: read as soon as it is there, and known to the event loop only if it stays.

Needs a loop that can watch sockets, which Windows' cannot.
"""

import asyncio
import os
import socket
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, cast

KB = 1024
HIGH, LOW = 64 * KB, 16 * KB  # bytes unsent at which the protocol is told to pause, and to go on: as asyncio has it
LEAST, _MOST = 8 * KB, 128 * KB  # bytes read at a time; more from those who send much, yet others wait meanwhile
_TOGETHER = 64  # chunks that one call may write; the system has a limit of its own (IOV_MAX)

_NOBODY = asyncio.Protocol()

Bytes = bytes | bytearray | memoryview


class SocketTransport(asyncio.Transport):
    """An accepted, non-blocking TCP connection, by its descriptor, which belongs to the transport from now on."""

    __slots__ = (
        "_begun",
        "_closing",
        "_descriptor",
        "_ended",
        "_eof",
        "_error",
        "_full",
        "_high",
        "_loop",
        "_lost",
        "_low",
        "_peer",
        "_piece",
        "_protocol",
        "_reads",
        "_size",
        "_socket",
        "_unsent",
        "_watched",
    )

    def __init__(self, descriptor: int, peer: object, protocol: asyncio.BaseProtocol) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._peer = peer
        self._protocol = cast("asyncio.Protocol", protocol)
        self._socket: socket.socket | None = None  # made when somebody asks for it
        self._unsent: deque[memoryview] | None = None  # once there has been something
        self._size = 0  # of all that is unsent, in bytes
        self._high, self._low = HIGH, LOW
        self._piece = LEAST
        self._begun = False
        self._reads = False
        self._watched = (False, False)  # by the loop: for something to read, for room to write
        self._ended = False  # the other side has sent all it will
        self._full = False  # the protocol was told to pause
        self._eof = False  # nothing more will be written
        self._closing = False
        self._lost = False
        self._error: Exception | None = None

    def begin(self, received: bytes = b"") -> None:
        """Hand the connection to the protocol, and what was `received`, or else what is there to be read by now.

        Most clients have asked by the time they are let in.
        """
        self._protocol.connection_made(self)
        if not self._closing:
            self._reads = True
            if received:
                self._receive(received)
            else:
                self._read()
        self._settle()

    # ── what asyncio's transports do

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  (asyncio's signature)
        """As for every transport."""
        return self._peer if name == "peername" else self._know(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another protocol have the connection."""
        self._protocol = cast("asyncio.Protocol", protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Whose the connection is."""
        return self._protocol

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._closing

    def is_reading(self) -> bool:
        """Whether what comes in is read."""
        return self._reads

    def pause_reading(self) -> None:
        """Leave what comes in where it is."""
        if self._reads:
            self._reads = False
            self._follow()

    def resume_reading(self) -> None:
        """Read what comes in."""
        if not (self._reads or self._closing or self._ended):
            self._reads = True
            self._follow()

    def get_write_buffer_size(self) -> int:
        """Bytes that wait for the reader."""
        return self._size

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """At how many of them the protocol goes on, and pauses."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Say when."""
        self._high = high if high is not None else HIGH if low is None else 4 * low
        self._low = low if low is not None else self._high // 4

    def can_write_eof(self) -> bool:
        """Whether our side can be closed alone."""
        return True

    def write_eof(self) -> None:
        """Send what is unsent, then say that this was all."""
        if self._closing or self._eof:
            return
        self._eof = True
        if not self._size:
            self._shut()

    def write(self, data: Bytes) -> None:
        """Send; what the socket does not take now waits."""
        if self._size or self._closing or self._eof:
            self._write_later(data)
            return
        try:
            sent = os.write(self._descriptor, data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lose(error)
            return
        if sent != len(data):
            self._keep(memoryview(bytes(data))[sent:])

    def writelines(self, list_of_data: Iterable[Bytes]) -> None:
        """Send all of it, in one go where that is possible."""
        chunks = list_of_data if isinstance(list_of_data, tuple) else tuple(list_of_data)
        if self._size or self._eof or len(chunks) > _TOGETHER:
            self.write(b"".join(chunks))
            return
        sent = self.take(chunks)
        if sent < sum(map(len, chunks)) and not self._closing:
            self._keep(memoryview(b"".join(chunks))[sent:])

    def take(self, chunks: Sequence[Bytes]) -> int:
        """Send what the socket takes now, of not more than 64 chunks; how many of the bytes, from the first on."""
        if self._size or self._closing:
            return 0
        try:
            return os.writev(self._descriptor, chunks)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._lose(error)
            return 0

    def close(self) -> None:
        """Send what is unsent, then close."""
        if self._closing:
            return
        self._closing = True
        self._reads = False
        if self._size:
            self._follow()
        else:
            self._part()

    def abort(self) -> None:
        """Close now."""
        self._lose(None)

    # ── how, as far as it differs with TLS

    def _know(self, name: str, default: Any) -> Any:  # noqa: ANN401  (asyncio's signature)
        """What is asked for less often than the peer's name."""
        if name == "socket":
            return self._as_socket()
        if name == "sockname":
            return self._as_socket().getsockname()
        return default

    def _read(self) -> None:
        """There is something to read, or the end."""
        try:
            data = os.read(self._descriptor, self._piece)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        if len(data) == self._piece < _MOST:
            self._piece *= 2
        try:  # as in `_receive`, which is a call more
            if data:
                self._protocol.data_received(data)
            else:
                self._end()
        except Exception as error:  # noqa: BLE001  (the protocol's, told to the loop as asyncio's transports do)
            self._failed(error)

    def _receive(self, data: bytes) -> None:
        try:
            self._protocol.data_received(data)
        except Exception as error:  # noqa: BLE001  (as above)
            self._failed(error)

    def _send(self, data: Bytes) -> int:
        """How many of the bytes the socket takes now."""
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._lose(error)
            return 0

    def _part(self) -> None:
        """Everything is sent, and the connection is to be closed."""
        self._lose(None)

    def _release(self) -> None:
        """Give the descriptor back."""
        if self._socket is not None:
            self._socket.close()
        else:
            os.close(self._descriptor)

    # ── how

    def _settle(self) -> None:
        """The first turn is over: have the loop know of the connection, if it stays."""
        self._begun = True
        if self._lost:
            self._bury()
        else:
            self._follow()

    def _follow(self) -> None:
        """Have the socket watched for what is wanted of it now."""
        if not self._begun:
            return
        (read, written), wanted = self._watched, (self._reads, self._size > 0)
        if wanted[0] != read:
            if read:
                self._loop.remove_reader(self._descriptor)
            else:
                self._loop.add_reader(self._descriptor, self._read)
        if wanted[1] != written:
            if written:
                self._loop.remove_writer(self._descriptor)
            else:
                self._loop.add_writer(self._descriptor, self._write_on)
        self._watched = wanted

    def _failed(self, error: Exception) -> None:
        self._loop.call_exception_handler(
            {"message": "a protocol failed", "exception": error, "transport": self, "protocol": self._protocol}
        )
        self._lose(error)

    def _end(self) -> None:
        self._ended = True
        self.pause_reading()
        if not self._protocol.eof_received():
            self.close()

    def _write_later(self, data: Bytes) -> None:
        if data and not (self._closing or self._eof):
            self._keep(memoryview(bytes(data)))

    def _keep(self, data: memoryview) -> None:
        if self._unsent is None:
            self._unsent = deque()
        self._unsent.append(data)
        self._size += len(data)
        if self._size == len(data):
            self._follow()
        if self._size > self._high and not self._full:
            self._full = True
            self._protocol.pause_writing()

    def _write_on(self) -> None:
        """There is room again."""
        while self._unsent:
            first = self._unsent[0]
            sent = self._send(first)
            if self._lost:
                return
            self._size -= sent
            if sent < len(first):
                self._unsent[0] = first[sent:]
                break
            self._unsent.popleft()
        if not self._size:
            self._follow()
        if self._full and self._size <= self._low:
            self._full = False
            self._protocol.resume_writing()
        if not self._size and not self._lost:
            self._all_sent()

    def _all_sent(self) -> None:
        if self._closing:
            self._part()
        elif self._eof:
            self._shut()

    def _shut(self) -> None:
        try:
            self._as_socket().shutdown(socket.SHUT_WR)
        except OSError as error:  # the other side has left
            self._lose(error)

    def _as_socket(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(fileno=self._descriptor)
            self._socket.setblocking(False)  # noqa: FBT003  (the socket module's own signature)
        return self._socket

    def _lose(self, error: Exception | None) -> None:
        if self._lost:
            return
        self._lost = self._closing = True
        self._reads = False
        self._error = error
        self._unsent = None
        self._size = 0
        self._follow()
        if self._begun:
            self._loop.call_soon(self._bury)

    def _bury(self) -> None:
        protocol, self._protocol = self._protocol, _NOBODY  # they know each other: a cycle, for the collector to find
        try:
            protocol.connection_lost(self._error)
        finally:
            self._release()

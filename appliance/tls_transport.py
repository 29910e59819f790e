"""TLS straight on the socket: one call of OpenSSL to read, one to write, and nothing copied in between.

asyncio and uvloop hand every byte through two buffers in memory, which costs a request over TLS a fifth, and a large
file a third. Needs a loop with `add_reader`, which Windows' does not have.
"""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, cast

_RECORD = 16 * 1024  # bytes, the most that a record holds (RFC 8446, 5.1): one read leaves nothing behind in OpenSSL
_HIGH, _LOW = (
    64 * 1024,
    16 * 1024,
)  # bytes unsent at which the protocol is told to pause, and to go on: as asyncio has it
_NOT_NOW = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Handshake:
    """Shakes hands on an accepted, non-blocking socket; then `done` gets the TLS socket, or `failed` says why not.

    Exactly one of them is called, from the event loop, unless it is cancelled, which counts as a failure.
    """

    def __init__(
        self,
        connection: ssl.SSLSocket,
        seconds: float,
        done: Callable[[ssl.SSLSocket], None],
        failed: Callable[[str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._done = done
        self._failed = failed
        self._descriptor = connection.fileno()
        self._writes = False
        self._timer = self._loop.call_later(seconds, self._fail, "it took too long")
        self._loop.add_reader(self._descriptor, self._go_on)

    def cancel(self) -> None:
        """Give it up."""
        self._fail("it was given up")

    def _go_on(self) -> None:
        try:
            self._connection.do_handshake()
        except ssl.SSLWantReadError:
            self._await_room(wanted=False)
        except ssl.SSLWantWriteError:
            self._await_room(wanted=True)
        except OSError as error:  # ssl.SSLError is one
            self._fail(str(error))
        else:
            if self._end():
                self._done(self._connection)

    def _await_room(self, *, wanted: bool) -> None:
        if wanted and not self._writes:
            self._loop.add_writer(self._descriptor, self._go_on)
        elif self._writes and not wanted:
            self._loop.remove_writer(self._descriptor)
        self._writes = wanted

    def _fail(self, reason: str) -> None:
        if self._end():
            self._connection.close()
            self._failed(reason)

    def _end(self) -> bool:
        """Whether this is the end; there is only one."""
        if self._descriptor < 0:
            return False
        self._timer.cancel()
        self._loop.remove_reader(self._descriptor)
        self._await_room(wanted=False)
        self._descriptor = -1
        return True


class SecureTransport(asyncio.Transport):
    """A connection over which hands are shaken. Closing says good-bye; the other side has `farewell` seconds to."""

    def __init__(
        self, connection: ssl.SSLSocket, peer: object, protocol: asyncio.BaseProtocol, farewell: float
    ) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._peer = peer
        self._protocol = cast("asyncio.Protocol", protocol)
        self._farewell = farewell
        self._descriptor = connection.fileno()
        self._unsent: deque[memoryview] = deque()
        self._size = 0  # of all that is unsent, in bytes
        self._high, self._low = _HIGH, _LOW
        self._reads = False
        self._full = False  # the protocol was told to pause
        self._closing = False
        self._lost = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Hand the connection to the protocol, and read."""
        self._protocol.connection_made(self)
        if not self._closing:
            self.resume_reading()

    # ── what asyncio's transports do

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  (asyncio's signature)
        """As for every transport; `ssl_object` is the TLS socket."""
        if name == "peername":
            return self._peer
        if name in {"ssl_object", "socket"}:
            return self._connection
        if name == "sslcontext":
            return self._connection.context
        if name == "sockname":
            return self._connection.getsockname()
        return default

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
            self._loop.remove_reader(self._descriptor)

    def resume_reading(self) -> None:
        """Read what comes in."""
        if not (self._reads or self._closing):
            self._reads = True
            self._loop.add_reader(self._descriptor, self._read)

    def get_write_buffer_size(self) -> int:
        """Bytes that wait for the reader."""
        return self._size

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """At how many of them the protocol goes on, and pauses."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Say when."""
        self._high = high if high is not None else _HIGH if low is None else 4 * low
        self._low = low if low is not None else self._high // 4

    def can_write_eof(self) -> bool:
        """No: only closing ends what we send."""
        return False

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send all of it, in as few records as may be."""
        self.write(b"".join(list_of_data))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send; what the socket does not take now waits."""
        if self._closing or not data:
            return
        sent = 0 if self._unsent else self._send(data)
        if sent < len(data) and not self._closing:
            self._keep(memoryview(bytes(data))[sent:])

    def take(self, chunks: Iterable[bytes]) -> int:
        """Send what the socket takes now; how many of the bytes, from the first on.

        OpenSSL insists on getting what it did not take once more: whatever is written next must begin with these bytes,
        and have 16 KB of them, if there are as many.
        """
        taken = 0
        for chunk in () if self._unsent or self._closing else chunks:
            sent = self._send(chunk)
            taken += sent
            if sent < len(chunk):
                break
        return taken

    def close(self) -> None:
        """Send what is unsent, say good-bye, close."""
        if self._closing:
            return
        self.pause_reading()
        self._closing = True
        if not self._unsent:
            self._part()

    def abort(self) -> None:
        """Close now."""
        self._lose(None)

    # ── how

    def _read(self) -> None:
        try:
            data = self._connection.read(_RECORD)
        except _NOT_NOW:
            return
        except OSError as error:
            self._lose(error)
            return
        if data:
            self._protocol.data_received(data)
            return
        self.pause_reading()
        if not self._protocol.eof_received():
            self.close()

    def _send(self, data: bytes | bytearray | memoryview) -> int:
        """Send record by record, for OpenSSL takes what it is given whole or not at all; how many bytes."""
        sent, size = 0, len(data)
        try:
            if size <= _RECORD:
                return self._connection.write(data)
            view = memoryview(data)
            while sent < size:
                sent += self._connection.write(view[sent : sent + _RECORD])
        except _NOT_NOW:
            pass
        except OSError as error:
            self._lose(error)
        return sent

    def _keep(self, data: memoryview) -> None:
        if not self._unsent:
            self._loop.add_writer(self._descriptor, self._write_on)
        self._unsent.append(data)
        self._size += len(data)
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
        if not self._unsent:
            self._loop.remove_writer(self._descriptor)
        if self._full and self._size <= self._low:
            self._full = False
            self._protocol.resume_writing()
        if self._closing and not self._unsent and self._timer is None and not self._lost:
            self._part()

    def _part(self) -> None:
        """Say good-bye; then nothing that comes is looked at, until the other side has closed, or its time is up."""
        try:
            self._connection.unwrap()
        except _NOT_NOW:
            pass
        except OSError:  # the other side has left without one, and we were about to: nothing has failed
            self._lose(None)
            return
        try:
            self._connection.shutdown(socket.SHUT_WR)
        except OSError:
            self._lose(None)
            return
        self._timer = self._loop.call_later(self._farewell, self._lose, None)
        self._loop.add_reader(self._descriptor, self._drain)

    def _drain(self) -> None:
        try:
            left = socket.socket.recv(self._connection, _HIGH)  # past TLS: it is not to be understood any more
        except BlockingIOError:
            return
        except OSError:
            left = b""
        if not left:
            self._lose(None)

    def _lose(self, error: Exception | None) -> None:
        if self._lost:
            return
        self._lost = self._closing = True
        self._reads = False
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)
        self._unsent.clear()
        self._size = 0
        if self._timer is not None:
            self._timer.cancel()
        self._loop.call_soon(self._bury, error)

    def _bury(self, error: Exception | None) -> None:
        try:
            self._protocol.connection_lost(error)
        finally:
            self._connection.close()

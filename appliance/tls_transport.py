"""TLS straight on the socket: one call of OpenSSL to read, one to write, and nothing copied in between.

asyncio and uvloop hand every byte through two buffers in memory, which costs a request over TLS a fifth, and a large
file a third. Needs a loop that can watch sockets, which Windows' cannot.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from appliance.socket_transport import HIGH, Bytes, SocketTransport

_RECORD: Final = (
    16 * 1024
)  # bytes, the most that a record holds (RFC 8446, 5.1): one read leaves nothing behind in OpenSSL
_NOT_NOW = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Handshake:
    """Shakes hands on an accepted, non-blocking socket; then `done` gets the TLS socket, or `failed` says why not.

    Exactly one of them is called, from the event loop, unless it is cancelled, which counts as a failure. `begin` it
    once.
    """

    def __init__(
        self,
        connection: ssl.SSLSocket,
        done: Callable[[ssl.SSLSocket], None],
        failed: Callable[[str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._done = done
        self._failed = failed
        self._descriptor = connection.fileno()
        self._writes = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, seconds: float) -> None:
        """Shake hands, for so long at most."""
        self._timer = self._loop.call_later(seconds, self._fail, "it took too long")
        self._loop.add_reader(self._descriptor, self._go_on)
        self._go_on()

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
            self._end()
            self._done(self._connection)

    def _await_room(self, *, wanted: bool) -> None:
        if wanted and not self._writes:
            self._loop.add_writer(self._descriptor, self._go_on)
        elif self._writes and not wanted:
            self._loop.remove_writer(self._descriptor)
        self._writes = wanted

    def _fail(self, reason: str) -> None:
        if self._descriptor >= 0:
            self._end()
            self._connection.close()
            self._failed(reason)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._descriptor)
        self._await_room(wanted=False)
        self._descriptor = -1


class SecureTransport(SocketTransport):
    """A connection over which hands are shaken. Closing says good-bye; the other side has `farewell` seconds to."""

    __slots__ = ("_connection", "_farewell", "_inside", "_timer")

    def __init__(
        self, connection: ssl.SSLSocket, peer: object, protocol: asyncio.BaseProtocol, farewell: float
    ) -> None:
        super().__init__(connection.fileno(), peer, protocol)
        self._connection = self._socket = connection
        # What it asks itself, straight: its own `read` and `write` cost as much again as the rest of a call.
        self._inside: ssl.SSLSocket = getattr(connection, "_sslobj", connection)
        self._farewell = farewell
        self._timer: asyncio.TimerHandle | None = None

    # ── what asyncio's transports do

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  (asyncio's signature)
        """As for every transport; `ssl_object` is the TLS socket."""
        if name == "ssl_object":
            return self._connection
        if name == "sslcontext":
            return self._connection.context
        return super().get_extra_info(name, default)

    def can_write_eof(self) -> bool:
        """No: only closing ends what we send."""
        return False

    def write_eof(self) -> None:
        """See can_write_eof."""
        raise NotImplementedError

    def write(self, data: Bytes) -> None:
        """Send; what the socket does not take now waits."""
        if self._size or self._closing or not data:
            self._write_later(data)
            return
        sent = self._send(data)
        if sent != len(data) and not self._closing:
            self._keep(memoryview(bytes(data))[sent:])

    def writelines(self, list_of_data: Iterable[Bytes]) -> None:
        """Send all of it, in as few records as may be."""
        self.write(b"".join(list_of_data))

    def take(self, chunks: Sequence[Bytes]) -> int:
        """Send what the socket takes now; how many of the bytes, from the first on.

        OpenSSL insists on getting what it did not take once more: whatever is written next must begin with these bytes,
        and have 16 KB of them, if there are as many.
        """
        if self._size or self._closing:
            return 0
        taken = 0
        for chunk in _whole_records(chunks):
            sent = self._send(chunk)
            taken += sent
            if sent < len(chunk):
                break
        return taken

    # ── how

    def _read(self) -> None:
        if self._timer is not None:
            self._drain()
            return
        try:
            data = self._inside.read(_RECORD)
        except _NOT_NOW:
            return
        except OSError as error:
            self._lose(error)
            return
        try:
            if data:
                self._protocol.data_received(data)
            else:
                self._end()
        except Exception as error:  # noqa: BLE001  (the protocol's, told to the loop as asyncio's transports do)
            self._failed(error)

    def _send(self, data: Bytes) -> int:
        """Send record by record, for OpenSSL takes what it is given whole or not at all; how many bytes."""
        sent, size, write = 0, len(data), self._inside.write
        try:
            if size <= _RECORD:
                return write(data)
            view = memoryview(data)
            while sent < size:
                sent += write(view[sent : sent + _RECORD])
        except _NOT_NOW:
            pass
        except OSError as error:
            self._lose(error)
        return sent

    def _part(self) -> None:
        """Say good-bye; then nothing that comes is looked at, until the other side has closed, or its time is up."""
        if self._timer is not None:
            return
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
        self._reads = True
        self._follow()

    def _drain(self) -> None:
        """Drop what comes, past TLS, for it is not to be understood any more; the end of it is the end."""
        try:
            if socket.socket.recv(self._connection, HIGH):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._lose(None)

    def _lose(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super()._lose(error)


def _whole_records(chunks: Sequence[Bytes]) -> Sequence[Bytes]:
    """The same bytes, a short beginning with so much of what follows that it fills a record: one of its own costs."""
    if len(chunks) != 2 or len(chunks[0]) >= _RECORD:
        return chunks
    front, body = chunks
    more = _RECORD - len(front)
    return b"".join((front, memoryview(body)[:more])), memoryview(body)[more:]

"""Connections that Hypercorn speaks: how they begin, how they are watched, and that they end."""

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any, cast

import h11
from hypercorn import protocol
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio import tcp_server
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.protocol import h2
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import LifespanState

from appliance.serving.heads import END, BadHead, HeadReader
from appliance.serving.limits import DoorLimits
from appliance.serving.slow_lane import AsgiApp
from appliance.stalling import Stalling

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())  # silent until the program sets up logging

_READ_AHEAD = 64 * 1024  # bytes Hypercorn's reader holds before the socket is paused
_REQUESTS_PER_CONNECTION = 10_000  # Hypercorn's default of 1,000 is reached by one upload of a folder, file by file
_BLANK = re.compile(rb"(?:\r\n)+")
_LOST_SECONDS = 2.0  # for an application to find out by itself that its client has gone


class Hypercorn:
    """The application behind Hypercorn, and the settings it is spoken with. One for all connections."""

    def __init__(self, app: AsgiApp, limits: DoorLimits) -> None:
        self.app = app
        self.wrapped = ASGIWrapper(cast("Any", app))  # Hypercorn types its messages one by one, ASGI's users do not
        self.config = Config()
        self.config.accesslog = None
        self.config.errorlog = log
        self.config.include_server_header = False
        self.config.h11_max_incomplete_size = limits.head
        self.config.h2_max_header_list_size = limits.head
        self.config.keep_alive_timeout = limits.keep_alive_seconds
        self.config.keep_alive_max_requests = _REQUESTS_PER_CONNECTION

    def take(
        self, transport: asyncio.Transport, received: bytes, ended: Callable[["HandedOver"], None]
    ) -> "HandedOver":
        """Speak with the client of a connection from here on; see `front_door.Behind`."""
        return HandedOver(self, transport, received, ended)


class HandedOver:
    """A connection in Hypercorn's hands, from the first byte of a request that was not answered.

    `ended` is called once, when the connection is closed and nothing of it is left running.
    """

    def __init__(
        self, hypercorn: Hypercorn, transport: asyncio.Transport, received: bytes, ended: Callable[["HandedOver"], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        self._transport = transport
        # Of its own, for in Hypercorn it is the context that is terminated, never a connection.
        self._context = WorkerContext(None)
        self._stalling = Stalling(transport)
        self._ended = ended
        reader = asyncio.StreamReader(limit=_READ_AHEAD, loop=loop)
        wire = _Wire(reader, loop)
        transport.set_protocol(wire)
        wire.connection_made(transport)
        reader.feed_data(received)
        writer = asyncio.StreamWriter(transport, wire, reader, loop)
        server = TCPServer(hypercorn.wrapped, loop, hypercorn.config, self._context, LifespanState({}), reader, writer)
        self._task = loop.create_task(server.run())
        self._watch = loop.create_task(self._end_when(wire.over))
        self._task.add_done_callback(self._done)

    async def retire(self) -> None:
        """Finish the requests under way and close; at once when there are none."""
        await self._context.terminated.set()

    def cut(self) -> None:
        """Close now, whatever is under way; it is `gone` soon after."""
        self._transport.abort()
        self._task.cancel()

    async def gone(self) -> None:
        """Return once Hypercorn has ended."""
        await asyncio.wait([self._task])

    def expire(self, now: float, stall_seconds: float) -> None:
        """Close when bytes have waited for the reader and none has gone for `stall_seconds`."""
        if self._stalling.is_over(now, stall_seconds):
            self._transport.abort()

    async def _end_when(self, over: asyncio.Event) -> None:
        """End Hypercorn's task when the connection is over.

        By itself Hypercorn 0.18 waits on: for its keep-alive time-out to pass, or, in HTTP/2, without end for room in
        the flow-control window of a client that has left.
        """
        await over.wait()
        await self._context.terminated.set()
        await asyncio.sleep(_LOST_SECONDS)
        self._task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._watch.cancel()
        self._transport.abort()  # closed long ago, unless Hypercorn failed
        if not task.cancelled() and task.exception() is not None:
            log.warning("connection_failed", exc_info=task.exception())
        self._ended(self)


class _Wire(asyncio.StreamReaderProtocol):
    """A connection as streams; `over` is set when the client has left or said its last word: to Hypercorn, one."""

    def __init__(self, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(reader, loop=loop)
        self.over = asyncio.Event()

    def eof_received(self) -> bool | None:
        self.over.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hypercorn 0.18 takes a client that has left for a fault of ours, unless the error is one of these three."""
        self.over.set()
        known = (BrokenPipeError, ConnectionAbortedError, ConnectionResetError)
        if isinstance(exc, OSError) and not isinstance(exc, known):  # `ENOTCONN`, a time-out, TLS cut short
            exc = ConnectionResetError(exc.errno, exc.strerror)
        super().connection_lost(exc)


class _BoundedBuffer(h2.StreamBuffer):
    """What an HTTP/2 stream has yet to send, bounded.

    Hypercorn 0.18 wakes the sender whenever little could be sent, which is also when the client's window is shut: a
    client that does not read would have a whole file in memory. Here the sender looks again before it goes on.
    """

    async def push(self, data: bytes) -> None:
        if self._complete:
            raise h2.BufferCompleteError
        self.buffer.extend(data)
        await self._is_empty.clear()
        while len(self.buffer) >= h2.BUFFER_HIGH_WATER and not self._complete:
            await self._paused.clear()
            await self._paused.wait()


h2.StreamBuffer = _BoundedBuffer  # type: ignore[misc]  # Hypercorn has no setting for it; a test holds it in place
tcp_server.MAX_RECV = 4 * _READ_AHEAD  # all that the reader holds: a large piece of an upload takes no more work


class _HeldToOurRules(h11.Connection):
    """HTTP/1.1 as h11 reads it, which takes no head that the fast lane would refuse.

    By itself h11 0.16 makes one of lengths that repeat, joins folded lines and takes bare line feeds: a server in front
    may see another end of such a request (RFC 9112, 6.3), and no answer may depend on the lane. What follows a request
    that was the last is dropped: h11 refuses it, and with it the request before.
    """

    def __init__(self, most: int) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=most)
        self._heads = HeadReader()

    def receive_data(self, data: bytes) -> None:
        if not data or self.their_state is not h11.MUST_CLOSE:
            super().receive_data(data)

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        if self.their_state is h11.MUST_CLOSE and self.trailing_data[0]:
            return h11.NEED_DATA
        status = self._refusal() if self.their_state is h11.IDLE else None
        if status is not None:
            raise h11.RemoteProtocolError("not by RFC 9112", error_status_hint=status)
        return super().next_event()

    def _refusal(self) -> int | None:
        received, _ = self.trailing_data
        blank = _BLANK.match(received)
        if blank is not None:  # they mean nothing (RFC 9112, 2.2), and h11 refuses them
            self._receive_buffer.maybe_extract_at_most(blank.end())
            received = received[blank.end() :]
        ends = [at + len(end) for end in (b"\n\r\n", b"\n\n") if (at := received.find(end)) >= 0]  # for h11
        if not ends:
            return None
        head = received[: min(ends)]
        if not head.endswith(END):
            return 400
        try:
            self._heads.read(head)
        except BadHead as bad:
            return bad.status
        return None


class _OurH11Protocol(H11Protocol):
    """Hypercorn's HTTP/1.1, on a connection of ours.

    It stays HTTP/1.1 when a client asks for HTTP/2 by `Upgrade` (obsolete: RFC 9113, 3.1). Proxies that pass that on
    would see no requests any more, only bytes, and we would take from their address what they never looked at.
    """

    async def initiate(self) -> None:
        self.connection = _HeldToOurRules(self.config.h11_max_incomplete_size)
        await super().initiate()

    async def _check_protocol(self, event: h11.Request) -> None:
        if all(name != b"upgrade" for name, _ in event.headers):
            await super()._check_protocol(event)


protocol.H11Protocol = _OurH11Protocol  # type: ignore[attr-defined]  # likewise

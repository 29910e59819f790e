"""The fast lane: HTTP/1 on a bare asyncio protocol, where a visitor's request is two look-ups and one write.

Nothing here becomes a task unless a file has to be read. What the lane cannot answer it hands over, connection and
all, with the bytes from the start of the unanswered request on.
"""

import asyncio
from contextlib import aclosing
from typing import Protocol, cast

from appliance.serving.bodies import Bodies, MissingBlob
from appliance.serving.counters import Counters
from appliance.serving.engine import Request, answer
from appliance.serving.heads import END, BadHead, HeadReader
from appliance.serving.http_date import DateLine
from appliance.serving.limits import DoorLimits
from appliance.serving.replies import FilePart, Reply, page_reply
from appliance.serving.table import Table

_BLANK = b"\r\n"
_CLOSE = b"connection: close\r\n\r\n"
_STAY = b"connection: keep-alive\r\n\r\n"  # HTTP/1.0 clients leave otherwise
_LINGER_SECONDS = 2.0  # for a client to read a refusal while it is still sending


class Door(Protocol):
    """What a lane needs of the front door; the values are shared by all its connections."""

    table: Table
    bodies: Bodies
    counters: Counters
    limits: DoorLimits
    heads: HeadReader
    date: DateLine

    def admit(self, lane: "FastLane", address: str) -> bool:
        """A connection has come in; false when it is one too many."""
        ...

    def leave(self, lane: "FastLane") -> None:
        """The connection has ended."""
        ...

    def hand_over(self, lane: "FastLane", transport: asyncio.Transport, received: bytes) -> None:
        """Take the connection for good; `received` begins at the first byte of an unanswered request."""
        ...


class FastLane(asyncio.Protocol):
    """One connection of a visitor.

    Requests are answered in order, one at a time. While a reply waits for the disk or for its reader, nothing more is
    read from the socket: a connection never holds more than a head, a piece of a file and one read of the socket.
    """

    __slots__ = (
        "_begun",
        "_deadline",
        "_door",
        "_ended",
        "_last",
        "_loop",
        "_paused",
        "_refused",
        "_rest",
        "_sending",
        "_transport",
        "_unsent",
        "_writable",
        "address",
    )

    _transport: asyncio.Transport

    def __init__(self, door: Door) -> None:
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._rest = b""  # received, not yet answered
        self._begun = False  # a head has begun to arrive, and its time runs
        self._sending: asyncio.Task[None] | None = None  # a reply whose body is being read
        self._paused = False  # the transport holds enough for a slow reader
        self._writable: asyncio.Future[None] | None = None  # awaited by `_sending` while paused
        self._last = False  # close after the next reply
        self._ended = False  # the client has sent all it will
        self._refused = False  # what still comes in is dropped
        self._deadline = 0.0  # when `expire` has to look, by the loop's clock
        self._unsent = 0  # bytes waiting for the reader when `expire` last looked
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the visitor in, or turn them away."""
        self._transport = cast("asyncio.Transport", transport)
        self._allow(self._door.limits.keep_alive_seconds)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        if not self._door.admit(self, self.address):
            self._refused = True
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio's signature)
        """Stop what is under way."""
        self._refused = True
        if self._sending is not None:
            self._sending.cancel()
        self._door.leave(self)

    def data_received(self, data: bytes) -> None:
        """Answer the requests that are complete; keep the beginning of the next one."""
        if self._refused:
            return
        if self._rest:
            data = self._rest + data
        if self._sending is not None or self._paused:  # these bytes were on their way when reading was paused
            self._rest = data
        else:
            self._advance(data)

    def eof_received(self) -> bool:
        """The client has sent everything; true keeps the way back open for what it still has to get."""
        self._ended = True
        return self._sending is not None or self._paused

    def pause_writing(self) -> None:
        """The reader is slower than we are: take no further requests until it has caught up."""
        self._paused = True
        self._pause_reading()

    def resume_writing(self) -> None:
        """The reader has caught up."""
        self._paused = False
        if self._writable is not None:
            if not self._writable.done():
                self._writable.set_result(None)
        elif self._sending is None:
            self._go_on()

    def retire(self) -> None:
        """Close as soon as what has been asked for is answered; at once when that is nothing."""
        self._last = True
        if self._sending is None and not self._rest:
            self._transport.close()

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._transport.abort()

    def expire(self, now: float) -> None:
        """Act on a time that is up: idle, slow to ask, or not reading. Called every now and then by the door."""
        if now < self._deadline:
            return
        unsent = self._transport.get_write_buffer_size()
        if unsent and unsent != self._unsent:  # slow, but reading
            self._unsent = unsent
            self._deadline = now + self._door.limits.stall_seconds
        elif unsent or self._sending is not None or self._refused:
            self._transport.abort()
        elif self._begun:
            self._refuse(408)
        else:
            self._transport.close()

    def _advance(self, data: bytes) -> None:
        start, limit = 0, self._door.limits.head
        while (found := data.find(END, start)) >= 0:
            end = found + len(END)
            if end - start > limit:
                break
            if not self._answer(data, start, end):
                return
            start = end
        self._keep(data[start:])

    def _keep(self, rest: bytes) -> None:
        """Hold the beginning of a head until the rest of it comes."""
        self._rest = rest
        limits = self._door.limits
        if len(rest) > limits.head:
            self._refuse(431 if rest.find(b"\r\n", 0, limits.head) >= 0 else 414)
        elif rest and not rest[:1].isalpha() and not _BLANK.startswith(rest[:2]):  # TLS, as a rule
            self._refuse(400)
        elif rest and not self._begun:
            self._begun = True
            self._allow(limits.head_seconds)

    def _answer(self, data: bytes, start: int, end: int) -> bool:
        """Deal with the head at `data[start:end]`; true when the next one may be looked at."""
        heads = self._door.heads
        head = data[start:end]
        try:
            ours = heads.read(head)
        except BadHead as bad:
            self._refuse(bad.status)
            return False
        release = self._door.table.find_raw(heads.host) if ours else None
        if release is None or heads.method not in {b"GET", b"HEAD"} or not heads.target.startswith(b"/"):
            if not head.strip(_BLANK):  # empty lines before a request mean nothing (RFC 9112, 2.2)
                return True
            self._refused = True  # by this lane: the connection is somebody else's now
            self._door.hand_over(self, self._transport, data[start:])
            return False
        reply = answer(Request(heads.method, heads.target, heads.headers), release)
        return self._reply(reply, data, end)

    def _reply(self, reply: Reply, data: bytes, end: int) -> bool:
        door, heads = self._door, self._door.heads
        stays = heads.keep_alive and not self._last
        tail = _CLOSE if not stays else _STAY if heads.old else b"\r\n"
        body: bytes | None
        if heads.method == b"HEAD":
            body = b""
        elif reply.part is None:
            body = reply.body
        else:
            body = door.bodies.get(reply.part)
            if body is None:
                self._rest = data[end:]
                self._pause_reading()
                self._sending = self._loop.create_task(self._send(reply, reply.part, tail, stays=stays))
                return False
        self._transport.write(b"".join((reply.head, door.date.now(), tail, body)))
        door.counters.answered("site", reply.status, len(body))
        return self._replied(data[end:] if self._paused else b"", stays=stays)

    async def _send(self, reply: Reply, part: FilePart, tail: bytes, *, stays: bool) -> None:
        """Send a reply whose body has to be read; the head goes out with the first piece."""
        door = self._door
        head = b"".join((reply.head, door.date.now(), tail))
        try:
            async with aclosing(door.bodies.pieces(part)) as pieces:
                async for piece in pieces:
                    self._transport.write(head + piece if head else piece)
                    head = b""
                    await self._room()
            door.counters.answered("site", reply.status, part.length)
        except MissingBlob:
            if not head:  # too late to say so: only an early end tells the client that this is not all
                self._transport.abort()
                return
            reply = page_reply(500)
            self._transport.write(b"".join((reply.head, door.date.now(), tail, reply.body)))
            door.counters.answered("site", 500, len(reply.body))
        self._sending = None
        if self._replied(self._rest, stays=stays):
            self._go_on()

    async def _room(self) -> None:
        """Return once the reader can take more; others get their turn in between."""
        self._allow(self._door.limits.stall_seconds)
        if not self._paused:
            await asyncio.sleep(0)
            return
        self._writable = self._loop.create_future()
        try:
            await self._writable
        finally:
            self._writable = None

    def _replied(self, rest: bytes, *, stays: bool) -> bool:
        """A reply is written; true when the next request may be looked at now."""
        self._begun = False
        if not stays or self._last:
            self._finish()
            return False
        self._rest = rest
        self._allow(self._door.limits.keep_alive_seconds)
        return not self._paused

    def _go_on(self) -> None:
        """Take up what has waited."""
        if self._refused or self._transport.is_closing():
            return
        self._transport.resume_reading()
        self._advance(self._rest)
        if self._ended and self._sending is None and not self._paused and not self._refused:
            self._finish()

    def _refuse(self, status: int) -> None:
        """Answer what is no request, and close once the client has had time to read that."""
        reply = page_reply(status)
        self._transport.write(b"".join((reply.head, self._door.date.now(), _CLOSE, reply.body)))
        self._door.counters.answered("unknown", status, len(reply.body))
        self._refused = True
        self._rest = b""
        self._transport.write_eof()
        self._allow(_LINGER_SECONDS)

    def _finish(self) -> None:
        self._refused = True
        self._rest = b""
        self._transport.close()
        self._allow(self._door.limits.stall_seconds)

    def _pause_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def _allow(self, seconds: float) -> None:
        self._deadline = self._loop.time() + seconds

"""The fast lane: HTTP/1 on a bare asyncio protocol, where a visitor's request is two look-ups and one write.

Nothing here becomes a task unless a file has to be read. What the lane cannot answer it hands over, connection and
all, with the bytes from the start of the unanswered request on.
"""

import asyncio
from typing import cast

from appliance.serving.bodies import SMALL
from appliance.serving.door import Door
from appliance.serving.engine import Request, answer
from appliance.serving.heads import END, BadHead
from appliance.serving.known import Prepared
from appliance.serving.memory import Memory
from appliance.serving.outlet import Outlet, send_rest
from appliance.serving.prepare import CLOSE, page, prepare
from appliance.serving.ready import LARGEST, Ready
from appliance.serving.release import Release
from appliance.serving.replies import FilePart, Reply
from appliance.serving.rules.conditions import COUNTRY
from appliance.serving.visitor import Asked, Visitor

_NOBODY = Visitor("")
_BLANK = b"\r\n"
_LINGER_SECONDS = 2.0  # for a client to read a refusal while it is still sending


class FastLane(asyncio.Protocol):
    """One connection of a visitor.

    Requests are answered in order, one at a time. While a reply waits for the disk or for its reader, nothing more is
    read from the socket: a connection never holds more than a head, a piece of a file and one read of the socket.
    """

    __slots__ = (
        "_active",
        "_asked",
        "_asking",
        "_begun",
        "_deadline",
        "_door",
        "_ended",
        "_host",
        "_last",
        "_loop",
        "_memory",
        "_outlet",
        "_paused",
        "_ready",
        "_refused",
        "_rest",
        "_sending",
        "_site",
        "_strict",
        "_target",
        "_transport",
        "_trusted",
        "_unsent",
        "_visitor",
        "_writable",
        "address",
    )

    _transport: asyncio.Transport
    secure = False  # over TLS

    def __init__(self, door: Door) -> None:
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._memory: Memory | None = None  # None: answers here depend on more than the head
        self._ready: Ready | None = None  # None: that, or something is under way
        self._active = False  # asked and answered since `expire` last looked, with the deadline as it was
        self._outlet: Outlet | None = None  # once there has been something long to send
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
        self._trusted = False  # the client is a proxy that may speak for others
        self._visitor: Visitor | None = None  # who has connected, once an answer may depend on it
        self._asking = _NOBODY  # and for whom
        self._host = b""
        self._site = ""  # that is being answered for, and what was asked of it
        self._target = b""
        self._strict = b""  # the Strict-Transport-Security line that goes with the answer
        self._asked: Asked | None = None  # for the access log, where there is one
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the visitor in, or turn them away."""
        self._transport = cast("asyncio.Transport", transport)
        self._allow(self._door.limits.keep_alive_seconds)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._trusted = self._door.reception.proxies.trusts(self.address)
        if not self._trusted and self._door.reception.log is None:
            self._memory = self._door.memory[self.secure]
        if not self._door.admit(self, self.address):
            self._refused = True
            self._transport.abort()
        self._be_ready()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio's signature)
        """Stop what is under way."""
        self._refused = True
        self._ready = None
        if self._sending is not None:
            self._sending.cancel()
        self._door.leave(self)

    def data_received(self, data: bytes) -> None:
        """Answer the requests that are complete; keep the beginning of the next one."""
        if self._ready is not None:
            known = self._ready.find(data, self._door.table.version)
            if known is not None:
                known.times += 1  # before anybody can have seen it
                self._active = True
                self._transport.write(known.whole)
                if not known.stays:
                    self._finish()
                return
        if not self._refused:
            self._take(self._rest + data if self._rest else data)
            self._be_ready()

    def eof_received(self) -> bool:
        """The client has sent everything; true keeps the way back open for what it still has to get."""
        self._ended = True
        return self._sending is not None or self._paused

    def pause_writing(self) -> None:
        """The reader is slower than we are: take no further requests until it has caught up."""
        self._paused = True
        self._ready = None
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
        self._ready = None
        if self._sending is None and not self._rest:
            self._transport.close()

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._transport.abort()

    def expire(self, now: float) -> None:
        """Act on a time that is up: idle, slow to ask, or not reading. Called every now and then by the door."""
        if self._active:
            self._active = False
            self._deadline = now + self._door.limits.keep_alive_seconds
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

    def _be_ready(self) -> None:
        """Let what is ready go out at once, unless something is under way here."""
        busy = self._refused or self._last or self._paused or self._rest or self._sending is not None
        self._ready = None if busy or self._memory is None else self._memory.ready

    def _take(self, data: bytes) -> None:
        if self._sending is not None or self._paused:  # these bytes were on their way when reading was paused
            self._rest = data
            return
        again = None if self._memory is None or self._last else self._memory.repeated(data)
        if again is None:
            self._advance(data)
        else:
            self._repeat(again, b"", 0)

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
        memory, head = None if self._last else self._memory, data[start:end]
        again = None if memory is None else memory.similar(head)
        if again is not None:
            return self._repeat(again, data, end)
        try:
            ours = self._door.heads.read(head)
        except BadHead as bad:
            self._refuse(bad.status)
            return False
        release = self._find() if ours else None
        reply = None if release is None else self._ask(release)
        if release is None or reply is None:
            if not head.strip(_BLANK):  # empty lines before a request mean nothing (RFC 9112, 2.2)
                return True
            self._refused = True  # by this lane: the connection is somebody else's now
            self._door.hand_over(self, self._transport, data[start:])
            return False
        prepared = prepare(self._door, reply, release.site, self._strict, last=self._last)
        if memory is not None and release.repeats:
            memory.keep(head, prepared, plain=release.plain)
        return self._deliver(prepared, data, end)

    def _find(self) -> Release | None:
        """Whose site the request is for, if it is one for this lane; who asks is noted."""
        heads = self._door.heads
        self._asking = self._visitor = self._visitor or Visitor(self.address, self.secure)
        self._host = heads.host
        if self._trusted and heads.forwarded:
            self._asking = self._door.reception.proxies.visitor(self._visitor, heads.forwarded)
            self._host = self._asking.host or self._host
        if heads.method not in {b"GET", b"HEAD"} or not heads.target.startswith(b"/"):
            return None
        return self._door.table.find_raw(self._host)

    def _ask(self, release: Release) -> Reply | None:
        """The site's answer; None where that is no business of this lane's."""
        heads, visitor, host = self._door.heads, self._asking, self._host
        if release.asks_country:
            heads.context[COUNTRY] = self._door.reception.countries.of(visitor).encode("ascii")
        request = Request(heads.method, heads.target, heads.headers, heads.context, host, visitor.secure)
        if release.entrance is not None and release.entrance.question(request.target, request.context) is not None:
            return None  # only a slow check can tell
        self._receive(visitor, host, release.site)
        policy = self._door.reception.policy
        moved = policy.move(host, self._target) if policy.https_port and not visitor.secure else None
        reply = moved or answer(request, release)
        return None if reply.upstream else reply

    def _receive(self, visitor: Visitor, host: bytes, site: str) -> None:
        """Keep what is to be known of a request when its answer has gone out."""
        door = self._door
        self._site = site
        self._target = door.heads.target
        self._strict = door.strict if visitor.secure else b""
        if door.reception.log is not None:
            version = "1.0" if door.heads.old else "1.1"
            self._asked = Asked(visitor.address, host, door.heads.method, door.heads.target, version)

    def _count(self, status: int, sent: int) -> None:
        door = self._door
        door.counters.visited(self._site, status, sent, self._target)
        if self._asked is not None and door.reception.log is not None:
            door.reception.log.note(self._asked, status, sent)

    def _repeat(self, known: Prepared, data: bytes, end: int) -> bool:
        self._site, self._target = known.site, known.target
        return self._deliver(known, data, end)

    def _deliver(self, answer: Prepared, data: bytes, end: int) -> bool:
        """Send an answer, after which `data[end:]` is to be looked at; true when that may be done now."""
        part = answer.part
        body = b"" if part is None else self._door.bodies.get(part)
        if part is None or (body is not None and len(body) <= SMALL):
            self._count(answer.status, answer.length)  # before anybody can have seen it
            if not body or self.secure or len(body) <= LARGEST:  # in TLS each write is a record of its own
                self._transport.write(answer.front + body if body else answer.front)
            else:
                self._transport.writelines((answer.front, body))
        else:
            pushed = self._way_out().push(answer.front, body) if body is not None else 0
            if pushed < len(answer.front) + answer.length:
                self._rest = data[end:]
                self._pause_reading()
                self._sending = self._loop.create_task(self._send(answer, part, pushed))
                return False
            self._count(answer.status, answer.length)
        return self._replied(data[end:] if self._paused else b"", stays=answer.stays)

    def _way_out(self) -> Outlet:
        if self._outlet is None:
            self._outlet = Outlet(self._transport)
        return self._outlet

    async def _send(self, answer: Prepared, part: FilePart, pushed: int) -> None:
        """Send an answer of which `pushed` bytes have gone out, and whose body has to be read."""
        status, length = answer.status, answer.length
        reading = self._door.bodies.open(part)
        reading.move_on(max(0, pushed - len(answer.front)))
        try:
            whole = await send_rest(self._way_out(), answer.front[pushed:], reading, self._room, begun=pushed > 0)
        finally:
            reading.close()
        if not whole:
            if self._transport.is_closing():
                return
            status = 500
            said, length = page(self._door, status, answer.end)
            self._transport.write(said)
        self._count(status, length)
        self._sending = None
        if self._replied(self._rest, stays=answer.stays):
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
        self._be_ready()
        if self._ended and self._sending is None and not self._paused and not self._refused:
            self._finish()

    def _refuse(self, status: int) -> None:
        """Answer what is no request, and close once the client has had time to read that."""
        said, length = page(self._door, status, CLOSE)
        self._transport.write(said)
        self._door.counters.answered("unknown", status, length)
        self._refused = True
        self._ready = None
        self._rest = b""
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:  # TLS has no half-closed connections
            self._transport.close()
        self._allow(_LINGER_SECONDS)

    def _finish(self) -> None:
        self._refused = True
        self._ready = None
        self._rest = b""
        self._transport.close()
        self._allow(self._door.limits.stall_seconds)

    def _pause_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def _allow(self, seconds: float) -> None:
        self._active = False
        self._deadline = self._loop.time() + seconds

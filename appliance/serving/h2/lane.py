"""The HTTP/2 lane: one connection of a visitor, its frames read as they come and its sites answered at once.

Nothing becomes a task unless a file has to be read or the application asked. Until the first request has shown whose
connection it is, nothing is said and nothing forgotten, so that Hypercorn can be given all of it.
"""

import asyncio
from typing import Final, Protocol

from appliance.serving.h2.answers import Answers, AnswersDoor
from appliance.serving.h2.first import first_request
from appliance.serving.h2.frames import (
    HEAD,
    PREFACE,
    SETTINGS,
    STREAM,
    Code,
    ConnectionFault,
    StreamFault,
    frame,
    go_away,
    size_of,
)
from appliance.serving.h2.receiving import Receiver
from appliance.serving.h2.sending import Sender
from appliance.serving.visitor import Visitor

_LINGER_SECONDS: Final = 2.0  # for a client to read why it is sent away while it is still sending
_MAX_CONCURRENT_STREAMS, _MAX_HEADER_LIST_SIZE = 3, 6
_FIRST_LINE: Final = PREFACE[:16]
_NO_SETTINGS: Final = frame(SETTINGS, 0, 0)


class Http2Door(AnswersDoor, Protocol):
    """What the lane needs of the front door."""

    def leave(self, lane: "Http2Lane") -> None:
        """The connection has ended."""
        ...

    def give_away(self, lane: "Http2Lane", transport: asyncio.Transport, received: bytes) -> None:
        """Take the connection for good; `received` is all of it."""
        ...


class Http2Lane(asyncio.Protocol):
    """One connection, from its preface on. `start` is called once, by whoever read the first bytes."""

    def __init__(self, door: Http2Door, transport: asyncio.Transport, address: str) -> None:
        self.address = address
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._sender = Sender(transport, self._settled)
        secure = transport.get_extra_info("ssl_object") is not None
        self._answers = Answers(door, self._sender, transport, Visitor(address, secure))
        self._receiver = Receiver(door.limits, self._sender, self._answers.answer, self._loop.time)
        self._received: bytearray | None = bytearray()  # everything, until the first request is decided on
        self._rest = b""  # the beginning of a frame
        self._silence: asyncio.TimerHandle | None = None
        self._over = False  # what still comes in is dropped
        self._leaving = False  # close when what is under way is done
        self._complete_by = 0.0  # when a head that has begun must be here, by the loop's clock; 0 without one
        self._deadline = self._loop.time() + door.limits.head_seconds
        self._progress = (0, 0)  # when `expire` last looked

    def start(self, received: bytes) -> None:
        """Take the connection over, with what has come in so far."""
        self._transport.set_protocol(self)
        # Pause as soon as the socket takes no more: what waits in the transport is memory a slow reader holds.
        if self._transport.can_write_eof():  # over TLS, uvloop's transport would pause for good
            self._transport.set_write_buffer_limits(high=1)
        if received:
            self.data_received(received)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio's signature)
        """Stop what is under way."""
        self._end()
        self._door.leave(self)

    def data_received(self, data: bytes) -> None:
        """Deal with the frames that are complete; keep the beginning of the next one."""
        if self._over:
            return
        if self._received is not None:
            self._received += data
            self._choose(bytes(self._received))
            return
        self._advance(self._rest + data if self._rest else data)

    def eof_received(self) -> bool:
        """The client has sent everything; true keeps the way back open for what it still has to get."""
        self._leaving = True
        return bool(self._sender.streams) and self._transport.can_write_eof()

    def pause_writing(self) -> None:
        """The reader is slower than we are: take no further requests until it has caught up."""
        self._sender.paused = True
        self._complete_by = 0.0  # what is missing may wait in the socket
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The reader has caught up."""
        self._sender.paused = False
        if self._over or self._transport.is_closing():
            return
        self._transport.resume_reading()
        self._sender.go_on()
        if self._received is None:
            self._advance(self._rest)

    def retire(self) -> None:
        """Close as soon as what has been asked for is answered; what is asked from now on is another's to answer."""
        if self._over:
            return
        if self._received is not None:
            self._transport.close()
            return
        self._leaving = self._receiver.deaf = True
        self._sender.put(go_away(self._receiver.last, Code.NO_ERROR))
        self._sender.flush()
        if not self._sender.streams:
            self._finish()

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._transport.abort()

    def expire(self, now: float) -> None:
        """Act on a time that is up: idle, slow to ask, or not reading. Called every now and then by the door."""
        if self._complete_by and now >= self._complete_by:
            self._fail(Code.ENHANCE_YOUR_CALM)
        if now < self._deadline:
            return
        unsent = self._transport.get_write_buffer_size()
        progress = self._sender.sent, unsent
        if self._over or self._received is not None:
            self._transport.abort()
        elif not self._sender.streams and not unsent:
            self._fail(Code.NO_ERROR)
        elif progress != self._progress:  # slow, but reading
            self._progress = progress
            self._deadline = now + self._door.limits.stall_seconds
        else:
            self._transport.abort()

    # --- whose connection is it?

    def _choose(self, received: bytes) -> None:
        try:
            first = first_request(received, self._door.limits.head)
        except (ConnectionFault, StreamFault):  # nobody would answer: let the rules say so
            self._begin(received)
            return
        if first is None:
            if self._silence is None and len(received) >= len(PREFACE):
                self._silence = self._loop.call_later(self._door.limits.http2.silence_seconds, self._break_silence)
            return
        if self._answers.is_ours(*first):
            self._begin(received)
            return
        self._over = True  # for this lane: the connection is somebody else's now
        self._end()
        if self._transport.can_write_eof():
            self._transport.set_write_buffer_limits()
        self._door.give_away(self, self._transport, received)

    def _break_silence(self) -> None:
        """Greet a client that waits for settings before it asks (RFC 9113, 3.4, lets it).

        These are empty and may be followed by others, from us or from Hypercorn: settings may be sent at any time, and
        a client only counts its acknowledgements. So whose connection it is stays open.
        """
        if self._received is not None and not self._transport.is_closing():
            self._transport.write(_NO_SETTINGS)

    def _begin(self, received: bytes) -> None:
        """The connection is ours: say what we take, and deal with everything that came in."""
        self._received = None
        self._cancel_silence()
        limits = self._door.limits
        settings = ((_MAX_CONCURRENT_STREAMS, limits.http2.streams), (_MAX_HEADER_LIST_SIZE, limits.head))
        payload = b"".join([number.to_bytes(2, "big") + value.to_bytes(4, "big") for number, value in settings])
        self._sender.put(frame(SETTINGS, 0, 0, payload))
        self._allow()
        if received.startswith(PREFACE):
            self._advance(received[len(PREFACE) :])
        else:
            self._fail(Code.PROTOCOL_ERROR)

    # --- frames

    def _advance(self, data: bytes) -> None:
        sender, receive = self._sender, self._receiver.receive
        at, end = 0, len(data)
        asked = self._receiver.last
        try:
            while end - at >= HEAD.size and not sender.paused:
                word, flags, number = HEAD.unpack_from(data, at)
                stop = at + HEAD.size + size_of(word)
                if stop > end:
                    break
                receive(word & 0xFF, flags, number & STREAM, data[at + HEAD.size : stop])
                at = stop
                if sender.full:
                    sender.flush()
        except ConnectionFault as fault:
            self._fail(fault.code)
            return
        self._rest = data[at:]
        sender.flush()
        if self._receiver.last != asked:
            self._allow()
        self._watch_head(moved=at > 0)
        if self._leaving and not sender.streams:
            self._finish()

    def _watch_head(self, *, moved: bool) -> None:
        """Give a frame or a header block that has begun its time, and no more however it drips."""
        if not self._receiver.in_block and (moved or not self._rest):
            self._complete_by = 0.0
        if (self._rest or self._receiver.in_block) and not self._complete_by and not self._sender.paused:
            self._complete_by = self._loop.time() + self._door.limits.head_seconds

    def _allow(self) -> None:
        limits = self._door.limits
        seconds = limits.stall_seconds if self._sender.streams else limits.keep_alive_seconds
        self._deadline = self._loop.time() + seconds

    # --- the end

    def _settled(self) -> None:
        """Nothing is under way any more."""
        if self._over:
            return
        if self._leaving:
            self._finish()
        else:
            self._allow()

    def _fail(self, code: Code) -> None:
        """Say why, and close once the client has had time to read it."""
        if self._over:
            return
        self._over = True
        self._sender.drop_all()
        self._sender.put(go_away(self._receiver.last, code))
        self._sender.flush()
        self._finish()

    def _finish(self) -> None:
        self._sender.flush()
        self._end()
        self._deadline = self._loop.time() + _LINGER_SECONDS
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self._transport.resume_reading()  # what is dropped must still be read, or the client never reads our word
        else:  # TLS has no half-closed connections
            self._transport.close()

    def _end(self) -> None:
        self._over = True
        self._rest = b""
        self._complete_by = 0.0
        self._cancel_silence()
        self._sender.drop_all()

    def _cancel_silence(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None


def is_preface(received: bytes) -> bool:
    """Does a connection begin in HTTP/2? True as soon as the first line is here."""
    return received.startswith(_FIRST_LINE)

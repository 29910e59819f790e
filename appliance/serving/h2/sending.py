"""What goes out on an HTTP/2 connection: frames, held to the peer's flow-control windows and its socket's pace."""

import asyncio
from collections.abc import Callable
from typing import Final

from appliance.serving.h2.frames import (
    DATA,
    END_STREAM,
    FRAME,
    HEAD,
    HEADERS,
    MAX_WINDOW,
    WINDOW,
    Code,
    ConnectionFault,
    StreamFault,
    header_frames,
    reset,
)
from appliance.serving.h2.frames import END_HEADERS as END_BLOCK
from appliance.serving.h2.hpack import NO_TABLE
from appliance.serving.h2.inbox import Inbox

_FLUSH: Final = 64 * 1024  # bytes written to the transport at a time; past them it says whether it can take more
_NOTHING: Final = memoryview(b"")
_REMEMBERED: Final = 128  # streams that we ended before their request was here


class Stream:
    """One request that is not answered yet, both ways.

    `window` is what the peer takes of the reply; `rest` what is to go out of it now, and `final` says that nothing
    comes after that. `inbox` takes what still comes of the request, until that has `ended`.
    """

    __slots__ = ("ended", "final", "id", "inbox", "rest", "task", "waiter", "window")

    def __init__(self, number: int, window: int, inbox: Inbox | None) -> None:
        self.id = number
        self.window = window
        self.inbox = inbox
        self.ended = inbox is None
        self.rest = _NOTHING
        self.final = False
        self.waiter: asyncio.Future[None] | None = None
        self.task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Let the stream's task look again."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def drop(self) -> None:
        """End what is under way for the stream."""
        self.rest = _NOTHING
        if self.task is not None:
            self.task.cancel()


class Sender:
    """Writes frames to a transport. `streams` are those under way, by number; `settled` is called when none is left.

    What a peer does not take waits here as views of bytes that are in memory anyway, never as copies.
    """

    def __init__(self, transport: asyncio.Transport, settled: Callable[[], None]) -> None:
        self.window = WINDOW
        self.initial = WINDOW  # of new streams
        self.paused = False  # the transport holds enough for a slow reader
        self.sent = 0  # bytes of bodies, ever
        self.streams: dict[int, Stream] = {}
        self._ready: dict[int, Stream] = {}  # with bytes to send and a window for them, whose turn comes first first
        self._transport = transport
        self._settled = settled
        self._out: list[bytes | memoryview] = []
        self._out_bytes = 0
        self._cut_lately: dict[int, None] = {}
        self._first_block = b""  # goes in front of the next header block

    def put(self, data: bytes) -> None:
        """Write whole frames that need no window."""
        self._out.append(data)
        self._out_bytes += len(data)

    def flush(self) -> None:
        """Hand what was written to the transport."""
        if self._out:
            data = b"".join(self._out)
            self._out.clear()
            self._out_bytes = 0
            if not self._transport.is_closing():
                self._transport.write(data)

    @property
    def full(self) -> bool:
        """So much is written that the transport should be asked whether it can take more."""
        return self._out_bytes >= _FLUSH

    def open(self, number: int, inbox: Inbox | None = None) -> Stream:
        """A stream whose reply does not go out at once, or whose request is still coming into the inbox."""
        stream = self.streams[number] = Stream(number, self.initial, inbox)
        return stream

    def shrink_table(self) -> None:
        """The peer keeps a smaller dynamic table: say that none is used (RFC 7541, 4.2)."""
        self._first_block = NO_TABLE

    def answer(self, number: int, block: bytes, body: bytes) -> bool:
        """Send a whole reply to a request that has ended, if that can be done now."""
        size = len(body)
        if not size:
            self.head(number, block, END_STREAM)
            return True
        if self._ready or self.paused or size > FRAME or size > self.window or size > self.initial:
            return False
        self.head(number, block, 0)
        self.window -= size
        self.sent += size
        self._out += HEAD.pack(size << 8 | DATA, END_STREAM, number), body
        self._out_bytes += size
        return True

    def head(self, number: int, block: bytes, flags: int) -> None:
        """Send a reply's header block."""
        if self._first_block:
            block, self._first_block = self._first_block + block, b""
        if len(block) <= FRAME:
            self.put(HEAD.pack(len(block) << 8 | HEADERS, flags | END_BLOCK, number) + block)
        else:
            self.put(header_frames(number, block, flags))

    def offer(self, stream: Stream, body: bytes | memoryview, *, final: bool) -> None:
        """Let these bytes go out as the windows allow; `taken` waits for it. One offer at a time for a stream."""
        if stream.id not in self.streams:  # taken back by the peer, and its task has not heard of it yet
            return
        stream.rest, stream.final = memoryview(body), final
        if body:
            self._ready[stream.id] = stream
            self.pump()
        elif final:
            self.put(HEAD.pack(DATA, END_STREAM, stream.id))
            self.finish(stream)

    def credit(self, stream: Stream) -> int:
        """The bytes that may go out for a stream now."""
        return 0 if self.paused else max(0, min(stream.window, self.window))

    async def taken(self, stream: Stream) -> None:
        """Return once an offer is on its way and there is room for more; others get their turn in between."""
        self.flush()
        if not stream.rest and self.credit(stream):
            await asyncio.sleep(0)
        while stream.id in self.streams and (stream.rest or not self.credit(stream)):
            stream.waiter = asyncio.get_running_loop().create_future()
            try:
                await stream.waiter
            finally:
                stream.waiter = None

    def pump(self) -> None:
        """Send what is on offer, a frame of each stream in turn, while the connection takes it."""
        ready = self._ready
        while ready and self.window > 0 and not self.paused:
            stream = ready.pop(next(iter(ready)))
            if stream.window > 0:
                self._send_frame(stream)
                if stream.rest:
                    ready[stream.id] = stream
            if self._out_bytes >= _FLUSH:
                self.flush()

    def _send_frame(self, stream: Stream) -> None:
        size = min(len(stream.rest), stream.window, self.window, FRAME)
        piece, stream.rest = stream.rest[:size], stream.rest[size:]
        stream.window -= size
        self.window -= size
        self.sent += size
        last = stream.final and not stream.rest
        self._out += HEAD.pack(size << 8 | DATA, END_STREAM if last else 0, stream.id), piece
        self._out_bytes += size
        if last:
            self.finish(stream)
        elif not stream.rest:
            stream.rest = _NOTHING  # an empty view holds on to what it was a view of
            stream.wake()

    def finish(self, stream: Stream) -> None:
        """The reply is out. A request that still comes in is not waited for (RFC 9113, 8.1)."""
        if not stream.ended:
            self._cut(stream.id, Code.NO_ERROR)
        del self.streams[stream.id]
        stream.wake()
        if not self.streams:
            self._settled()

    def cut(self, number: int, code: Code) -> None:
        """End a stream with RST_STREAM, whatever is under way for it."""
        self._cut(number, code)
        self.drop(number)

    def was_cut(self, number: int) -> bool:
        """Whether we ended a stream early, so that what still comes of it was on its way (RFC 9113, 5.1)."""
        return number in self._cut_lately

    def _cut(self, number: int, code: Code) -> None:
        self.put(reset(number, code))
        self._cut_lately[number] = None
        if len(self._cut_lately) > _REMEMBERED:
            del self._cut_lately[next(iter(self._cut_lately))]

    def go_on(self) -> None:
        """There is room again, in the window or in the transport."""
        self.pump()
        if self.window > 0 and not self.paused:
            for stream in list(self.streams.values()):
                if stream.window > 0:
                    stream.wake()

    def widen(self, size: int) -> None:
        """WINDOW_UPDATE for the connection; raises ConnectionFault."""
        if not size:
            raise ConnectionFault(Code.PROTOCOL_ERROR)
        self.window += size
        if self.window > MAX_WINDOW:
            raise ConnectionFault(Code.FLOW_CONTROL_ERROR)
        self.go_on()

    def widen_stream(self, number: int, size: int) -> None:
        """WINDOW_UPDATE for a stream, of which nothing is said when it is over; raises StreamFault."""
        if not size:
            raise StreamFault(Code.PROTOCOL_ERROR)
        stream = self.streams.get(number)
        if stream is None:
            return
        stream.window += size
        if stream.window > MAX_WINDOW:
            raise StreamFault(Code.FLOW_CONTROL_ERROR)
        self._look_again(stream)

    def change_initial(self, size: int) -> None:
        """SETTINGS_INITIAL_WINDOW_SIZE, which moves every stream's window (RFC 9113, 6.9.2); raises ConnectionFault."""
        if size > MAX_WINDOW:
            raise ConnectionFault(Code.FLOW_CONTROL_ERROR)
        difference, self.initial = size - self.initial, size
        for stream in list(self.streams.values()):
            stream.window += difference
            if stream.window > MAX_WINDOW:
                raise ConnectionFault(Code.FLOW_CONTROL_ERROR)
            self._look_again(stream)

    def drop(self, number: int) -> None:
        """Forget a stream and what is under way for it."""
        stream = self.streams.pop(number, None)
        self._ready.pop(number, None)
        if stream is not None:
            stream.drop()
            if not self.streams:
                self._settled()

    def drop_all(self) -> None:
        """Forget every stream."""
        for number in list(self.streams):
            self.drop(number)

    def _look_again(self, stream: Stream) -> None:
        if stream.window <= 0:
            return
        if stream.rest:
            self._ready[stream.id] = stream
            self.pump()
        elif self.credit(stream):
            stream.wake()

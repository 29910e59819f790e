"""What comes in on an HTTP/2 connection: each frame held to RFC 9113, and requests put together from them."""

from collections.abc import Callable
from struct import Struct
from typing import Final

from jh2._hazmat import Decoder

from appliance.serving.h2.floods import Patience
from appliance.serving.h2.frames import (
    ACK,
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    FRAME,
    PADDED,
    PING,
    PRIORITISED,
    SETTINGS,
    STREAM,
    WINDOW,
    Code,
    ConnectionFault,
    StreamFault,
    frame,
    unwrap,
    window_update,
)
from appliance.serving.h2.hpack import ReceivedField, decode
from appliance.serving.h2.requests import Ask, check_trailers, read_request
from appliance.serving.h2.sending import Sender
from appliance.serving.limits import DoorLimits

_SETTING = Struct(">HI")
_TABLE_SIZE, _ENABLE_PUSH, _INITIAL_WINDOW, _MAX_FRAME = 1, 2, 4, 5
_DEFAULT_TABLE = 4_096
_LARGEST_FRAME = 2**24 - 1
_ACKNOWLEDGED: Final = frame(SETTINGS, ACK, 0)

Answer = Callable[[int, Ask, bool], None]
"""Takes a stream's number, its request and whether that has ended; raises StreamFault."""


class Receiver:
    """Deals with one frame at a time. Raises ConnectionFault; what is wrong with one stream ends that stream.

    `last` is the highest stream that a request came on; `deaf` says that later ones are not answered any more.
    """

    def __init__(self, limits: DoorLimits, sender: Sender, answer: Answer, clock: Callable[[], float]) -> None:
        self.last = 0
        self.deaf = False
        self._limits = limits
        self._sender = sender
        self._answer = answer
        self._clock = clock
        self._decoder = Decoder(2 * limits.head)
        self._window = WINDOW
        self._greeted = False
        self._skipped: list[range] = []  # streams that never were
        self._block: bytearray | None = None  # a header block that CONTINUATION frames complete
        self._block_stream = 0
        self._block_ends = False
        self._continuations = 0
        http2 = limits.http2
        self._resets = Patience(http2.resets, http2.resets_per_second)
        self._idle = Patience(http2.idle_frames, http2.idle_frames_per_second)
        self._kinds = (
            self._data,
            self._headers,
            self._priority,
            self._reset,
            self._settings,
            self._push_promise,
            self._ping,
            self._go_away,
            self._window_update,
            self._continuation,
        )

    @property
    def in_block(self) -> bool:
        """A header block has begun and not ended."""
        return self._block is not None

    def receive(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        """Deal with a frame of `kind` on stream `number`; raises ConnectionFault."""
        if self._block is not None and (kind != CONTINUATION or number != self._block_stream):
            raise ConnectionFault(Code.PROTOCOL_ERROR)  # RFC 9113, 4.3
        if not self._greeted:
            if kind != SETTINGS or flags & ACK:  # RFC 9113, 3.4
                raise ConnectionFault(Code.PROTOCOL_ERROR)
            self._greeted = True
        try:
            if kind < len(self._kinds):
                self._kinds[kind](flags, number, payload)
            else:
                self._idle.spend(self._clock())
        except StreamFault as fault:
            self._resets.spend(self._clock())  # also ours: CVE-2025-8671 makes the server do the resetting
            self._sender.cut(number, fault.code)

    def _data(self, flags: int, number: int, payload: bytes) -> None:
        size = len(payload)  # padding counts (RFC 9113, 6.9.1)
        self._used(number)
        self._window -= size
        if self._window < 0:
            raise ConnectionFault(Code.FLOW_CONTROL_ERROR)
        if self._window < WINDOW // 2:
            self._sender.put(window_update(0, WINDOW - self._window))
            self._window = WINDOW
        payload = unwrap(flags & PADDED, payload)
        final = bool(flags & END_STREAM)
        if not payload and not final:
            self._idle.spend(self._clock())
        stream = self._sender.streams.get(number)
        if stream is not None and stream.inbox is not None and not stream.ended:
            stream.inbox.add(payload, size, final=final)
            stream.ended = final
        elif not self._sender.was_cut(number) and not self.deaf:
            raise StreamFault(Code.STREAM_CLOSED)

    def _headers(self, flags: int, number: int, payload: bytes) -> None:
        if not number & 1:  # also 0; the even ones are ours, for pushes we do not make
            raise ConnectionFault(Code.PROTOCOL_ERROR)
        if flags & (PADDED | PRIORITISED):
            payload = unwrap(flags, payload)
        if flags & END_HEADERS:
            self._whole_block(number, payload, ends=bool(flags & END_STREAM))
            return
        self._block = bytearray(payload)
        self._block_stream = number
        self._block_ends = bool(flags & END_STREAM)
        self._continuations = 0

    def _continuation(self, flags: int, number: int, payload: bytes) -> None:
        if self._block is None:
            raise ConnectionFault(Code.PROTOCOL_ERROR)
        self._block += payload
        self._continuations += 1
        if self._continuations > self._limits.http2.continuations or len(self._block) > 2 * self._limits.head:
            raise ConnectionFault(Code.ENHANCE_YOUR_CALM)
        if flags & END_HEADERS:
            block, self._block = bytes(self._block), None
            self._whole_block(number, block, ends=self._block_ends)

    def _whole_block(self, number: int, block: bytes, *, ends: bool) -> None:
        if number <= self.last:
            self._second_block(number, decode(self._decoder, block), ends=ends)
            return
        if number > self.last + 2 and len(self._skipped) < 16:
            self._skipped.append(range(self.last + 2, number))
        fields = decode(self._decoder, block)  # of refused streams too: the table must stay in step
        if self.deaf:
            return
        self.last = number
        if len(self._sender.streams) >= self._limits.http2.streams:
            raise StreamFault(Code.REFUSED_STREAM)
        ask = read_request(fields)
        if ends and ask.length:  # RFC 9113, 8.1.1
            raise StreamFault(Code.PROTOCOL_ERROR)
        self._answer(number, ask, ends)

    def _second_block(self, number: int, fields: list[ReceivedField], *, ends: bool) -> None:
        """Trailers, or a stream that is over (RFC 9113, 5.1 and 5.1.1)."""
        stream = self._sender.streams.get(number)
        if stream is None:
            if self._sender.was_cut(number):
                return
            never = any(number in skipped for skipped in self._skipped)
            raise ConnectionFault(Code.PROTOCOL_ERROR if never else Code.STREAM_CLOSED)
        if stream.ended or stream.inbox is None:
            raise StreamFault(Code.STREAM_CLOSED)
        check_trailers(fields)
        if not ends:
            raise StreamFault(Code.PROTOCOL_ERROR)
        stream.inbox.add(b"", 0, final=True)
        stream.ended = True

    def _priority(self, _flags: int, number: int, payload: bytes) -> None:
        if not number:
            raise ConnectionFault(Code.PROTOCOL_ERROR)
        self._idle.spend(self._clock())
        if len(payload) != 5:
            raise StreamFault(Code.FRAME_SIZE_ERROR)

    def _reset(self, _flags: int, number: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise ConnectionFault(Code.FRAME_SIZE_ERROR)
        self._used(number)
        self._resets.spend(self._clock())
        self._sender.drop(number)

    def _settings(self, flags: int, number: int, payload: bytes) -> None:
        if number:
            raise ConnectionFault(Code.PROTOCOL_ERROR)
        if len(payload) % _SETTING.size or (flags & ACK and payload):
            raise ConnectionFault(Code.FRAME_SIZE_ERROR)
        self._idle.spend(self._clock())
        if flags & ACK:
            return
        for name, value in _SETTING.iter_unpack(payload):
            self._set(name, value)
        self._sender.put(_ACKNOWLEDGED)

    def _set(self, name: int, value: int) -> None:
        if name == _INITIAL_WINDOW:
            self._sender.change_initial(value)
        elif name == _TABLE_SIZE:
            if value < _DEFAULT_TABLE:
                self._sender.shrink_table()
        elif (name == _ENABLE_PUSH and value > 1) or (name == _MAX_FRAME and not FRAME <= value <= _LARGEST_FRAME):
            raise ConnectionFault(Code.PROTOCOL_ERROR)

    def _push_promise(self, _flags: int, _number: int, _payload: bytes) -> None:
        raise ConnectionFault(Code.PROTOCOL_ERROR)  # clients make none (RFC 9113, 8.4)

    def _ping(self, flags: int, number: int, payload: bytes) -> None:
        if number:
            raise ConnectionFault(Code.PROTOCOL_ERROR)
        if len(payload) != 8:
            raise ConnectionFault(Code.FRAME_SIZE_ERROR)
        self._idle.spend(self._clock())
        if not flags & ACK:
            self._sender.put(frame(PING, ACK, 0, payload))

    def _go_away(self, _flags: int, number: int, payload: bytes) -> None:
        """The client will ask no more; what is under way goes on."""
        if number:
            raise ConnectionFault(Code.PROTOCOL_ERROR)
        if len(payload) < 8:
            raise ConnectionFault(Code.FRAME_SIZE_ERROR)
        self._idle.spend(self._clock())

    def _window_update(self, _flags: int, number: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise ConnectionFault(Code.FRAME_SIZE_ERROR)
        size = int.from_bytes(payload, "big") & STREAM
        if number:
            self._used(number)
            self._sender.widen_stream(number, size)
        else:
            self._sender.widen(size)

    def _used(self, number: int) -> None:
        """Hold a frame to a stream that has been opened; raises ConnectionFault."""
        if not number & 1 or (number > self.last and not self.deaf):
            raise ConnectionFault(Code.PROTOCOL_ERROR)

"""HTTP/2 frames (RFC 9113, 4 and 6): their numbers, how they are written, and what is wrong with them."""

from enum import IntEnum
from struct import Struct
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD: Final = Struct(">IBI")  # of a frame: length (24 bits) and kind (8), flags, stream
FRAME: Final = 16_384  # bytes of payload every peer takes; we send no larger ones and take none
WINDOW: Final = 65_535  # bytes, of every flow-control window at first
MAX_WINDOW: Final = 2**31 - 1
STREAM: Final = 0x7FFF_FFFF  # the bits of a stream's number; the one above them is reserved

(DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION) = range(10)

END_STREAM: Final = 0x01
ACK: Final = 0x01
END_HEADERS: Final = 0x04
PADDED: Final = 0x08
PRIORITISED: Final = 0x20

_PRIORITY_BYTES = 5


class Code(IntEnum):
    """Why a stream or a connection ends (RFC 9113, 7)."""

    NO_ERROR = 0x0
    PROTOCOL_ERROR = 0x1
    INTERNAL_ERROR = 0x2
    FLOW_CONTROL_ERROR = 0x3
    STREAM_CLOSED = 0x5
    FRAME_SIZE_ERROR = 0x6
    REFUSED_STREAM = 0x7
    CANCEL = 0x8
    COMPRESSION_ERROR = 0x9
    ENHANCE_YOUR_CALM = 0xB


class ConnectionFault(Exception):
    """The peer broke a rule that the whole connection hangs on: GOAWAY and the end."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code


class StreamFault(Exception):
    """The peer broke a rule of one stream: RST_STREAM, and the others go on."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame; the payload is at most FRAME bytes."""
    return HEAD.pack(len(payload) << 8 | kind, flags, stream) + payload


def header_frames(stream: int, block: bytes, flags: int) -> bytes:
    """A header block as HEADERS, with CONTINUATION where it is too long for one frame."""
    if len(block) <= FRAME:
        return frame(HEADERS, flags | END_HEADERS, stream, block)
    parts = [block[at : at + FRAME] for at in range(0, len(block), FRAME)]
    middle = [frame(CONTINUATION, 0, stream, part) for part in parts[1:-1]]
    last = frame(CONTINUATION, END_HEADERS, stream, parts[-1])
    return b"".join((frame(HEADERS, flags, stream, parts[0]), *middle, last))


def size_of(word: int) -> int:
    """The bytes of payload that a frame's first word announces; raises ConnectionFault."""
    if word >> 8 > FRAME:
        raise ConnectionFault(Code.FRAME_SIZE_ERROR)
    return word >> 8


def reset(stream: int, code: Code) -> bytes:
    """RST_STREAM."""
    return frame(RST_STREAM, 0, stream, code.to_bytes(4, "big"))


def go_away(last_stream: int, code: Code) -> bytes:
    """GOAWAY, naming the last stream that was or will be dealt with."""
    return frame(GOAWAY, 0, 0, last_stream.to_bytes(4, "big") + code.to_bytes(4, "big"))


def window_update(stream: int, size: int) -> bytes:
    """WINDOW_UPDATE by `size` bytes, more than none; stream 0 is the connection."""
    return frame(WINDOW_UPDATE, 0, stream, size.to_bytes(4, "big"))


def unwrap(flags: int, payload: bytes) -> bytes:
    """The payload of DATA or HEADERS without padding and priority; raises ConnectionFault."""
    start, end = 0, len(payload)
    if flags & PADDED:
        if not payload:
            raise ConnectionFault(Code.FRAME_SIZE_ERROR)
        start, end = 1, end - payload[0]
    if flags & PRIORITISED:
        start += _PRIORITY_BYTES
        if len(payload) < start:
            raise ConnectionFault(Code.FRAME_SIZE_ERROR)
    if end < start:  # the padding is longer than what it pads (RFC 9113, 6.1 and 6.2)
        raise ConnectionFault(Code.PROTOCOL_ERROR)
    return payload[start:end]

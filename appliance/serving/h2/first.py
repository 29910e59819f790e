"""The first request of a connection, looked at before a byte of it is answered: whose connection will it be?"""

from jh2._hazmat import Decoder

from appliance.serving.h2.frames import (
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    FRAME,
    HEAD,
    HEADERS,
    PREFACE,
    Code,
    ConnectionFault,
    unwrap,
)
from appliance.serving.h2.hpack import decode
from appliance.serving.h2.requests import Ask, read_request

_FRAMES = 64  # in front of a first request; Firefox of old sent half a dozen


def first_request(received: bytes, most: int) -> tuple[Ask, bool] | None:
    """The first request in what a connection began with, and whether it is whole; None while it is incomplete.

    Raises ConnectionFault or StreamFault for what no server would answer, as soon as that is certain. Four times
    `most`, in bytes, is as much as is looked at.
    """
    if not PREFACE.startswith(received[: len(PREFACE)]):
        raise ConnectionFault(Code.PROTOCOL_ERROR)
    block: bytes | None = None
    last = False
    at = len(PREFACE)
    for _ in range(_FRAMES):
        if len(received) - at < HEAD.size:
            break
        word, flags, _number = HEAD.unpack_from(received, at)
        start, kind = at + HEAD.size, word & 0xFF
        at = start + (word >> 8)
        if word >> 8 > FRAME or (block is not None and kind != CONTINUATION):
            raise ConnectionFault(Code.FRAME_SIZE_ERROR if word >> 8 > FRAME else Code.PROTOCOL_ERROR)
        if at > len(received):
            break
        if kind == HEADERS:
            block, last = unwrap(flags, received[start:at]), bool(flags & END_STREAM)
        elif block is not None:
            block += received[start:at]
        if block is not None and flags & END_HEADERS:
            return read_request(decode(Decoder(2 * most), block)), last
    else:
        raise ConnectionFault(Code.ENHANCE_YOUR_CALM)
    if len(received) > 4 * most:
        raise ConnectionFault(Code.ENHANCE_YOUR_CALM)
    return None

"""Header blocks (RFC 7541): those of requests decoded by a library, those of replies written once."""

import re
from typing import Final

from jh2._hazmat import Decoder, Encoder, HPACKError, OversizedHeaderListError

from appliance.serving.h2.frames import Code, ConnectionFault
from appliance.serving.replies import Fields

ReceivedField = tuple[bytes, bytes, bool]  # name, value, and whether intermediaries may index it

NO_TABLE: Final = b"\x20"  # a size update to nothing; starts a block once the peer has asked for a smaller table

_INDEXED = re.compile(rb"[\x81-\xfe]*")  # fields that are one octet each
_UPDATES = re.compile(rb"(?:[\x20-\x3e]|\x3f[\x80-\xff]{0,3}[\x00-\x7f]){0,2}")  # RFC 7541, 4.2: at most two, in front
_INTEGER_OCTETS = 5  # more than any index or length that fits a block


def decode(decoder: Decoder, block: bytes) -> list[ReceivedField]:
    """The fields of a block; raises ConnectionFault, after which the decoder is of no use."""
    if not is_whole(block):
        raise ConnectionFault(Code.COMPRESSION_ERROR)
    try:
        fields: list[ReceivedField] = decoder.decode(block, True)  # noqa: FBT003  (raw: bytes; jh2 takes no keywords)
    except OversizedHeaderListError as bomb:
        raise ConnectionFault(Code.ENHANCE_YOUR_CALM) from bomb
    except HPACKError as broken:
        raise ConnectionFault(Code.COMPRESSION_ERROR) from broken
    return fields


def is_whole(block: bytes) -> bool:
    """Does the block end where its last field ends, with size updates in front only?

    Asked first, because jh2 5.0 panics (and prints a trace) where a block breaks off.
    """
    updates = _UPDATES.match(block)
    at, end = updates.end() if updates else 0, len(block)
    indexed = _INDEXED.match
    while at < end:
        run = indexed(block, at)
        at = run.end() if run else at
        if at < end:
            at = _past_field(block, at)
    return at == end


def encode(fields: Fields) -> bytes:
    """A block that reads the same whenever it is sent: static table and literals that nobody indexes."""
    return bytes(Encoder().encode([(name, value, True) for name, value in fields]))


def _past_field(block: bytes, at: int) -> int:
    """Where the field that begins at `at` ends; past the block when it does not end in it."""
    first = block[at]
    if first >= 0x80:
        return _past_integer(block, at) if first == 0xFF else len(block) + 1  # index 0 is none
    if 0x20 <= first < 0x40:  # a size update among the fields
        return len(block) + 1
    mask = 0x3F if first >= 0x40 else 0x0F
    name = first & mask
    at = _past_integer(block, at) if name == mask else at + 1
    return _past_string(block, at if name else _past_string(block, at))


def _past_integer(block: bytes, at: int) -> int:
    """Where an integer whose prefix is full ends (RFC 7541, 5.1)."""
    for number in range(at + 1, min(at + 1 + _INTEGER_OCTETS, len(block))):
        if block[number] < 0x80:
            return number + 1
    return len(block) + 1


def _past_string(block: bytes, at: int) -> int:
    if at >= len(block):
        return len(block) + 1
    length = block[at] & 0x7F
    if length < 0x7F:
        return at + 1 + length
    end = _past_integer(block, at)
    octets = block[at + 1 : end]
    return end + length + sum((octet & 0x7F) << 7 * place for place, octet in enumerate(octets))

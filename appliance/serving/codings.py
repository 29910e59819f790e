"""Which content coding a visitor gets (RFC 9110, 12.5.3): told from `Accept-Encoding`, remembered by its value."""

import re
from functools import lru_cache

HEADER = b"accept-encoding"
PREFERRED = (b"zstd", b"br", b"gzip")
"""The codings a file may have forms in; the first wins among equals."""

_IDENTITY = b"identity"
_ALIASES = {b"x-gzip": b"gzip"}  # RFC 9110, 8.4.1.3
_WEIGHT = re.compile(rb"[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_REMEMBERED = 256  # longest value remembered, in bytes: browsers send about twenty
_MANY = 64  # members looked at; there are not that many codings

Order = tuple[bytes, ...]


def wanted(value: bytes) -> Order:
    """The codings to try, best first; when a file has none of them it is sent as it is.

    A refused coding (`q=0`) and those liked less than `identity` are left out. There is always an answer: that
    nothing suits a visitor is no reason for a 406.
    """
    return _remembered(value) if len(value) <= _REMEMBERED else _read(value)


def _read(value: bytes) -> Order:
    weights = _weights(value)
    others = weights.get(b"*", 0.0)
    plain = weights.get(_IDENTITY, 0.0)  # unless it is asked for, it comes after all that are
    liked = {coding: weights.get(coding, others) for coding in PREFERRED}
    chosen = [coding for coding in PREFERRED if liked[coding] > 0 and liked[coding] >= plain]
    return tuple(sorted(chosen, key=lambda coding: -liked[coding]))


_remembered = lru_cache(maxsize=1024)(_read)


def _weights(value: bytes) -> dict[bytes, float]:
    """Weight by coding; members that cannot be read are left out, and of repeated ones the first counts."""
    weights: dict[bytes, float] = {}
    for member in value.lower().split(b",")[:_MANY]:
        coding, semicolon, parameter = member.partition(b";")
        weight = _WEIGHT.fullmatch(parameter.strip()) if semicolon else None
        if semicolon and weight is None:
            continue
        coding = coding.strip()
        weights.setdefault(_ALIASES.get(coding, coding), float(weight[1]) if weight else 1.0)
    return weights

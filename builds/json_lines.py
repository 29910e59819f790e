"""What processes of ours say to each other: a JSON value a line, by the tool that is quickest at it."""

import json
from typing import Any

import msgspec


def _plain(value: object) -> int | float:
    """A number of a kind of its own, as limits are (`Size`), as the number that it is."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    raise TypeError(f"{type(value).__name__} cannot be sent")


_ENCODE = msgspec.json.Encoder(enc_hook=_plain).encode
_DECODE = msgspec.json.Decoder().decode


def dump(value: object) -> bytes:
    """A value as its line."""
    try:
        return _ENCODE(value) + b"\n"
    except UnicodeEncodeError:  # half of a surrogate pair, which names of files may hold, is nothing in UTF-8
        return json.dumps(value).encode() + b"\n"


def load(line: bytes) -> Any:  # noqa: ANN401 - what it is, is for who reads it to know
    """The value of a line; raises ValueError."""
    try:
        return _DECODE(line)
    except msgspec.DecodeError:  # such a half, or nothing that can be read
        return json.loads(line)

"""What processes of ours say to each other: a JSON value a line, by the tool that is quickest at it."""

import json
from typing import Any

import msgspec

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder().decode


def dump(value: object) -> bytes:
    """A value as its line."""
    try:
        return _ENCODE(value) + b"\n"
    except (UnicodeEncodeError, TypeError):  # a name with half of a surrogate pair, or a number of a kind of its own
        return json.dumps(value).encode() + b"\n"


def load(line: bytes) -> Any:  # noqa: ANN401 - what it is, is for who reads it to know
    """The value of a line; raises ValueError."""
    try:
        return _DECODE(line)
    except msgspec.DecodeError:  # such a half, or nothing that can be read
        return json.loads(line)

"""JSON: read by the standard library first, for the minifier mends what is broken, then stripped of its white space."""

import json
from typing import Never

from builds.minify.native import run


def minify(content: bytes) -> bytes:
    """The same values, numbers and double keys as they are, without white space; ValueError for what is no JSON."""
    json.loads(content.decode(), parse_constant=_refuse, parse_int=str, parse_float=str)  # a long number costs much
    return run(b"application/json", content)


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is not JSON (RFC 8259)")

"""A part of a file (RFC 9110, 14): which bytes `Range` asks for."""

import re
from dataclasses import dataclass

_SINGLE = re.compile(rb"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE)
_BEYOND = 10**18  # larger than any file; keeps `int` away from kilobytes of digits


class Unsatisfiable(Exception):
    """The range lies wholly beyond the end: 416."""


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `offset` on, `length` of them; never empty."""

    offset: int
    length: int


def read_range(value: bytes, size: int) -> Span | None:
    """The bytes asked for of a file of `size` bytes; None means the whole file.

    Several ranges, other units and malformed values are answered with the whole, as RFC 9110 allows and, for the
    malformed, demands. Raises Unsatisfiable.
    """
    match = _SINGLE.fullmatch(value.strip())
    if match is None or value.count(b"-") != 1:
        return None
    first, last = match.groups()
    if not first:
        return _suffix(last, size)
    start, end = _number(first), _number(last) if last else _BEYOND
    if start > end:
        return None
    if start >= size:
        raise Unsatisfiable
    return Span(start, min(end, size - 1) - start + 1)


def _suffix(digits: bytes, size: int) -> Span | None:
    if not digits:
        return None
    length = min(_number(digits), size)
    if not _number(digits):
        raise Unsatisfiable
    return Span(size - length, length) if length else None  # the last bytes of an empty file are all of it


def _number(digits: bytes) -> int:
    digits = digits.lstrip(b"0") or b"0"
    return int(digits) if len(digits) <= 18 else _BEYOND

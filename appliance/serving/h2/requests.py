"""What a request's header fields ask for, held to RFC 9113, 8.2 and 8.3."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from appliance.serving.engine import CONTEXT_HEADERS, READ_HEADERS, join
from appliance.serving.h2.frames import Code, StreamFault
from appliance.serving.h2.hpack import ReceivedField
from appliance.serving.visitor import FORWARDED

_FIELD_COST = 30  # bytes a field counts beside the lines of its name and its value: RFC 9113, 6.5.2, says 32
_NAMES = re.compile(rb"(?::[a-z]+\n)*(?:[!#$%&'*+\-.^_`|~0-9a-z]+\n)*")  # pseudo-fields first
_BAD_VALUES: Final = (b"\0", b"\r", b"\n ", b" \n", b"\n\t", b"\t\n")  # in values that stand between line feeds
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TARGET = re.compile(rb"[\x21-\x7e]+")

_PSEUDO, _WANTED, _CONTEXT, _FORWARDED, _SPECIAL, _FORBIDDEN = range(6)
_SINGLE = frozenset({_PSEUDO, _SPECIAL})
_PSEUDO_NAMES = (b":method", b":scheme", b":authority", b":path")
_KINDS: dict[bytes, int] = {
    **dict.fromkeys(CONTEXT_HEADERS, _CONTEXT),
    **dict.fromkeys(READ_HEADERS, _WANTED),
    **dict.fromkeys(FORWARDED, _FORWARDED),
    **dict.fromkeys(_PSEUDO_NAMES, _PSEUDO),
    **dict.fromkeys((b"host", b"te", b"content-length"), _SPECIAL),
    **dict.fromkeys((b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"), _FORBIDDEN),
}


@dataclass(slots=True)
class Ask:
    """A request as its header fields tell it.

    `authority` is `:authority`, or `Host` where that is missing. `headers`, `context` and `forwarded` hold those of
    READ_HEADERS, CONTEXT_HEADERS and FORWARDED that were sent. `length` is what `Content-Length` says of the body, in
    bytes; `fields` is all that was received, and `size` what it counts (RFC 9113, 6.5.2).
    """

    method: bytes
    target: bytes
    authority: bytes
    scheme: bytes
    headers: dict[bytes, bytes]
    context: dict[bytes, bytes]
    forwarded: dict[bytes, bytes]
    length: int | None
    fields: Sequence[ReceivedField]
    size: int


def read_request(fields: Sequence[ReceivedField]) -> Ask:
    """Read a request's fields; raises StreamFault for one that is malformed (RFC 9113, 8.1.1)."""
    names, values = check_fields(fields)
    sorts: tuple[dict[bytes, bytes], ...] = ({}, {}, {}, {}, {})
    for name, value, _ in fields:
        kind = _KINDS.get(name)
        if kind is None:
            continue
        if kind == _FORBIDDEN or (kind in _SINGLE and sorts[kind].get(name, value) != value):
            raise StreamFault(Code.PROTOCOL_ERROR)
        if kind in _SINGLE:
            sorts[kind][name] = value
        else:
            join(sorts[kind], name, value)
    pseudo = sorts[_PSEUDO]
    if names.count(b":") != len(pseudo):  # one that requests do not have, or the same twice
        raise StreamFault(Code.PROTOCOL_ERROR)
    return _ask(sorts, fields, len(names) + len(values) + _FIELD_COST * len(fields))


def check_fields(fields: Sequence[ReceivedField]) -> tuple[bytes, bytes]:
    """Raise StreamFault for names and values that are none; all names and all values, a line each."""
    names = b"".join([name + b"\n" for name, _, _ in fields])
    values = b"\n" + b"".join([value + b"\n" for _, value, _ in fields])
    if (
        names.count(b"\n") != len(fields)
        or values.count(b"\n") != len(fields) + 1
        or not _NAMES.fullmatch(names)
        or any(bad in values for bad in _BAD_VALUES)
    ):
        raise StreamFault(Code.PROTOCOL_ERROR)
    return names, values


def check_trailers(fields: Sequence[ReceivedField]) -> None:
    """Raise StreamFault for trailers that are malformed; pseudo-fields never are trailers."""
    if b":" in check_fields(fields)[0]:
        raise StreamFault(Code.PROTOCOL_ERROR)


def _ask(sorts: tuple[dict[bytes, bytes], ...], fields: Sequence[ReceivedField], size: int) -> Ask:
    pseudo, headers, context, forwarded, special = sorts
    method, path, scheme = pseudo.get(b":method", b""), pseudo.get(b":path", b""), pseudo.get(b":scheme", b"")
    host = special.get(b"host")
    authority = pseudo.get(b":authority", host or b"")
    tunnel = method == b"CONNECT"  # RFC 9113, 8.5: it has an authority, and neither scheme nor path
    if (
        not _METHOD.fullmatch(method)
        or special.get(b"te", b"trailers").lower() != b"trailers"
        or (host is not None and host.lower() != authority.lower())
        or (tunnel and (path or scheme))
        or not (tunnel or (scheme and _TARGET.fullmatch(path)))
    ):
        raise StreamFault(Code.PROTOCOL_ERROR)
    length = _length(special.get(b"content-length"))
    return Ask(method, path, authority, scheme, headers, context, forwarded, length, fields, size)


def _length(value: bytes | None) -> int | None:
    if value is None:
        return None
    if not value.isdigit() or len(value) > 18:
        raise StreamFault(Code.PROTOCOL_ERROR)
    return int(value)

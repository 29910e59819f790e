"""Host names as they arrive, and the one spelling we know them by."""

import ipaddress
import re

_MAX_NAME = 253  # RFC 1035, 2.3.4, without the trailing dot
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")
_PORT = re.compile(r"(?::[0-9]{0,5})?")


def normalise_host(raw: str | bytes) -> str:
    """The host in lower case, as A-labels, without port and trailing dot; "" for what is no host.

    IPv6 literals come back in brackets and in their shortest form. The underscore is allowed: it is no host name by
    the letter of RFC 1123, and people use it.
    """
    text = _text(raw).strip(" \t").lower()
    if text.startswith("["):
        return _ipv6(text)
    name, colon, port = text.partition(":")
    if not _PORT.fullmatch(colon + port):
        return ""
    name = _ascii(name.removesuffix("."))
    return name if len(name) <= _MAX_NAME and _NAME.fullmatch(name) else ""


def _text(raw: str | bytes) -> str:
    if isinstance(raw, str):
        return raw
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""


def _ipv6(text: str) -> str:
    literal, bracket, port = text[1:].partition("]")
    if not bracket or "%" in literal or not _PORT.fullmatch(port):
        return ""
    try:
        return f"[{ipaddress.IPv6Address(literal)}]"
    except ValueError:
        return ""

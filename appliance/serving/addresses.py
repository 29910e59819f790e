"""What a request target asks for: the path as one key, however it was spelled, and the way back to a spelling."""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SLASHED = "\x00"  # stands for an escaped slash: no name holds it, so it can never separate nor be found
_SAFE = "/!$&'()*+,;=:@~"  # RFC 3986 pchar and the separator, besides letters, digits and `-._~`
_RUN_AT_START = re.compile(r"^(?:[/\\\t ]|%2f|%5c|%09|%20)+", re.IGNORECASE)


class BadTarget(Exception):
    """The target is no path, or holds control characters."""


@dataclass(frozen=True, slots=True)
class Address:
    """A path in look-up form: `key` is decoded, NFC, without outer slashes; `slash` says that it names a folder.

    The root is `ROOT`.
    """

    key: str
    slash: bool


ROOT = Address("", slash=True)


def read_path(raw: bytes) -> Address:
    """Read the path of a request target (no query); raises BadTarget.

    Escapes are decoded once, per segment; malformed ones are literal text. `//` collapses, `.` and `..` are resolved
    and never climb above the root (RFC 3986, 5.2.4). An escaped slash never separates.
    """
    if not raw.startswith(b"/"):
        raise BadTarget(raw)
    segments: list[str] = []
    last = ""
    for part in raw.split(b"/"):
        last = _segment(part)
        if last == "..":
            del segments[-1:]
        elif last not in {"", "."}:
            segments.append(last)
    key = "/".join(segments)
    if not key.isascii():
        key = unicodedata.normalize("NFC", key)
    return Address(key, not key or last in {"", ".", ".."})


def write_path(address: Address) -> str:
    """The canonical spelling: what a browser sends for this address."""
    path = "/" + quote(address.key, safe=_SAFE, errors="surrogateescape")
    return path + "/" if address.slash and address.key else path


def safe_location(path: str) -> str:
    """The path with leading slashes, backslashes and their escapes reduced to one `/`.

    Browsers read two of them as the start of another host; a redirect made from a path must never leave the site.
    """
    return _RUN_AT_START.sub("/", path)


def _segment(raw: bytes) -> str:
    text = (unquote_to_bytes(raw) if b"%" in raw else raw).decode("utf-8", "surrogateescape")
    if _CONTROL.search(text):
        raise BadTarget(raw)
    return text.replace("/", _SLASHED)

"""Conditional requests (RFC 9110, 13): may the answer be "not modified", or must it be "precondition failed"?"""

import re
from collections.abc import Mapping
from typing import Protocol

from appliance.serving import http_date

HEADERS = frozenset({b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"})

_TAG = re.compile(rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


class Validators(Protocol):
    """What identifies a representation: a strong entity tag with its quotes, and seconds since 1970."""

    @property
    def etag(self) -> bytes:
        """The strong entity tag, quotes included."""
        ...

    @property
    def modified(self) -> int:
        """When the bytes first stood there, in seconds since 1970 (UTC)."""
        ...


def check(headers: Mapping[bytes, bytes], page: Validators) -> int | None:
    """The status that the conditions ask for on GET and HEAD: 304, 412, or None to go on (RFC 9110, 13.2.2)."""
    if_match, unmodified = headers.get(b"if-match"), headers.get(b"if-unmodified-since")
    if if_match is not None:
        if not _matches(if_match, page.etag):
            return 412
    elif unmodified is not None and _changed_since(unmodified, page.modified):
        return 412
    if_none_match, since = headers.get(b"if-none-match"), headers.get(b"if-modified-since")
    if if_none_match is not None:
        return 304 if _matches(if_none_match, page.etag, weak=True) else None
    return 304 if since is not None and _changed_since(since, page.modified) is False else None


def same_version(if_range: bytes, page: Validators) -> bool:
    """Does `If-Range` name exactly this version? By strong comparison: a weak tag never does (RFC 9110, 13.1.5)."""
    value = if_range.strip()
    return value in {page.etag, http_date.write(page.modified)}


def _matches(value: bytes, etag: bytes, *, weak: bool = False) -> bool:
    if value.strip() == b"*":
        return True
    tags = _TAG.findall(value)
    return etag in tags or (weak and b"W/" + etag in tags)


def _changed_since(value: bytes, modified: int) -> bool | None:
    """None when the date is no HTTP date: then the condition does not exist."""
    date = http_date.read(value)
    return None if date is None else modified > date

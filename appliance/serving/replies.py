"""An answer as a value: status, headers and body, ready for any lane."""

from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

from appliance.serving import pages

Field = tuple[bytes, bytes]
Fields = tuple[Field, ...]

ALWAYS: Fields = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
)
NO_INDEX: Field = (b"x-robots-tag", b"noindex")
PREVIEW: Fields = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"), NO_INDEX)
"""In the place of ALWAYS where a deploy answers by its own host, whose name is nobody else's business."""
NO_STORE: Field = (b"cache-control", b"no-store")
TO_PROXIES = frozenset(
    {b"x-accel-redirect", b"x-sendfile", b"x-lighttpd-send-file", b"x-lighttpd-send-tempfile"}
    | {b"x-reproxy-url", b"x-reproxy-file"}
)
"""Orders to a server in front (nginx obeys the first unasked) to answer with what no visitor may ask it for. They never
come from a site: neither from its rules nor from a host it fetches from."""
REVALIDATE: Field = (b"cache-control", b"public, max-age=0, must-revalidate")

_STATUS_LINES = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}
_BODILESS = frozenset({204, 304})  # these never have a content-length of their own (RFC 9110, 8.6)
_PAGE_FIELDS: Fields = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    NO_STORE,
)


@dataclass(frozen=True, slots=True)
class FilePart:
    """A run of bytes in a blob: the blob's file, where the run begins, its length, and the size of the whole."""

    path: str
    offset: int
    length: int
    size: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, its header fields, and a body that is either in `body` or in the file that `part` names.

    Names are in lower case; `content-length` is among the fields where the status has one. `date` and `connection`
    belong to the lane. `head` is the same for HTTP/1.1: status line and fields, each with its CRLF, without the
    empty line at the end. The answer to HEAD is this reply without its body. With `upstream`, a URL, the answer is what
    another host says, and `fields` go with it; only the slow lane can send it.
    """

    status: int
    fields: Fields
    head: bytes
    body: bytes = b""
    part: FilePart | None = None
    upstream: bytes = b""


def make_reply(status: int, fields: Fields, body: bytes = b"", part: FilePart | None = None) -> Reply:
    """A reply with its length and its HTTP/1.1 head written."""
    if status not in _BODILESS:
        length = part.length if part else len(body)
        fields = (*fields, (b"content-length", b"%d" % length))
    lines = b"".join([b"%b: %b\r\n" % field for field in fields])
    return Reply(status, fields, _STATUS_LINES[status] + lines, body, part if part and part.length else None)


@lru_cache(maxsize=64)
def page_reply(status: int, *extra: Field, always: Fields = ALWAYS) -> Reply:
    """Our own page for a status, never stored by caches; the latest few are kept rendered."""
    return make_reply(status, (*_PAGE_FIELDS, *always, *extra), pages.render(status))


UNKNOWN_HOST = make_reply(404, (*_PAGE_FIELDS, *ALWAYS), pages.render(404, pages.UNKNOWN_HOST))

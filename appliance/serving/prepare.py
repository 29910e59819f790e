"""An answer of the engine as HTTP/1.1 sends it: its head finished, and a very small body behind it."""

from typing import Final

from appliance.serving.door import Door
from appliance.serving.known import GOOD_FOR, Prepared
from appliance.serving.replies import Reply, page_reply
from appliance.serving.secure import STRICT

CLOSE: Final = b"connection: close\r\n\r\n"
_STAY: Final = b"connection: keep-alive\r\n\r\n"  # HTTP/1.0 clients leave otherwise
_INLINE: Final = 4 * 1024  # bytes of a body that are kept with its head, so that one write sends both


def page(door: Door, status: int, tail: bytes) -> tuple[bytes, int]:
    """A page of our own that says why there is no answer, `tail` ending its head; and the length of its body."""
    reply = page_reply(status)
    return b"".join((reply.head, door.date.now(), tail, reply.body)), len(reply.body)


def prepare(door: Door, reply: Reply, site: str, strict: bytes, *, last: bool) -> Prepared:
    """What goes out for the request that `door.heads` has read; the connection ends with it if it is the `last`.

    `strict` is the Strict-Transport-Security line, or nothing.
    """
    heads, part = door.heads, reply.part
    stays = heads.keep_alive and not last
    tail = CLOSE if not stays else _STAY if heads.old else b"\r\n"
    if strict and STRICT not in reply.head:  # a site may say so itself
        tail = strict + tail
    date, body = door.date.now(), reply.body
    if heads.method == b"HEAD":
        part, body = None, b""
    elif part is not None and part.length <= _INLINE and (kept := door.bodies.get(part)) is not None:
        part, body = None, kept
    length = part.length if part else len(body)
    end = tail + body
    front, until = b"".join((reply.head, date, end)), door.date.second + GOOD_FOR
    version, status = door.table.version, reply.status
    return Prepared(site, heads.target, status, length, reply.head, end, part, stays, version, until, date, front)

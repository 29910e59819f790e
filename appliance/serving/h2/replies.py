"""Replies as header blocks, each written once and kept with its reply for as long as somebody asks for it."""

from collections.abc import Iterator
from typing import Final

from appliance.serving.h2.hpack import encode
from appliance.serving.http_date import DateLine
from appliance.serving.replies import Reply
from appliance.serving.secure import STRICT

_KEPT: Final = 4_096  # blocks of some 200 bytes; then forgotten together, which costs 10 microseconds each


class Blocks:
    """Writes the header blocks of replies; one for all connections of a door, used on its event loop."""

    def __init__(self, date: DateLine, strict: bytes = b"") -> None:
        self._date = date
        self._date_line = b""
        self._date_block = b""
        self._strict_block = encode(tuple(_lines(strict)))
        self._kept: dict[int, tuple[Reply, bytes]] = {}

    def of(self, reply: Reply, *, secure: bool) -> bytes:
        """The block of a reply with the date, and for a visitor over TLS with the policy on that."""
        kept = self._kept.get(id(reply))
        block = kept[1] if kept is not None and kept[0] is reply else self._write(reply)
        line = self._date.now()
        if line is not self._date_line:
            self._date_line, self._date_block = line, encode(tuple(_lines(line)))
        if secure and self._strict_block and STRICT not in reply.head:  # a site may say so itself
            return block + self._date_block + self._strict_block
        return block + self._date_block

    def _write(self, reply: Reply) -> bytes:
        block = encode(((b":status", b"%d" % reply.status), *reply.fields))
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[id(reply)] = reply, block  # the reply is held, so that its id stays its own
        return block


def _lines(lines: bytes) -> Iterator[tuple[bytes, bytes]]:
    """HTTP/1.1's header lines as fields."""
    for line in lines.splitlines():
        name, _, value = line.partition(b":")
        yield name.strip().lower(), value.strip()

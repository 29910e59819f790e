"""What of a request head an answer can depend on: two visitors who ask for the same page differ in everything else."""

import re
from itertools import filterfalse
from typing import Final

from appliance.serving.engine import READ_HEADERS

_LINES = 2_048  # remembered of each sort; then forgotten together
_LONGEST = 512  # bytes of a line that is remembered

# Stricter than llhttp, which reads whatever this does not take: no whitespace around names, no control characters.
_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t\x20-\x7e\x80-\xff]*")

_DECIDES: Final = READ_HEADERS | {b"host", b"connection"}
_ELSEWHERE: Final = frozenset(  # they say what kind of request it is, and where it ends
    {b"content-length", b"transfer-encoding", b"proxy-connection", b"expect", b"upgrade", b"te", b"trailer"}
    | {b"http2-settings", b"keep-alive"}
)


class Essence:
    """Takes the lines out of heads that change nothing for a plain site, having looked at each that it has not seen.

    What is left names the answer as well as the whole head does, for connections whose client may not speak for others
    and sites whose answers do not depend on CONTEXT_HEADERS. One for any number of connections.
    """

    __slots__ = ("_deciding", "_idle")

    def __init__(self) -> None:
        self._idle: set[bytes] = {b""}
        self._deciding: set[bytes] = set()

    def of(self, head: bytes) -> bytes | None:
        """The essence of a head that ends in an empty line, None where it is not as simple as that.

        It holds the request line and the lines that decide, as they were sent. That they are sound is not looked at
        here: it was when the answer was made that is known by it.
        """
        lines = list(filterfalse(self._idle.__contains__, head.split(b"\r\n")))
        if not lines or not head.startswith(lines[0]):
            return None  # it does not begin with its request line
        kept, deciding = lines[:1], self._deciding
        for line in lines[1:]:
            decides = line in deciding or self._sort(line)
            if decides is None:
                return None
            if decides:
                kept.append(line)
        return b"\r\n".join(kept)

    def _sort(self, line: bytes) -> bool | None:
        """Whether a line decides; None for one that somebody else has to look at."""
        match = _LINE.fullmatch(line)
        name = match[1].lower() if match else b""
        if match is None or name in _ELSEWHERE:
            return None
        decides = name in _DECIDES
        if len(line) <= _LONGEST:
            known = self._deciding if decides else self._idle
            if len(known) >= _LINES:
                known.clear()
                self._idle.add(b"")
            known.add(line)
        return decides

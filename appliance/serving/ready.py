"""Answers that go out as they are: until the second is over, a head that comes again costs a look-up and a write."""

import time
from collections.abc import Callable
from typing import Final

from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.known import Prepared

KB: Final = 1024
LARGEST: Final = 16 * KB  # bytes of a body that is put behind its head once for all: larger ones are not copied
_MAX_BYTES: Final = 16 * KB * KB  # of answers put together, in one second
_OVERHEAD: Final = 200  # bytes of memory an entry takes besides its head and its answer, give or take


class Ready:
    """Whole answers by the head they belong to, of one second and one version of the table; then all are forgotten.

    They are counted in themselves, and `counters` adds that up. Used on the event loop only.
    """

    __slots__ = (
        "_answers",
        "_by_slim",
        "_bytes",
        "_counters",
        "_max_bytes",
        "_since",
        "_slim",
        "_until",
        "_version",
        "_watched",
    )

    def __init__(self, counters: Counters, slim: Callable[[bytes], bytes], max_bytes: int = _MAX_BYTES) -> None:
        """`slim` leaves of a head what is looked for where the whole of it is not known."""
        self._counters = counters
        self._watched = counters.watching()
        self._slim = slim
        self._max_bytes = max_bytes
        self._answers: dict[bytes, Prepared] = {}
        self._by_slim: dict[bytes, Prepared] = {}
        self._bytes = 0
        self._since = self._until = 0
        self._version = -1

    def find(self, head: bytes, version: int) -> Prepared | None:
        """The answer to these bytes, whose `whole` may be sent; unless it `stays`, the connection ends with it."""
        if version == self._version and self._since <= time.time() < self._until:
            return self._answers.get(head) or self._by_slim.get(self._slim(head))
        return None

    def prepare(self, head: bytes, known: Prepared, bodies: Bodies, second: int, *, slim: bool = False) -> None:
        """Have what is going out now ready, if its body is small and in memory; `slim` says that `head` is."""
        part = known.part
        if part is not None and part.length > LARGEST:
            return
        body = b"" if part is None else bodies.get(part)
        if body is not None:
            self.put(head, known, known.front + body if body else known.front, second, slim=slim)

    def put(self, head: bytes, known: Prepared, whole: bytes, second: int, *, slim: bool = False) -> None:
        """Have an answer ready, `whole` with its body, for as long as it is `second` and its version the table's."""
        self._bytes += len(head) + len(whole) + _OVERHEAD
        if second != self._since or known.version != self._version or self._bytes > self._max_bytes:
            self._answers.clear()
            self._by_slim.clear()
            self._counters.let_go(self._watched)
            self._since, self._until, self._version = second, second + 1, known.version
            self._bytes = len(head) + len(whole) + _OVERHEAD
        known.whole = whole
        (self._by_slim if slim else self._answers)[head] = known
        self._watched.append(known)

"""Answers to heads that came before, byte for byte: most requests are repetitions, and need not be read again."""

from dataclasses import dataclass

from appliance.serving.http_date import DateLine
from appliance.serving.replies import FilePart

MB = 1024 * 1024
GOOD_FOR = 5  # seconds in which an answer may be given again without asking the engine, whose answers may age
_OVERHEAD = 500  # bytes of memory an entry takes besides its head and its answer, give or take
_NOTICED = 16_384  # heads, by their hash, remembered to have come once
_LONGEST_HEAD = 2_048  # bytes; longer ones carry what is one visitor's own, and do not come again from others


@dataclass(slots=True)
class Prepared:
    """An answer ready to go out, as long as `version` is the table's and `until`, a second since 1970, has not come.

    `head` is its head up to the date line, `end` what follows that: the end of the head and, when there is no `part`,
    the whole body; the body has `length` bytes. With `stays` the connection is kept for the next request. `front` is
    all this put together with the date line `date`.

    While it is ready (serving.ready), `whole` is `front` and the body. That went out so many `times`, of which the
    counters have added up `counted`.
    """

    site: str
    target: bytes
    status: int
    length: int
    head: bytes
    end: bytes
    part: FilePart | None
    stays: bool
    version: int
    until: int
    date: bytes
    front: bytes
    whole: bytes = b""
    times: int = 0
    counted: int = 0

    def renew(self, date: DateLine) -> bool:
        """A second has passed; false when the answer has to be asked for again."""
        line = date.now()
        if date.second >= self.until:
            return False
        self.date, self.front = line, b"".join((self.head, line, self.end))
        return True


class KnownHeads:
    """Heads and what was answered, for requests whose answer depends on nothing else but the table and the second.

    Bounded to twice `max_bytes`: what was not asked for again while as much came new is forgotten.
    """

    __slots__ = ("_bytes", "_max_bytes", "_new", "_noticed", "_old")

    def __init__(self, max_bytes: int = 6 * MB) -> None:
        self._max_bytes = max_bytes
        self._new: dict[bytes, Prepared] = {}
        self._old: dict[bytes, Prepared] = {}
        self._noticed = [0] * _NOTICED
        self._bytes = 0

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._new.keys() | self._old.keys())

    def find(self, head: bytes) -> Prepared | None:
        """What was answered to this head; it may have aged, which the caller looks at."""
        known = self._new.get(head)
        if known is None:
            known = self._old.get(head)
            if known is not None:
                self._put(head, known)
        return known

    def recall(self, head: bytes, version: int, date: DateLine) -> Prepared | None:
        """What was answered to this head, if that is still the answer while the table's version is this one."""
        known = self.find(head)
        if known is None or known.version != version:
            return None
        return known if known.date is date.now() or known.renew(date) else None

    def keep(self, head: bytes, known: Prepared) -> None:
        """Remember what was answered to a head that comes for the second time: most of those that vary never do."""
        digest = hash(head)
        place = digest % _NOTICED
        if self._noticed[place] != digest or len(head) > _LONGEST_HEAD:
            self._noticed[place] = digest
            return
        self._put(head, known)

    def _put(self, head: bytes, known: Prepared) -> None:
        if head not in self._new:
            self._bytes += len(head) + len(known.front) + len(known.end) + _OVERHEAD
            if self._bytes > self._max_bytes:
                self._old, self._new, self._bytes = self._new, {}, 0
        self._new[head] = known

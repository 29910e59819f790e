"""What was answered before, known again by as much of a head as the answer depends on."""

from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.essence import Essence
from appliance.serving.http_date import DateLine
from appliance.serving.known import KnownHeads, Prepared
from appliance.serving.ready import Ready
from appliance.serving.table import Table

MB = 1024 * 1024
_EACH = 2 * MB  # for each way of knowing answers again


class Memory:
    """Answers by whole heads, by heads without the lines that change most, and by what is their essence.

    Each way is told apart from the others, for the same bytes do not mean the same: an essence is no whole head, and
    what is left of a head may be another visitor's whole one, whose answer depends on all of it. For connections whose
    answers depend on nothing but the head; those over TLS have a memory of their own. Used on the event loop only.
    """

    __slots__ = ("_bodies", "_date", "_essence", "_essences", "_head", "_lean", "_slim", "_table", "_whole", "ready")

    def __init__(self, table: Table, bodies: Bodies, counters: Counters, date: DateLine, essence: Essence) -> None:
        """`essence` may be shared; the others are the door's."""
        self._table = table
        self._bodies = bodies
        self._date = date
        self._essence = essence
        self._whole, self._slim, self._essences = KnownHeads(_EACH), KnownHeads(_EACH), KnownHeads(_EACH)
        self.ready = Ready(counters, essence.slim)
        self._head = b""  # that was last looked for by its essence
        self._lean: bytes | None = None  # and that

    def repeated(self, data: bytes) -> Prepared | None:
        """What answers these bytes, if they are one head that came before, but for lines that change."""
        known = self._recall(self._whole, data)
        if known is not None:
            self.ready.prepare(data, known, self._bodies, self._date.second)
            return known
        slim = self._essence.slim(data)
        known = self._recall(self._slim, slim)
        if known is not None:
            self.ready.prepare(slim, known, self._bodies, self._date.second, slim=True)
        return known

    def similar(self, head: bytes) -> Prepared | None:
        """What answers this head, if one of the same essence came before."""
        self._head, self._lean = head, self._essence.of(head)
        if self._lean is None:
            return None
        known = self._recall(self._essences, self._lean)
        if known is not None:
            self._slim.keep(self._essence.slim(head), known)
        return known

    def keep(self, head: bytes, answer: Prepared, *, plain: bool) -> None:
        """Remember the answer to a head that `similar` did not know; `plain` says whether its essence decides it."""
        self._whole.keep(head, answer)
        if plain and head is self._head and self._lean is not None:
            self._essences.keep(self._lean, answer)

    def __len__(self) -> int:
        """How many answers are remembered, by whatever way."""
        return len(self._whole) + len(self._slim) + len(self._essences)

    def _recall(self, heads: KnownHeads, head: bytes) -> Prepared | None:
        return heads.recall(head, self._table.version, self._date)

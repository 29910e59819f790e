"""What happened at the door, in plain integers that only the event loop touches."""

from dataclasses import dataclass

KINDS = ("site", "admin", "unknown")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counters at one moment; `requests` is by kind and status class, as in `("site", "2xx")`."""

    requests: dict[tuple[str, str], int]
    bytes_sent: int
    connections_open: int
    connections_accepted: int
    connections_refused: int
    connections_handed_over: int


class Counters:
    """Requests by kind and status class, bytes of bodies sent, connections."""

    __slots__ = ("_by_kind", "accepted", "bytes_sent", "handed_over", "opened", "refused")

    def __init__(self) -> None:
        self._by_kind = {kind: [0] * 10 for kind in KINDS}
        self.bytes_sent = 0
        self.opened = 0
        self.accepted = 0
        self.refused = 0
        self.handed_over = 0

    def answered(self, kind: str, status: int, sent: int) -> None:
        """Count one answer: its kind (see `KINDS`), its status and the bytes of its body."""
        self._by_kind[kind][status // 100] += 1
        self.bytes_sent += sent

    def snapshot(self) -> Snapshot:
        """The counters as they are now, for the metrics page."""
        requests = {
            (kind, f"{number}xx"): count
            for kind, counts in self._by_kind.items()
            for number, count in enumerate(counts)
            if 1 <= number <= 5
        }
        return Snapshot(requests, self.bytes_sent, self.opened, self.accepted, self.refused, self.handed_over)

"""What happened at the door, in plain integers that only the event loop touches."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Protocol

KINDS = ("site", "admin", "unknown")
MISSED_PATHS = 200  # paths of a site without a file that are kept with their numbers; the rest are counted together
MISSED_LENGTH = 200  # bytes of such a path that are kept


class Repeated(Protocol):
    """An answer that goes out again and again, and says itself how often: `counted` of the `times` are added up."""

    site: str
    target: bytes
    status: int
    length: int
    times: int
    counted: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counters at one moment; `requests` is by kind and status class, as in `("site", "2xx")`."""

    requests: dict[tuple[str, str], int]
    bytes_sent: int
    connections_open: int
    connections_accepted: int
    connections_refused: int
    connections_handed_over: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one site was asked for since it was first counted.

    `statuses` are requests by class, as in `{"2xx": 7}`; `missed` the paths answered with 404, each with its number,
    the most frequent first, and `missed_more` the number of those not kept by name.
    """

    since: datetime
    requests: int
    bytes_sent: int
    statuses: dict[str, int]
    missed: dict[str, int]
    missed_more: int


@dataclass(frozen=True, slots=True)
class SiteBatch:
    """What was counted of one site in a while: requests by class of status, bytes sent, and what was missed."""

    statuses: list[int]
    sent: int
    missed: dict[bytes, int]
    missed_more: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What was counted in a while, to be added to the counters of another process."""

    kinds: dict[str, list[int]]
    sites: dict[str, SiteBatch]
    sent: int
    accepted: int
    refused: int
    handed_over: int


class _Site:
    """The row of one site: requests by status class, then what was missed."""

    __slots__ = ("missed", "missed_more", "sent", "since", "statuses")

    def __init__(self, since: datetime) -> None:
        self.since = since
        self.statuses = [0] * 10
        self.sent = 0
        self.missed: dict[bytes, int] = {}
        self.missed_more = 0

    def miss(self, path: bytes, times: int = 1) -> None:
        known = self.missed.get(path)
        if known is None and len(self.missed) >= MISSED_PATHS:
            self.missed_more += times
        else:
            self.missed[path] = (known or 0) + times

    def add(self, batch: SiteBatch) -> None:
        _add(self.statuses, batch.statuses)
        self.sent += batch.sent
        for path, times in batch.missed.items():
            self.miss(path, times)
        self.missed_more += batch.missed_more

    def batch(self) -> SiteBatch:
        return SiteBatch(self.statuses.copy(), self.sent, self.missed.copy(), self.missed_more)

    def traffic(self) -> Traffic:
        most_first = sorted(self.missed.items(), key=lambda item: -item[1])
        missed = {path.decode("utf-8", "replace"): count for path, count in most_first}
        return Traffic(self.since, sum(self.statuses), self.sent, _by_class(self.statuses), missed, self.missed_more)


class Counters:
    """Requests by kind and status class and by site, bytes of bodies sent, connections.

    Whoever reads them has what is watched added up first.
    """

    __slots__ = (
        "_adding",
        "_by_kind",
        "_sites",
        "_watched",
        "accepted",
        "bytes_sent",
        "elsewhere",
        "handed_over",
        "opened",
        "refused",
        "since",
    )

    def __init__(self) -> None:
        self._by_kind = {kind: [0] * 10 for kind in KINDS}
        self._sites: dict[str, _Site] = {}
        self._watched: list[list[Repeated]] = []
        self._adding = threading.Lock()  # readers may be on other threads
        self.since = datetime.now(UTC)  # what is counted began to be
        self.bytes_sent = 0
        self.opened = 0  # connections, here
        self.elsewhere = 0  # and in other processes, when they last said so
        self.accepted = 0
        self.refused = 0
        self.handed_over = 0

    def answered(self, kind: str, status: int, sent: int) -> None:
        """Count one answer: its kind (see `KINDS`), its status and the bytes of its body."""
        self._by_kind[kind][status // 100] += 1
        self.bytes_sent += sent

    def visited(self, site: str, status: int, sent: int, target: bytes, times: int = 1) -> None:
        """Count one answer of a site, or many; `target` is what was asked for, of which a 404 keeps the path."""
        row = self._sites.get(site)
        if row is None:
            row = self._row(site)
        row.statuses[status // 100] += times
        row.sent += sent * times
        self._by_kind["site"][status // 100] += times
        self.bytes_sent += sent * times
        if status == 404:
            row.miss(target.partition(b"?")[0][:MISSED_LENGTH], times)

    def watching(self) -> list[Repeated]:
        """A list of one's own: what answers in it say of themselves is counted, until `let_go`."""
        watched: list[Repeated] = []
        self._watched.append(watched)
        return watched

    def let_go(self, watched: list[Repeated]) -> None:
        """Add up what is watched, and watch the answers of this list no longer."""
        self._add_up()
        watched.clear()

    def traffic(self, site: str) -> Traffic:
        """What a site was asked for; from any thread, give or take the request of the moment."""
        self._add_up()
        return (self._sites.get(site) or _Site(self.since)).traffic()

    def sites(self) -> list[tuple[str, Traffic]]:
        """The traffic of every site that has had any, by name."""
        self._add_up()
        return [(name, row.traffic()) for name, row in sorted(self._sites.items())]

    def forget(self, site: str) -> None:
        """Drop a site's row: the site is no more, and its name may be another's tomorrow."""
        self._add_up()
        self._sites.pop(site, None)

    def names(self) -> list[str]:
        """The sites that have had any traffic."""
        self._add_up()
        return list(self._sites)

    def totals(self, site: str) -> tuple[datetime, tuple[int, ...], int]:
        """Since when a site is counted, requests by class of status (the place in the tuple), and bytes sent."""
        row = self._sites.get(site)
        return (self.since, (0,) * 10, 0) if row is None else (row.since, tuple(row.statuses), row.sent)

    def kept(self, site: str) -> tuple[datetime, SiteBatch] | None:
        """What was counted of a site, and since when, to be restored after a restart; up to the last `state`."""
        row = self._sites.get(site)
        return None if row is None else (row.since, row.batch())

    def restore(self, site: str, since: datetime, kept: SiteBatch) -> None:
        """Go on from what was counted of a site before this process began."""
        row = self._row(site)
        row.since = since
        row.add(kept)

    def state(self) -> tuple[int, int]:
        """Something that is different when anything was counted of a site, or forgotten."""
        self._add_up()
        return sum(self._by_kind["site"]), len(self._sites)

    def take(self) -> Batch:
        """What was counted since this was last asked; it is not counted here any more."""
        self._add_up()
        sites = {name: row.batch() for name, row in self._sites.items()}
        batch = Batch(self._by_kind, sites, self.bytes_sent, self.accepted, self.refused, self.handed_over)
        self._by_kind, self._sites = {kind: [0] * 10 for kind in KINDS}, {}
        self.bytes_sent = self.accepted = self.refused = self.handed_over = 0
        return batch

    def add(self, batch: Batch) -> None:
        """Count what was counted elsewhere."""
        for kind, counts in batch.kinds.items():
            _add(self._by_kind[kind], counts)
        for name, of_site in batch.sites.items():
            self._row(name).add(of_site)
        self.bytes_sent += batch.sent
        self.accepted += batch.accepted
        self.refused += batch.refused
        self.handed_over += batch.handed_over

    def _row(self, site: str) -> _Site:
        row = self._sites.get(site)
        if row is None:
            row = self._sites[site] = _Site(datetime.now(UTC))
        return row

    def _add_up(self) -> None:
        with self._adding:
            for answer in chain.from_iterable(self._watched):
                new = answer.times - answer.counted
                if new:
                    answer.counted += new
                    self.visited(answer.site, answer.status, answer.length, answer.target, new)

    def snapshot(self) -> Snapshot:
        """The counters as they are now, for the metrics page."""
        self._add_up()
        requests = {
            (kind, name): count for kind, counts in self._by_kind.items() for name, count in _by_class(counts).items()
        }
        opened = self.opened + self.elsewhere
        return Snapshot(requests, self.bytes_sent, opened, self.accepted, self.refused, self.handed_over)


def _by_class(counts: list[int]) -> dict[str, int]:
    return {f"{number}xx": counts[number] for number in range(1, 6)}


def _add(counts: list[int], more: list[int]) -> None:
    for number, count in enumerate(more):
        counts[number] += count

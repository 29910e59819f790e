"""Who is inside: connections in all and by address, in this process and in those that share its port."""

import hashlib
from collections import Counter
from collections.abc import Sequence

GROUPS = 65_536  # of addresses, told apart across processes; those of one group count as one address there
ROW = 1 + GROUPS  # numbers of a process: connections in all, then those of each group


class Crowd:
    """The connections of this process; at most `connections` in all and `per_address` from one address."""

    def __init__(self, connections: int, per_address: int) -> None:
        self._connections = connections
        self._per_address = per_address
        self._inside = 0
        self.addresses: Counter[str] = Counter()  # only those that have connections

    def has_room(self, address: str) -> bool:
        """Whether another connection from an address may come in."""
        return self._inside < self._connections and self.addresses[address] < self._per_address

    def enter(self, address: str) -> None:
        """Count a connection in."""
        self._inside += 1
        self.addresses[address] += 1

    def leave(self, address: str) -> None:
        """Count a connection out."""
        self._inside -= 1
        self.addresses[address] -= 1
        if not self.addresses[address]:
            del self.addresses[address]


class SharedCrowd(Crowd):
    """The connections of several processes, each of which writes a row of its own in memory that all can read.

    Nothing is locked: processes that let somebody in at the same moment do not see each other, so that there may be
    one connection too many for each process but one. `key` keeps visitors from choosing whom they share a group with.
    """

    def __init__(self, connections: int, per_address: int, rows: Sequence[memoryview], own: int, key: bytes) -> None:
        """`rows` have ROW numbers (`I`) each; the one at `own` is this process's, and is begun anew."""
        super().__init__(connections, per_address)
        self._row = rows[own]
        self._others = [row for number, row in enumerate(rows) if number != own]
        self._key = key
        clear(self._row)

    def has_room(self, address: str) -> bool:
        """Whether another connection from an address may come in, to whichever process."""
        group, own = self._group(address), self.addresses[address]
        inside, here = self._inside, own
        for row in self._others:
            inside += row[0]
            here += row[group]
        return inside < self._connections and here < self._per_address

    def enter(self, address: str) -> None:
        """Count a connection in."""
        super().enter(address)
        self._row[0] += 1
        self._row[self._group(address)] += 1

    def leave(self, address: str) -> None:
        """Count a connection out."""
        super().leave(address)
        self._row[0] -= 1
        self._row[self._group(address)] -= 1

    def _group(self, address: str) -> int:
        digest = hashlib.blake2b(address.encode(), digest_size=4, key=self._key).digest()
        return 1 + int.from_bytes(digest, "big") % GROUPS


def clear(row: memoryview) -> None:
    """Count nobody: the process that wrote the row is no more, and its connections have ended with it."""
    row[:] = memoryview(bytes(4 * ROW)).cast("I")

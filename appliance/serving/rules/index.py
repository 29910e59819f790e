"""Patterns by what their matches begin with, so that a path meets only those that can match it."""

from typing import Generic, TypeVar

from appliance.serving.rules.patterns import Pattern

Item = TypeVar("Item")
Ranked = tuple[int, Item]


class _Node(Generic[Item]):
    """A prefix of segments: the items whose literal part ends here, and the prefixes that go on."""

    __slots__ = ("items", "longer")

    def __init__(self) -> None:
        self.items: list[Ranked[Item]] = []
        self.longer: dict[str, _Node[Item]] = {}


class Index(Generic[Item]):
    """Items with a pattern, in the order they are added.

    Those that match one path only are found by that path, however many there are. The others stand in a tree of
    literal segments, which is walked as far as the path goes along.
    """

    def __init__(self) -> None:
        self._exact: dict[str, list[Ranked[Item]]] = {}
        self._root: _Node[Item] = _Node()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, pattern: Pattern, item: Item) -> None:
        """Put an item behind those added before."""
        ranked = (self._count, item)
        self._count += 1
        exact = pattern.exact
        if exact is not None:
            self._exact.setdefault(exact, []).append(ranked)
            return
        node = self._root
        for segment in pattern.prefix:
            node = node.longer.setdefault(segment, _Node())
        node.items.append(ranked)

    def candidates(self, segments: list[str]) -> list[Item]:
        """The items that may match, in their order; those with an exact pattern do match."""
        found = list(self._exact.get("/".join(segments), ())) if self._exact else []
        node: _Node[Item] | None = self._root
        for segment in segments:
            if node is None:
                break
            found += node.items
            node = node.longer.get(segment)
        if node is not None:
            found += node.items
        found.sort(key=_rank)  # a few sorted runs, which the sort merges in one pass
        return [item for _, item in found]


def _rank(ranked: Ranked[Item]) -> int:
    return ranked[0]

"""Much, a part at a time: between two of them somebody else may have a turn."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of so many; the last one may be shorter."""
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion

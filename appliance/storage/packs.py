"""Packs: blobs that hold many small contents, one after the other, without anything in between.

To make a file takes a system as long as to minify and compress a small page, so the forms of a large site are packed at
first, and get files of their own in the background, with their best forms. Only what can be made again lies in packs:
what an author has sent is always a file of its own.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Pack(NamedTuple):
    """One of them: its bytes, and where in it each content begins that is wanted of it, by SHA-256."""

    size: int
    offsets: Mapping[str, int]


class Place(NamedTuple):
    """Where content lies: the SHA-256 of the pack, where in it the content begins, and the bytes of the pack."""

    pack: str
    offset: int
    whole: int


Packs = Mapping[str, Pack]
"""Packs by their own SHA-256."""

Places = Mapping[str, Place]
"""Where contents lie, by their SHA-256; those that are not in it have files of their own."""


def places(packs: Packs) -> dict[str, Place]:
    """Where each of the contents lies."""
    each = ((name, pack.size, pack.offsets.items()) for name, pack in packs.items())
    return {sha256: Place(name, offset, size) for name, size, offsets in each for sha256, offset in offsets}


def holding(wanted: Iterable[str], known: Places) -> dict[str, Pack]:
    """The packs in which these contents lie, with nothing else in them, as far as they are in any."""
    offsets: dict[str, dict[str, int]] = {}
    sizes: dict[str, int] = {}
    for sha256 in wanted:
        if (place := known.get(sha256)) is not None:
            offsets.setdefault(place.pack, {})[sha256] = place.offset
            sizes[place.pack] = place.whole
    return {name: Pack(sizes[name], inside) for name, inside in offsets.items()}

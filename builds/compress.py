"""The compressed forms of a file, made once, so that no visitor ever waits for a compressor."""

import functools
import zlib
from collections.abc import Callable, Mapping, Sequence

import brotli
import zstandard
from isal import isal_zlib

from builds.units import MB

SMALLEST = 1_000  # bytes; with its head, a smaller file is one packet either way
LARGEST = 32 * MB  # bytes; a file is compressed in memory
WORTH = 0.95  # a form is kept when it is at least 5 % smaller
SOME = 4 * MB  # bytes of text in one site, from which on going live soon is worth more than a few percent for a moment
MUCH = 50 * MB  # bytes of text in one site, from which on it is worth more than a tenth

FIRST = {"zstd": 3, "br": 4, "gzip": 4}  # a third of the time of the usual 9, 6 and 6 for a twentieth more bytes
FIRST_OF_SOME = {
    "gzip": 2
}  # which all know; at quick levels the others are hardly smaller (zstd -2 %, br +2 %: measured)
FIRST_OF_MUCH = {"zstd": 3, "gzip": 2}  # at a speed like these, br comes out hardly smaller than gzip (measured)
BEST = {"zstd": 19, "br": 11, "gzip": 9}  # made in the background: some 3 s of processor time for each MB
QUICK = 3  # levels of gzip up to this one are ISA-L's: as small as zlib's first, in a third of the time
_GZIP_WINDOW = 16 + zlib.MAX_WBITS

Levels = Mapping[str, int]


def first(sizes: Sequence[int], *, better_follow: bool) -> Levels:
    """The levels at which a site goes live that has files of these sizes to compress.

    Where `better_follow` soon, in the background, a larger one begins with what everybody understands.
    """
    total = sum(sizes)
    if total > MUCH:
        return FIRST_OF_MUCH
    return FIRST_OF_SOME if total > SOME and better_follow else FIRST


def forms(content: bytes, levels: Levels) -> dict[str, bytes]:
    """The forms that help by coding, in the order of `levels`; if the first does not, the others will not either."""
    made: dict[str, bytes] = {}
    if not SMALLEST <= len(content) <= LARGEST:
        return made
    for coding, level in levels.items():
        form = _CODINGS[coding](content, level)
        if len(form) <= len(content) * WORTH:
            made[coding] = form
        elif not made:
            break
    return made


def _zstd(content: bytes, level: int) -> bytes:
    compressed: bytes = _zstd_at(level).compress(content)
    return compressed


@functools.cache
def _zstd_at(level: int) -> zstandard.ZstdCompressor:
    """One for all files, as making it takes longer than a small file. Not for several threads; a press has one."""
    return zstandard.ZstdCompressor(level=level)


def _br(content: bytes, level: int) -> bytes:
    compressed: bytes = brotli.compress(content, quality=level)
    return compressed


def _gzip(content: bytes, level: int) -> bytes:
    compress = isal_zlib.compress if level <= QUICK else zlib.compress
    return compress(content, level, _GZIP_WINDOW)  # no name, no time: always the same bytes


_CODINGS: dict[str, Callable[[bytes, int], bytes]] = {"zstd": _zstd, "br": _br, "gzip": _gzip}

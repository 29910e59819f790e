"""The bounds of what is taken in: counts what really comes out, and refuses at the first entry or byte too many."""

import threading
from typing import Never

from builds.errors import BuildError
from builds.origin import UPLOAD, Origin
from builds.refusals import shown
from builds.values import Limits

UNITS = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("KB", 10**3))
BINARY_UNITS = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
AROUND = 4096  # bytes of headers and padding that a tar may have around each entry


def written(size: int) -> str:
    """A number of bytes as it is written in `appliance.toml`: the largest unit it is a whole number of."""
    for unit, count in UNITS + BINARY_UNITS:
        if size and size % count == 0:
            return f"{size // count}{unit}"
    return f"{size}B"


class Bounds:
    """Counters held against the limits; every method raises BuildError naming the limit that was hit.

    Safe to use from several threads, but for `entry`, `path` and `packed`, which belong to the reader.
    """

    def __init__(self, limits: Limits, origin: Origin = UPLOAD) -> None:
        self.limits = limits
        self.origin = origin
        self.packed = 0  # bytes of the upload that were read so far
        self._entries = 0
        self._unpacked = 0
        self._inflated = 0
        self._lock = threading.Lock()

    def entry(self) -> None:
        """Another entry, of whatever kind."""
        self._entries += 1
        self.entries(self._entries)

    def entries(self, count: int) -> None:
        """There are so many entries in all."""
        if count > self.limits.entries:
            limit = str(self.limits.entries)
            self._refuse("too_many_entries", self.origin.entries.format(limit=limit), ("entries", limit))

    def path(self, path: str) -> None:
        """A path of the site, `/`-separated: its length in bytes of UTF-8 and the folders in it."""
        length, depth = self.limits.path_length, self.limits.path_depth
        # A character takes four bytes at most: the usual short path need not be encoded to be counted.
        if len(path) * 4 > length and len(path.encode("utf-8", "surrogatepass")) > length:
            self._refuse("path_too_long", f"A path is longer than {length} bytes.", ("path_length", str(length)), path)
        if path.count("/") > depth:
            self._refuse("path_too_deep", f"A path has more than {depth} folders.", ("path_depth", str(depth)), path)

    def file(self, size: int, path: str) -> None:
        """One file has, or says it has, so many bytes."""
        if size > self.limits.file_size:
            limit = written(self.limits.file_size)
            self._refuse("file_too_large", f"“{shown(path)}” is larger than {limit}.", ("file_size", limit), path)

    def unpacked(self, count: int) -> None:
        """So many more bytes of files came out."""
        with self._lock:
            self._unpacked += count
            total = self._unpacked
        self.total(total)

    def total(self, size: int) -> None:
        """The files have, or say they have, so many bytes in all."""
        if size > self.limits.unpacked_size:
            limit = written(self.limits.unpacked_size)
            self._refuse("unpacked_too_large", self.origin.size.format(limit=limit), ("unpacked_size", limit))

    def inflated(self, count: int) -> None:
        """So many more bytes came out of a decompressor that was fed `packed` bytes: of files, or of what is around."""
        self._inflated += count
        self.ratio(self._inflated, self.packed)
        self.total(self._inflated - self.limits.entries * AROUND)

    def ratio(self, unpacked: int, packed: int) -> None:
        """So many bytes came, or are said to come, out of so many."""
        if unpacked > self.limits.ratio_from and unpacked > packed * self.limits.ratio:
            limit = str(self.limits.ratio)
            detail = (
                f"The upload becomes more than {limit} times larger when it is unpacked, as a decompression bomb does."
            )
            self._refuse("ratio_too_high", detail, ("ratio", limit))

    def _refuse(self, code: str, detail: str, limit: tuple[str, str], path: str | None = None) -> Never:
        name, value = limit
        setting = self.origin.less.format(name=name, value=value)
        raise BuildError(code, detail + setting, path=None if path is None else shown(path), limit=limit)

"""What was made once, for every site and deploy after that: small values by key, within a size.

A value is JSON and says which content was made of which; the content itself is in the store of content, and whoever
finds a value checks that it still is. Keys are digests of everything the result depends on, so a value is never wrong,
only missing. To keep it elsewhere (object storage) is to write another `Cache`.
"""

import functools
import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from builds.cache_index import Index, Row

OVERHEAD = 300  # bytes a value takes beside itself


class Cache(Protocol):
    """Where results are kept. Safe to use from several processes; nothing is promised to be there."""

    def get(self, keys: Collection[str]) -> dict[str, Any]:
        """The values that are there, by key."""
        ...

    def put(self, values: Mapping[str, Any]) -> None:
        """Keep these values; what was not used for longest goes when that is too much."""
        ...


def key_of(content: str, *how: str) -> str:
    """The key of a result that depends on the content with this SHA-256 and on how it was made, on nothing else."""
    return f"{content}.{_digest(how)}"


@functools.lru_cache(maxsize=64)  # thousands of files of a site are worked on in a few ways
def _digest(how: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(how).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def cache_in(folder: Path | None, size: int) -> Cache:
    """The cache in a folder, of up to `size` bytes; one that keeps nothing where there is none."""
    return FolderCache(folder, size) if folder else NoCache()


class NoCache:
    """Keeps nothing."""

    def get(self, keys: Collection[str]) -> dict[str, Any]:  # noqa: ARG002 - a Cache
        """Nothing."""
        return {}

    def put(self, values: Mapping[str, Any]) -> None:
        """Forget them."""


class FolderCache:
    """A cache in one folder, up to `size` bytes.

    A process that is killed leaves it whole. What is found damaged is taken out, and made again by who needed it.
    """

    def __init__(self, root: Path, size: int) -> None:
        self._index = Index(root / "index")
        self._size = size

    def get(self, keys: Collection[str]) -> dict[str, Any]:
        """The values that are there, by key."""
        found = self._index.read(list(keys))
        values = json.loads(b"[%s]" % b",".join(found.values()))  # at once: thousands of small ones take twice as long
        return dict(zip(found, values, strict=True))

    def put(self, values: Mapping[str, Any]) -> None:
        """Keep these values; what was not used for longest goes when that is too much."""
        packed = {key: json.dumps(value, separators=(",", ":")).encode() for key, value in values.items()}
        self._index.write([Row(key, value, len(value) + OVERHEAD) for key, value in packed.items()], self._size)

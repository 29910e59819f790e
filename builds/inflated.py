"""What deflated bytes came to in a site's last upload: the same bytes need not be inflated and hashed again."""

import hashlib
import struct
from collections.abc import Container

from builds.cache import Cache, NoCache, cache_in
from builds.values import Plan

_SAID = struct.Struct("<QL")  # size and CRC


class Inflated:
    """The SHA-256 of content, by a digest of what it is inflated from and of the size and CRC said of it.

    Deflate has one outcome: bytes that were inflated once, and were right to the last of them, are right again and give
    the same, wherever they stand. Whether the content is still in the store is for who finds it here to see. What one
    upload of a site had is kept as one value: to look up each file by itself would take as long as inflating it. Safe
    to use from several threads.
    """

    def __init__(self, cache: Cache, site: str) -> None:
        self._cache = cache
        self._key = f"inflated.{site}"
        self._before: dict[str, str] = {}
        self._now: dict[str, str] = {}

    @classmethod
    def of(cls, plan: Plan) -> "Inflated":
        """What is known of the site that an upload is for."""
        wanted = plan.transforms
        return cls(cache_in(wanted.cache, wanted.cache_size), plan.order.site if plan.order else "")

    @classmethod
    def none(cls) -> "Inflated":
        """Nothing is known."""
        return cls(NoCache(), "")

    def recall(self) -> None:
        """Look up what the last upload had; before that nothing is found."""
        self._before = self._cache.get([self._key]).get(self._key, {})

    def find(self, name: str) -> str | None:
        """The content that came of the bytes with this name (see `name_of`)."""
        return self._before.get(name)

    def learn(self, name: str, sha256: str) -> None:
        """Note that this content came of them, and size and CRC were right."""
        self._now[name] = sha256

    def remember(self, stored: Container[str]) -> None:
        """Keep what this upload had for the next one, in place of what the last one had: only of `stored` content.

        Not even a digest is kept of what must not be in the store.
        """
        now = {name: sha256 for name, sha256 in self._now.items() if sha256 in stored}
        if now and now != self._before:
            self._cache.put({self._key: now})


def name_of(deflated: bytes, size: int, crc: int) -> str:
    """What deflated bytes are known by, with the size in bytes and the CRC-32 that are said of their content."""
    digest = hashlib.sha256(_SAID.pack(size, crc))
    digest.update(deflated)
    return digest.hexdigest()

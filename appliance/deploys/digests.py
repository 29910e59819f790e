"""The digests that senders know content by: which there are, and how each is made of the bytes."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from blake3 import blake3

_HEX = re.compile(r"[0-9a-f]+")


class Hasher(Protocol):
    """Takes bytes piece by piece."""

    def update(self, piece: bytes, /) -> object:
        """The next piece."""

    def hexdigest(self) -> str:
        """What they come to, as lower-case hexadecimal."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A digest's length in hexadecimal digits, and what makes it of the bytes alone, where that is possible."""

    digits: int
    hasher: Callable[[], Hasher] | None


@dataclass(frozen=True, slots=True)
class Name:
    """What a sender knows content by: a kind of digest and its value, in lower-case hexadecimal."""

    kind: str
    value: str

    @property
    def is_one(self) -> bool:
        """Whether a digest of this kind can look like this."""
        kind = KINDS.get(self.kind)
        return kind is not None and len(self.value) == kind.digits and _HEX.fullmatch(self.value) is not None


KINDS: Mapping[str, Kind] = {
    "sha256": Kind(64, hashlib.sha256),
    "sha1": Kind(40, lambda: hashlib.sha1(usedforsecurity=False)),
    "pages": Kind(32, None),  # Cloudflare's: the path's extension is part of it
}


class PagesHasher:
    """The first 32 digits of BLAKE3 over the content in base64, then the extension of its path, without the dot."""

    def __init__(self, path: str) -> None:
        self._digest = blake3()
        self._rest = b""
        self._extension = extension_of(path)

    def update(self, piece: bytes) -> None:
        """The next piece."""
        piece = self._rest + piece
        whole = len(piece) // 3 * 3
        self._digest.update(base64.b64encode(piece[:whole]))
        self._rest = piece[whole:]

    def hexdigest(self) -> str:
        """What they come to."""
        self._digest.update(base64.b64encode(self._rest) + self._extension.encode("utf-8", "surrogatepass"))
        self._rest, self._extension = b"", ""
        return self._digest.hexdigest()[:32]


def extension_of(path: str) -> str:
    """A path's extension without the dot, as Node's `path.extname` has it: none for names that begin with the dot."""
    name = path.rpartition("/")[2]
    stem, dot, extension = name.rpartition(".")
    return extension if dot and stem else ""

"""Content that an account has sent and no deploy holds yet: files beside the store, a folder for each account.

Below the account's folder: `content/<sha256>`, the bytes; `listings/<deploy>`, what deploys begun are to hold; and
`names.<kind>`, by which other digests the account has proven to know content. All of it may be lost at any time, which
costs a sender no more than sending it again; content and listings go when nobody touched them for long enough.
"""

import os
import struct
from collections.abc import Container, Iterable, Iterator
from itertools import count
from pathlib import Path

READ_ONLY = 0o444  # it becomes content of the store, which is never changed
MOST_NAMES = 400_000  # remembered for each account and kind: some 25 MB; the oldest half is forgotten then
_SHA256 = 32  # bytes
_SIZE = struct.Struct(">Q")
_temporary = count()


class Pending:
    """What one account has sent. Blocks; usable from several threads."""

    def __init__(self, root: Path, account: int) -> None:
        self.folder = root / str(account)
        self.content = self.folder / "content"
        self.listings = self.folder / "listings"

    def create(self) -> None:
        """Make the account's folders, and none that they stand in: FileNotFoundError where the disk is not there."""
        for folder in (self.folder, self.content, self.listings):
            folder.mkdir(exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where content with this hash stands, whether or not it is there."""
        return self.content / sha256

    def sizes(self) -> dict[str, int]:
        """The content there is: SHA-256 → bytes."""
        return {entry.name: size for entry, size in _files(self.content)}

    def used(self) -> int:
        """Bytes of content and listings, also of content that is being received."""
        return sum(size for folder in (self.content, self.listings) for _, size in _files(folder, hidden=True))

    def receive(self) -> "Receiving":
        """Begin to take content in."""
        return Receiving(self.content)

    def touch(self, names: Iterable[str]) -> None:
        """Content that is needed still: its time begins anew."""
        for sha256 in self._here(names):
            _touch(self.path(sha256))

    def remove(self, names: Iterable[str]) -> None:
        """Forget content; no error where it is gone already."""
        for sha256 in self._here(names):
            self.path(sha256).unlink(missing_ok=True)

    def _here(self, names: Iterable[str]) -> set[str]:
        """Those of the names that there is content of: as a rule few of many, so each is not tried."""
        return self.sizes().keys() & set(names)

    def put_listing(self, deploy: str, stored: bytes) -> None:
        """Keep what a deploy is to hold, in place of what was kept before; whole or not at all."""
        beside = self.listings / f".{deploy}.{next(_temporary)}"
        beside.write_bytes(stored)
        beside.replace(self.listings / deploy)

    def listing(self, deploy: str) -> bytes:
        """What a deploy is to hold, whose time begins anew; raises FileNotFoundError."""
        stored = (self.listings / deploy).read_bytes()
        _touch(self.listings / deploy)
        return stored

    def drop_listing(self, deploy: str) -> None:
        """Forget a listing; no error where there is none."""
        (self.listings / deploy).unlink(missing_ok=True)

    def names(self, kind: str, width: int) -> dict[str, tuple[str, int]]:
        """By which digests of a kind, each `width` bytes, content is known: digest → (SHA-256, bytes)."""
        try:
            stored = (self.folder / f"names.{kind}").read_bytes()
        except FileNotFoundError:
            return {}
        record = width + _SHA256 + _SIZE.size
        found = {}
        for start in range(0, len(stored) - record + 1, record):
            sha256 = start + width
            size = _SIZE.unpack_from(stored, sha256 + _SHA256)[0]
            found[stored[start:sha256].hex()] = (stored[sha256 : sha256 + _SHA256].hex(), size)
        return found

    def add_name(self, kind: str, digest: str, sha256: str, size: int) -> None:
        """Remember content by another digest: one record at the end of the file, in a single write."""
        path = self.folder / f"names.{kind}"
        record = bytes.fromhex(digest) + bytes.fromhex(sha256) + _SIZE.pack(size)
        with path.open("ab", buffering=0) as file:
            file.write(record)
            if file.tell() > MOST_NAMES * len(record):
                _forget_half(path, len(record))

    def expire(self, before: float, needed: Container[str] = ()) -> int:
        """Remove what was not touched since, in seconds since 1970, and is not `needed`; how many files went."""
        gone = 0
        for folder in (self.content, self.listings):
            for entry, _ in _files(folder, hidden=True):
                if entry.name not in needed and entry.stat().st_mtime < before:
                    Path(entry.path).unlink(missing_ok=True)
                    gone += 1
        return gone


class Receiving:
    """Content on its way in: `write` what comes, then `keep` it or `drop` it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f".{os.getpid()}.{next(_temporary)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._file = os.fdopen(os.open(self._path, flags, READ_ONLY), "wb")

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self._file.write(piece)

    def keep(self, sha256: str) -> None:
        """It is complete, and this is its hash."""
        self._file.close()
        self._path.replace(self._folder / sha256)

    def drop(self) -> None:
        """Forget it; harmless once it is kept."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def accounts(root: Path) -> list[int]:
    """Which accounts have something pending."""
    return [int(entry.name) for entry in os.scandir(root) if entry.name.isdecimal()]


def _files(folder: Path, *, hidden: bool = False) -> Iterator[tuple["os.DirEntry[str]", int]]:
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if hidden or not entry.name.startswith("."):
            try:
                yield entry, entry.stat().st_size
            except FileNotFoundError:
                continue  # it went meanwhile


def _touch(path: Path) -> None:
    try:
        os.utime(path)
    except FileNotFoundError:
        pass  # it went meanwhile: whoever needs it will find it missing


def _forget_half(path: Path, record: int) -> None:
    stored = path.read_bytes()
    keep = len(stored) // record // 2 * record
    beside = path.with_suffix(".new")
    beside.write_bytes(stored[-keep:])
    beside.replace(path)

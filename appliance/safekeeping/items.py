"""What a backup is made of: files of a data folder, each with its hash, and the listing that names them all."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Self

FORMAT = 1  # of a listing; a reader refuses what it does not know
LISTING = "LISTING"  # the listing's name in an archive
SECRETS = ("secret.key", "certs/", "appliance.toml")  # what is left out where secrets are
LONGEST_LINE = 64 * 1024  # bytes; a path has a few hundred at most
_PATH = re.compile(
    r"blobs/(?P<folder>[0-9a-f]{2})/(?P=folder)[0-9a-f]{62}|manifests/[0-9a-f]{64}"
    r"|dropdock\.db|secret\.key|appliance\.toml|traffic\.jsonl"
    r"|themes/[a-z0-9][a-z0-9-]{0,31}/[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
    r"|logs/builds/[0-9A-Za-z_-]+\.jsonl|certs(?:/(?!\.\.?(?:/|$))[^/\\:\x00-\x1f\x7f]+){1,8}"
)


class Refused(Exception):
    """A backup cannot be made or used; `str()` is a sentence that says what to do."""


class Damaged(Refused):
    """A backup is not as it was when it was made."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file: where it stands in a data folder, with `/`, the SHA-256 of its bytes, and how many these are."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Head:
    """What a listing says first. `taken_at` is ISO 8601 in UTC, `program` the version that made it."""

    taken_at: str
    program: str
    secrets: bool
    format: int = FORMAT


def checked(path: str) -> str:
    """The path, if it is one that a backup may hold: nothing else is ever written from one. Raises Damaged."""
    if not may_be_held(path):
        raise Damaged(f"The backup names {path!r}, which no backup of Dropdock holds: do not use it.")
    return path


def may_be_held(path: str) -> bool:
    """Whether a backup may hold a file at that path."""
    return _PATH.fullmatch(path) is not None


def name_of_content(path: str) -> str | None:
    """The SHA-256 that the path itself tells, as those of blobs and manifests do."""
    return path.rpartition("/")[2] if path.startswith(("blobs/", "manifests/")) else None


def is_secret(path: str) -> bool:
    """Whether this is left out of a backup without secrets."""
    return path.startswith(SECRETS)


class ListingWriter:
    """Writes a listing: its head, a line for each item, and a last line that tells whether all of them are there."""

    def __init__(self, file: BinaryIO, head: Head) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.files = self.bytes = 0
        self._write(json.dumps(asdict(head)))

    def add(self, item: Item) -> None:
        """Name one item; each path once."""
        self._write(f"{item.sha256} {item.size} {item.path}")
        self.files += 1
        self.bytes += item.size

    def finish(self) -> None:
        """Write the last line."""
        self._write(json.dumps({"files": self.files, "bytes": self.bytes, "sha256": self._digest.hexdigest()}))

    def _write(self, text: str) -> None:
        line = text.encode() + b"\n"
        self._digest.update(line)
        self._file.write(line)


class Listing:
    """A stored listing, read line by line however long it is. Raises Damaged where it is not what was written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self.head = _head(file.readline(LONGEST_LINE))

    def items(self) -> Iterator[Item]:
        """Every item. That the listing is whole is known once this has come to its end."""
        digest, files, size = hashlib.sha256(), 0, 0
        with self.path.open("rb") as file:
            digest.update(file.readline(LONGEST_LINE))
            while True:
                line = file.readline(LONGEST_LINE)
                if line.startswith(b"{"):
                    break
                item = _item(line)
                digest.update(line)
                files += 1
                size += item.size
                yield item
            if _end(line) != (files, size, digest.hexdigest()) or file.read(1):
                raise _not_whole(self.path.name)

    def check(self) -> Self:
        """Read it to its end; raises Damaged."""
        for _ in self.items():
            pass
        return self


def _head(line: bytes) -> Head:
    try:
        value = json.loads(line)
        if value["format"] != FORMAT:
            raise Refused("The backup was made by a newer Dropdock: restore it with that version.")
        return Head(**value)
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged("This is no backup of Dropdock, or its listing is damaged: use another one.") from error


def _item(line: bytes) -> Item:
    try:
        sha256, size, path = line.decode().removesuffix("\n").split(" ", 2)
        item = Item(checked(path), sha256, int(size))
    except ValueError as error:
        raise _not_whole("its listing") from error
    if not re.fullmatch("[0-9a-f]{64}", sha256) or item.size < 0 or name_of_content(path) not in {None, sha256}:
        raise _not_whole("its listing")
    return item


def _end(line: bytes) -> tuple[object, object, object]:
    try:
        value = json.loads(line)
        return value["files"], value["bytes"], value["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise _not_whole("its listing") from error


def _not_whole(what: str) -> Damaged:
    return Damaged(f"The backup is damaged or was cut short ({what}): use another one.")

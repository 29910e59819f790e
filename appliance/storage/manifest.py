"""What a deploy contains, as a value, and the folder such values are kept in."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = 1  # of the stored form; a reader refuses what it does not know


@dataclass(frozen=True, slots=True)
class Variant:
    """The same content in another coding (`br`, `gzip`, `zstd`), kept as a blob of its own."""

    coding: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the site: content, size in bytes, media type, and since when these bytes stand at this path.

    `modified` is in seconds since 1970 (UTC): the first deploy in the site's history, without a gap, that had
    these bytes at this path.
    """

    sha256: str
    size: int
    type: str
    modified: int
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """How the site wants to be answered, as it was set when the deploy was made (see `site set`)."""

    dialect: str = "netlify"
    html: str = "natural"
    spa: bool = False
    minify: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """Something found while the deploy was made that its author should know; `code` is stable."""

    code: str
    message: str
    path: str | None = None
    line: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """One finished version of a site: path → entry, its options and the problems found."""

    options: Options = field(default_factory=Options)
    entries: dict[str, Entry] = field(default_factory=dict)
    problems: tuple[Found, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files, each path counted."""
        return sum(entry.size for entry in self.entries.values())


class UnreadableManifest(Exception):
    """The stored form is damaged, or of a version this program does not know."""


def encode(manifest: Manifest) -> bytes:
    """The stored form: JSON, the same bytes for the same value."""
    value = {
        "version": VERSION,
        "options": {name: getattr(manifest.options, name) for name in Options.__slots__},
        "problems": [[p.code, p.message, p.path, p.line, p.count] for p in manifest.problems],
        "entries": {path: _pack(entry) for path, entry in sorted(manifest.entries.items())},
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def decode(stored: bytes) -> Manifest:
    """The value of a stored form; raises UnreadableManifest."""
    try:
        value = json.loads(stored)
        if value["version"] != VERSION:
            raise UnreadableManifest(f"version {value['version']!r}, this program reads {VERSION}")
        return Manifest(
            Options(**value["options"]),
            {path: _unpack(packed) for path, packed in value["entries"].items()},
            tuple(Found(*packed) for packed in value["problems"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableManifest(str(error)) from error


class Manifests:
    """The folder of stored manifests, each under the SHA-256 of its bytes, written beside and renamed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(self) -> None:
        """Make the folder."""
        self.root.mkdir(parents=True, exist_ok=True)

    def put(self, manifest: Manifest) -> str:
        """Store the manifest, durably, and return the SHA-256 it is kept under."""
        stored = encode(manifest)
        sha256 = hashlib.sha256(stored).hexdigest()
        beside = self.root / f".{sha256}.{os.getpid()}"
        with beside.open("wb") as file:
            file.write(stored)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.root / sha256)
        _sync_folder(self.root)
        return sha256

    def get(self, sha256: str) -> Manifest:
        """Read a manifest back; raises FileNotFoundError, UnreadableManifest (also when its hash does not fit)."""
        stored = (self.root / sha256).read_bytes()
        if hashlib.sha256(stored).hexdigest() != sha256:
            raise UnreadableManifest(f"{sha256} does not have the bytes its name says")
        return decode(stored)


def _pack(entry: Entry) -> list[Any]:
    packed: list[Any] = [entry.sha256, entry.size, entry.type, entry.modified]
    if entry.variants:
        packed.append([[v.coding, v.sha256, v.size] for v in entry.variants])
    return packed


def _unpack(packed: list[Any]) -> Entry:
    sha256, size, media_type, modified, *variants = packed
    return Entry(sha256, size, media_type, modified, tuple(Variant(*v) for v in variants[0]) if variants else ())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

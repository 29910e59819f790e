"""What a deploy contains, as a value, and the folder such values are kept in."""

import hashlib
import json
import os
import threading
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from appliance.storage.guard import Guard
from appliance.storage.packs import Pack, Packs, places
from appliance.storage.recent import Recent
from appliance.storage.rules import NO_RULES, Rules, pack, unpack
from appliance.storage.syncing import sync_folder

VERSION = 1  # of the stored form; a reader refuses what it does not know
WITH_PACKS = 2  # of one some of whose content lies in packs
_FEW = 32  # digests: to look for each in the text of a manifest is quicker than to parse it
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)  # `dumps` makes one each time
_AT_ONCE = 32  # entries: some 60 µs of work
RARE = ("coding", "immutable", "source", "source_size")  # fields of an entry that few have, stored by name


Gently = Callable[[Iterable[Any]], Iterator[Any]]
"""Passes on items one by one, and may let others have a turn in between."""


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
    these bytes at this path. `coding` is the content coding the file itself is in (a shipped `game.wasm.br`), as a
    rule none. `immutable` says that there is evidence that this path will never hold other bytes. Where the content was
    made from another file (minified, say), `source` is the SHA-256 of that original, kept too, and `source_size` its
    bytes.
    """

    sha256: str
    size: int
    type: str
    modified: int
    variants: tuple[Variant, ...] = ()
    coding: str = ""
    immutable: bool = False
    source: str = ""
    source_size: int = 0

    @property
    def original(self) -> tuple[str, int]:
        """SHA-256 and size of the file as its author gave it."""
        return (self.source, self.source_size) if self.source else (self.sha256, self.size)


@dataclass(frozen=True, slots=True)
class Options:
    """How the site wants to be answered, as it was set when the deploy was made (see `site set`)."""

    dialect: str = "netlify"
    html: str = "natural"
    spa: bool = False
    minify: bool = True
    any_case: bool = False
    head_snippet: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Something found while the deploy was made that its author should know; `code` is stable."""

    code: str
    message: str
    path: str | None = None
    line: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class History:
    """What earlier manifests of the site had at paths that are named for their content.

    `paths` maps each to the beginning of the SHA-256 it had, or to "" once it has held different bytes; those of the
    manifest's own entries that never did are left out. `seen` are the manifests all this was gathered from.
    """

    paths: dict[str, str] = field(default_factory=dict)
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """One finished version of a site: path → entry, its options and the problems found.

    `packs` hold some of what was made for it, which has no files of its own then.
    """

    options: Options = field(default_factory=Options)
    entries: dict[str, Entry] = field(default_factory=dict)
    problems: tuple[Found, ...] = ()
    history: History = field(default_factory=History)
    rules: Rules = NO_RULES
    packs: Packs = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all files as their author gave them, each path counted."""
        return sum(entry.source_size or entry.size for entry in self.entries.values())

    @property
    def contents(self) -> frozenset[str]:
        """The SHA-256 of all files of the store it names: what is served, what that was made from, forms and packs."""
        entries = self.entries.values()
        forms = (form.sha256 for entry in entries for form in entry.variants)
        files = {content for entry in entries for content in (entry.sha256, entry.source)} - {""}
        every = frozenset(files).union(forms)
        if not self.packs:
            return every
        originals = (entry.original[0] for entry in entries)
        return (every - places(self.packs).keys()).union(originals, self.packs)


class UnreadableManifest(Exception):
    """The stored form is damaged, or of a version this program does not know."""


def encode(manifest: Manifest, gently: Gently = iter) -> bytes:
    """The stored form: JSON, the same bytes for the same value. `gently` passes on what there is much of."""
    entries = map(_members, gently(_portions(sorted(manifest.entries.items()))))
    members = {
        "version": _json(WITH_PACKS if manifest.packs else VERSION),
        "options": _json({name: getattr(manifest.options, name) for name in Options.__slots__}),
        "problems": _json([[p.code, p.message, p.path, p.line, p.count] for p in manifest.problems]),
        "entries": f"{{{','.join(entries)}}}",
    }
    if manifest.history != History():
        members["history"] = _json({"paths": manifest.history.paths, "seen": manifest.history.seen})
    if manifest.rules != NO_RULES:
        members["rules"] = _json(pack(manifest.rules))
    if manifest.packs:
        members["packs"] = _json(manifest.packs)
    whole = ",".join(f'"{name}":{member}' for name, member in members.items())
    return f"{{{whole}}}".encode("utf-8", "surrogatepass")


def _portions(entries: Iterable[tuple[str, Entry]]) -> Iterator[list[tuple[str, Entry]]]:
    rest = iter(entries)
    while portion := list(islice(rest, _AT_ONCE)):
        yield portion


def _members(portion: list[tuple[str, Entry]]) -> str:
    """Entries as members of a JSON object."""
    return _json({path: _pack(entry) for path, entry in portion})[1:-1]


def _json(value: object) -> str:
    return _JSON.encode(value)


def _all(_: str) -> bool:
    return True


def decode(stored: bytes, wanted: Callable[[str], bool] = _all) -> Manifest:
    """The value of a stored form, its entries only those at `wanted` paths; raises UnreadableManifest."""
    try:
        value = _load(stored)
        return Manifest(
            Options(**value["options"]),
            {path: _unpack(packed) for path, packed in value["entries"].items() if wanted(path)},
            tuple(Found(*packed) for packed in value["problems"]),
            history=_read_history(value.get("history", {})),
            rules=unpack(value["rules"]) if "rules" in value else NO_RULES,
            packs=_read_packs(value),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableManifest(str(error)) from error


def _load(stored: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(stored)
    if value["version"] not in {VERSION, WITH_PACKS}:
        raise UnreadableManifest(f"version {value['version']!r}, this program reads up to {WITH_PACKS}")
    return value


@dataclass(frozen=True, slots=True)
class Written:
    """A stored form, and the file it was written to."""

    sha256: str
    beside: Path

    def discard(self) -> None:
        """Have nothing of it, unless it was placed."""
        self.beside.unlink(missing_ok=True)


class Manifests:
    """The folder of stored manifests, each under the SHA-256 of its bytes, written beside and renamed.

    With `recent`, what was read or written lately is not read again.
    """

    def __init__(self, root: Path, recent: Recent[Manifest] | None = None) -> None:
        self.root = root
        self.guard = Guard(root)
        self._recent = recent or Recent[Manifest](room=0)

    def create(self) -> None:
        """Make the folder."""
        self.root.mkdir(parents=True, exist_ok=True)

    def clear_unfinished(self) -> None:
        """Remove what a process that was killed has written and not renamed; nobody may write meanwhile."""
        for unfinished in self.root.glob(".*"):
            unfinished.unlink()

    def put(self, manifest: Manifest) -> str:
        """Store the manifest, durably, and return the SHA-256 it is kept under."""
        written = self.write(encode(manifest))
        self.place(written, manifest)
        return written.sha256

    def write(self, encoded: bytes) -> "Written":
        """Write a stored form, durably, but not where it is found: that is for `place`, or else it is discarded."""
        sha256 = hashlib.sha256(encoded).hexdigest()
        written = Written(sha256, self.root / f".{sha256}.{os.getpid()}.{threading.get_ident()}")
        try:
            with written.beside.open("wb") as file:
                file.write(encoded)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            written.discard()
            raise
        return written

    def place(self, written: "Written", manifest: Manifest) -> None:
        """Let what was written be found from now on, durably: it is this manifest."""
        try:
            with self.guard.closed():
                written.beside.replace(self.root / written.sha256)
        except BaseException:
            written.discard()
            raise
        sync_folder(self.root)
        self._recent.put(self.root / written.sha256, manifest)

    def renew(self, sha256: str) -> bool:
        """Whether the manifest is there; it stays for now then, with all it names, also if its deploy goes."""
        return self.guard.renew(str(self.root / sha256))

    def get(self, sha256: str, wanted: Callable[[str], bool] = _all) -> Manifest:
        """Read a manifest back; raises FileNotFoundError, UnreadableManifest (also when its hash does not fit).

        Reading only the entries at `wanted` paths costs a fifth when those are few.
        """
        kept = self._recent.get(self.root / sha256)
        if kept is None:
            kept = decode(self._read(sha256), wanted)
            if wanted is _all:
                self._recent.put(self.root / sha256, kept)
            return kept
        if wanted is _all:
            return kept
        return replace(kept, entries={path: entry for path, entry in kept.entries.items() if wanted(path)})

    def originals(self, sha256: str, among: Collection[str]) -> dict[str, int]:
        """The content a manifest names as it was sent, if `among` these: SHA-256 → bytes. Raises what `get` does.

        Costs a third of reading the manifest: no value is made of its entries; next to nothing where it names none of
        them and they are few.
        """
        kept = self._recent.get(self.root / sha256)
        if kept is not None:
            named = (entry.original for entry in kept.entries.values())
            return {content: size for content, size in named if content in among}
        stored = self._read(sha256)
        if len(among) <= _FEW and not any(content.encode() in stored for content in among):
            return {}
        try:
            named = (_original(packed) for packed in _load(stored)["entries"].values())
            return {content: size for content, size in named if content in among}
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise UnreadableManifest(str(error)) from error

    def named(self, sha256: str) -> dict[str, int]:
        """All files of the store a manifest names, and itself: SHA-256 → bytes. Raises what `get` does.

        Costs a third of reading the manifest.
        """
        kept = self._recent.get(self.root / sha256)
        if kept is not None:
            return {**named_by(kept), sha256: self.size(sha256)}
        stored = self._read(sha256)
        try:
            value = _load(stored)
            packs = _read_packs(value)
            inside = places(packs)
            named = {name: pack.size for name, pack in packs.items()}
            for packed in value["entries"].values():
                named.update(_packed_names(packed, inside))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise UnreadableManifest(str(error)) from error
        return {**named, sha256: len(stored)}

    def size(self, sha256: str) -> int:
        """Bytes of a manifest's stored form; raises FileNotFoundError."""
        return (self.root / sha256).stat().st_size

    def _read(self, sha256: str) -> bytes:
        stored = (self.root / sha256).read_bytes()
        if hashlib.sha256(stored).hexdigest() != sha256:
            raise UnreadableManifest(f"{sha256} does not have the bytes its name says")
        return stored


def _pack(entry: Entry) -> list[Any]:
    packed: list[Any] = [entry.sha256, entry.size, entry.type, entry.modified]
    rare = {name: value for name in RARE if (value := getattr(entry, name))}
    if entry.variants or rare:
        packed.append([[v.coding, v.sha256, v.size] for v in entry.variants])
    return [*packed, rare] if rare else packed


def _unpack(packed: list[Any]) -> Entry:
    sha256, size, media_type, modified, *more = packed
    variants = tuple(Variant(*v) for v in more[0]) if more else ()
    rare = more[1] if len(more) > 1 else {}
    return Entry(sha256, size, media_type, modified, variants, **rare)


def _original(packed: list[Any]) -> tuple[str, int]:
    rare = packed[5] if len(packed) > 5 else {}
    return (rare["source"], rare["source_size"]) if "source" in rare else (packed[0], packed[1])


def named_by(manifest: Manifest) -> dict[str, int]:
    """All files of the store a manifest names, content in every form and packs: SHA-256 → bytes."""
    named = {name: pack.size for name, pack in manifest.packs.items()}
    inside = places(manifest.packs)
    for entry in manifest.entries.values():
        named.update(files_of(entry, inside))
    return named


def files_of(entry: Entry, inside: Container[str] = ()) -> Iterator[tuple[str, int]]:
    """The files of the store that an entry needs, besides packs, in which what is `inside` lies: SHA-256 and bytes.

    An original has a file of its own, whatever else has the same bytes.
    """
    yield entry.original
    if entry.source and entry.sha256 not in inside:
        yield entry.sha256, entry.size
    for form in entry.variants:
        if form.sha256 not in inside:
            yield form.sha256, form.size


def _packed_names(packed: list[Any], inside: Container[str]) -> Iterator[tuple[str, int]]:
    """As `files_of`, of an entry that no value was made of."""
    original = _original(packed)
    yield original
    if original[0] != packed[0] and packed[0] not in inside:
        yield packed[0], packed[1]
    for _, content, size in packed[4] if len(packed) > 4 else ():
        if content not in inside:
            yield content, size


def _read_packs(value: dict[str, Any]) -> dict[str, Pack]:
    return {name: Pack(size, offsets) for name, (size, offsets) in value.get("packs", {}).items()}


def _read_history(stored: dict[str, Any]) -> History:
    return History(stored["paths"], tuple(stored["seen"])) if stored else History()

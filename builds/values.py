"""The plain values that go into the workshop and come out of it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from builds.units import GB, MB

if TYPE_CHECKING:
    from builds.order import Order  # whose own parts are made of what is here


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what an upload may become, counted in actual bytes while unpacking, never as declared.

    Each field is the setting of the same name in `appliance.toml`; sizes are bytes, the rest counts.
    """

    unpacked_size: int = 2 * GB
    file_size: int = 200 * MB
    entries: int = 50_000
    ratio: int = 200  # unpacked : packed, looked at once `ratio_from` bytes are unpacked
    ratio_from: int = 10 * MB
    path_length: int = 1024  # bytes of UTF-8
    path_depth: int = 64


@dataclass(frozen=True, slots=True)
class PressLimits:
    """What optimising one file may cost: seconds, and bytes of memory of the process that works on it."""

    seconds: float = 20.0
    memory: int = 1 * GB


@dataclass(frozen=True, slots=True)
class Transforms:
    """What is made of a site's files for its visitors; nothing without any of the first three.

    `minify` makes pages, styles, scripts and JSON of at most `largest` bytes smaller. `snippets` are HTML that goes
    into the head of every page, in this order. `compress` has the extensions (lower case, no dot) whose files get
    compressed forms; `better_follow` says that better ones are made once the site is live. What was made before is
    found in the folder `cache`, of up to `cache_size` bytes.
    """

    minify: bool = False
    snippets: tuple[str, ...] = ()
    compress: tuple[str, ...] = ()
    better_follow: bool = False
    largest: int = 5 * MB
    limits: PressLimits = field(default_factory=PressLimits)
    cache: Path | None = None
    cache_size: int = 2 * GB

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.minify or self.snippets or self.compress)


class StoredFile(NamedTuple):
    """A file of the site: its path (`/`-separated, NFC as uploaded, no leading slash), content and size in bytes.

    Where what visitors get was made from what was uploaded (minified, say), `source` is the SHA-256 of the original and
    `source_size` its bytes; otherwise they are empty. A tuple, as its forms are: a site has thousands, each of which is
    made several times and sent, and a dataclass takes twice as long.
    """

    path: str
    sha256: str
    size: int
    source: str = ""
    source_size: int = 0


class StoredVariant(NamedTuple):
    """The same content in another coding (`zstd`, `br`, `gzip`): its own content hash, and its size in bytes."""

    coding: str
    sha256: str
    size: int


Pack = tuple[int, Mapping[str, int]]
"""A file that holds several contents: its bytes, and where in it each of them begins, by SHA-256."""

Place = tuple[str, int, int]
"""Where content lies in a pack: the pack's SHA-256, where in it the content begins, and the pack's bytes."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something the site's author should know: left out, renamed, missing. Never a reason to refuse.

    `code` is stable (`left_out`, `wrapping_folder`, `no_index`, `duplicate` …), `path` what it is about, `count`
    how many entries it stands for.
    """

    code: str
    message: str
    path: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What an upload holds once unpacked: files sorted by path, and what the author should know of it.

    `variants` has the compressed forms made for it, by the SHA-256 of what they are forms of; `packs` those, by their
    own SHA-256, in which some of what was made lies. `hidden` are its dot files, sorted too: never part of a site, but
    of what one is built from.
    """

    files: tuple[StoredFile, ...]
    notes: tuple[Note, ...] = ()
    variants: Mapping[str, tuple[StoredVariant, ...]] = field(default_factory=dict)
    hidden: tuple[StoredFile, ...] = ()
    generator: str = ""  # what built it, if anything did
    cache_hits: int = 0  # files of which what is needed was there
    cache_misses: int = 0
    kept_hits: int = 0  # folders of dependencies that an earlier build had installed
    kept_misses: int = 0
    packs: Mapping[str, Pack] = field(default_factory=dict)

    @property
    def contents(self) -> set[str]:
        """The SHA-256 of all that belongs to it: its files, what they were made from, and their forms."""
        forms = {form.sha256 for made in self.variants.values() for form in made}
        return {content for file in self.files for content in (file.sha256, file.source) if content} | forms


class Staging(Protocol):
    """Where content goes while it is not yet certain that the upload is good. Safe to use from several threads."""

    def rely_on(self, contents: Iterable[str]) -> None:
        """Content with these SHA-256 is stored already: it is not looked for again."""
        ...

    def put(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Store the bytes; return (SHA-256 as lower-case hex, size in bytes). Not visible before the commit."""
        ...

    def adopt(self, sha256: str, source: Path) -> bool:
        """Take content that is stored already, or else the file, if it has this hash; whether it is here then."""
        ...

    def read(self, sha256: str) -> bytes:
        """Content that was put, committed or not."""
        ...

    @property
    def inbox(self) -> str:
        """A folder in which another process may write a file for `take_in`; on the store's file system."""
        ...

    def take_in(self, name: str, sha256: str, size: int) -> None:
        """Put the content of a file in the inbox, with this SHA-256 and size. The file is gone from there then."""
        ...

    def take_in_pack(self, name: str, sha256: str, size: int, contents: Mapping[str, int]) -> None:
        """Likewise a file that holds several contents: where in it each begins, by SHA-256."""
        ...

    def place(self, sha256: str) -> Place | None:
        """Where content lies that was put in a pack, or found in one."""
        ...

    def find(self, contents: Mapping[str, Place | None]) -> set[str]:
        """Those of these contents that are there: in a file of their own, or else in a pack at the place given."""
        ...

    def unpack(self, sha256: str, size: int) -> None:
        """Put content of so many bytes that lies in a pack, so that it has a file of its own."""
        ...

    def packs(self, contents: Iterable[str]) -> Mapping[str, Pack]:
        """The packs in which some of these lie, by SHA-256."""
        ...

    def where(self, sha256: str) -> str:
        """A file to read content from that was put, committed or not."""
        ...

    def held(self, contents: Iterable[str]) -> set[str]:
        """Those of these SHA-256 whose content is there, committed or not."""
        ...

    def is_new(self, sha256: str) -> bool:
        """Whether content with this SHA-256 was put, and the store did not have it. Quick."""
        ...

    def keep(self, wanted: Collection[str]) -> None:
        """Forget what was put and not committed, except content, and packs, with these SHA-256."""
        ...

    def commit(self) -> None:
        """Make everything put part of the store, durably."""
        ...

    def discard(self) -> None:
        """Forget everything put and not committed. Harmless after a commit."""
        ...


Report = Callable[[str, int, int], None]
"""Called as `report(step, done, total)`: step is `unpack`, `check`, `fetch`, `build` or `store`; done and total are
bytes, entries or commands.

Total is 0 where it is not known. Called at most a few times a second per step, and once when a step is complete.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """One piece of work for the workshop.

    `filename` is what a single file is called: an upload that is no archive becomes that one file; without it, an
    upload that is no archive is refused. Without an `order` nothing is built: the files are the site, whatever they
    are. `aside` names files at the top that must not get into the store as they are: they are left in the workspace
    (see `builds.aside`). `read` names files at the top that it holds a copy of, for who reads them while the content is
    still made durable.
    """

    deploy: str
    upload: Path
    workspace: Path
    limits: Limits
    filename: str = ""  # what the upload was called, where the sender said so
    transforms: Transforms = field(default_factory=Transforms)
    order: "Order | None" = None
    aside: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    listing: Path | None = None  # instead of an upload: what the site holds, by path, SHA-256 and size
    pending: Path | None = None  # where content that the listing names and the store has not is found by its SHA-256
    held: frozenset[str] = frozenset()  # SHA-256 of content that the site has, which need not be looked for
    exact: bool = False  # paths are the site's, whatever they look like: nothing is stepped into or renamed

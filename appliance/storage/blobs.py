"""Content under its SHA-256: written beside, renamed into place, never changed."""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from appliance.storage.guard import FRESH, Guard
from appliance.storage.packs import Pack, Place, holding
from appliance.storage.spares import NEW, READ_ONLY, Spares, taken
from appliance.storage.syncing import sync_filesystem, sync_folder, try_to_sync

WRITE_EVERY = 4_000_000  # bytes staged, after which the disk begins: of more at once visitors' answers notice
MANY = 500  # files that get their names at once: with fewer, a thread takes longer to start than it saves
SMALLEST = 8_000  # bytes that a file counts as at least: what the system does for it takes as long as these
MOST_LATELY = 30_000  # names remembered as durable: some 4 MB


class Blobs:
    """The store of content below one folder: `ab/abcdef…`, read-only files named by the SHA-256 of their bytes."""

    def __init__(self, root: Path, give_way: Callable[[], None] = lambda: None, spares: Spares | None = None) -> None:
        """`give_way` is called after each piece of content that is staged, in the thread that stages it."""
        self.root = root
        self.give_way = give_way
        self.spares = spares or Spares()
        self.guard = Guard(root)
        self.durable = Lately()

    def create(self) -> None:
        """Make the 256 folders, so that storing never has to."""
        for number in range(256):
            (self.root / f"{number:02x}").mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where content with this hash stands, whether or not it is there."""
        return self.root / sha256[:2] / sha256

    def put(self, content: bytes) -> str:
        """Store one piece of content, durably, and return its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        if self.guard.renew(str(path)):
            return sha256
        beside = path.with_name(f".{sha256}.{os.getpid()}.{threading.get_ident()}")
        with os.fdopen(os.open(beside, NEW, READ_ONLY), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with self.guard.closed():
            beside.replace(path)
        sync_folder(path.parent)
        return sha256

    def stage(self, workspace: Path) -> "StagedBlobs":
        """Begin to store one upload's content; `workspace` must be on the same file system."""
        return StagedBlobs(self, workspace)


class Lately:
    """The SHA-256 of content that this process has made durable, for some minutes: no sweep takes it so soon.

    From any thread. A while is over for all of it at once.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._over = 0.0

    def add(self, names: Collection[str]) -> None:
        """These are durable, and so are their names."""
        now = time.monotonic()
        if now > self._over or len(self._names) + len(names) > MOST_LATELY:
            self._names = set()
            self._over = now + FRESH
        self._names.update(names)

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._names and time.monotonic() < self._over


class StagedBlobs:
    """One upload's new content, invisible until `commit`; `discard` leaves nothing behind.

    `put` may be called from several threads. Content that is already in the store is recognised and not written again.
    Two stagings that hold the same new content may both commit: the second rename puts the same bytes in place. What
    was recognised or committed is not swept for as long as the work on one upload takes (see `storage.sweep`).
    """

    def __init__(self, blobs: Blobs, workspace: Path) -> None:
        self.blobs = blobs
        self.folder = workspace / "blobs"
        shutil.rmtree(self.folder, ignore_errors=True)  # what a try that was cut off has left
        self._files = blobs.spares.files_in(str(self.folder))
        self._staged: dict[str, str] = {}
        self._places: dict[str, Place] = {}
        self._relied_on: frozenset[str] = frozenset()
        self._found = False  # something in the store that may not be durable there
        self._lock = threading.Lock()
        self._root = str(blobs.root)
        self._beginning = threading.Lock()
        self._writing: threading.Thread | None = None
        self._unwritten = 0  # bytes staged since the disk began last

    def rely_on(self, contents: Iterable[str]) -> None:
        """Content with these SHA-256 is in the store, as a manifest that is kept says: it is not looked for again."""
        self._relied_on = frozenset(contents)

    def put(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Stage the bytes; return (SHA-256 as lower-case hex, size in bytes).

        A single chunk is hashed before anything is written, so content that is known costs no write.
        """
        source = iter(chunks)
        first = next(source, b"")
        second = next(source, None)
        if second is None:
            return self._put_whole(first)
        return self._put_stream(first, second, source)

    def adopt(self, sha256: str, source: Path) -> bool:
        """Stage a file of the same file system as a link, if it has this hash; whether the content is here then.

        Content that is staged or in the store already is here, whatever the file says.
        """
        if self._known(sha256):
            return True
        try:
            with source.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    return False
        except FileNotFoundError:
            return False
        name = self._files.name()
        os.link(source, name)
        os.utime(name)  # it may have waited for long, and is used from now on
        self._keep(sha256, name)
        return True

    def read(self, sha256: str) -> bytes:
        """Content that was put here or is in the store, in a file of its own; raises FileNotFoundError."""
        with open(self.where(sha256), "rb") as file:
            return file.read()

    @property
    def inbox(self) -> str:
        """A folder in which another process may write a file for `take_in`."""
        return str(self.folder)

    def take_in(self, name: str, sha256: str, size: int) -> None:
        """Stage the content of a file in the inbox, with this SHA-256 and size. The file is gone from there then.

        It was made just now, so it is hardly ever in the store already: then it takes the same content's place.
        """
        self._add(sha256, name)
        self._written(size)

    def take_in_pack(self, name: str, sha256: str, size: int, contents: Mapping[str, int]) -> None:
        """Stage a file in the inbox that holds several contents: where each begins, by its SHA-256."""
        self.take_in(name, sha256, size)
        self._places |= {content: Place(sha256, offset, size) for content, offset in contents.items()}

    def place(self, sha256: str) -> Place | None:
        """Where content lies that was put here in a pack, or found in one."""
        return self._places.get(sha256)

    def find(self, contents: Mapping[str, tuple[str, int, int] | None]) -> set[str]:
        """Those of these contents that are there: in a file of their own, or else in a pack at the place given."""
        packed = {sha256: Place(*place) for sha256, place in contents.items() if place}
        found = self.held(contents.keys() - packed.keys())
        for pack, inside in holding(packed, packed).items():
            held, is_there = set[str](), self._known(pack)
            if not is_there or self._known(next(iter(inside.offsets))):  # they get files of their own all at once
                held = self.held(inside.offsets)
            here = inside.offsets.keys() - held if is_there else set[str]()
            self._places |= {sha256: packed[sha256] for sha256 in here}
            found |= held | here
        return found

    def unpack(self, sha256: str, size: int) -> None:
        """Put content of so many bytes that lies in a pack, so that it has a file of its own.

        Raises FileNotFoundError, also where the pack does not hold it there.
        """
        place = self._places[sha256]
        with open(self.where(place.pack), "rb") as file:
            file.seek(place.offset)
            content = file.read(size)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise FileNotFoundError(f"{sha256} is not at byte {place.offset} of {place.pack}")
        self._put_whole(content)

    def packs(self, contents: Iterable[str]) -> dict[str, Pack]:
        """The packs in which some of these lie that were not put here otherwise, and where in them they begin."""
        return holding((content for content in contents if content not in self._staged), self._places)

    def where(self, sha256: str) -> str:
        """A file to read content from that was put here or is in the store."""
        return self._staged.get(sha256) or self._stored(sha256)

    def held(self, contents: Iterable[str]) -> set[str]:
        """Those of these SHA-256 whose content was put here or is in the store."""
        return set(filter(self._known, contents))

    def is_new(self, sha256: str) -> bool:
        """Whether content with this SHA-256 is staged: it was put here, and the store did not have it."""
        return sha256 in self._staged

    def keep(self, wanted: Collection[str]) -> None:
        """Forget what is staged, except content, and packs, with these hashes."""
        with self._lock:
            for sha256 in self._staged.keys() - set(wanted):
                os.unlink(self._staged.pop(sha256))

    def commit(self) -> None:
        """Make everything staged part of the store, durable once this returns.

        The bytes are made durable before they get their name: a name with nothing behind it, after a power cut in
        between, would be taken for known content by every later upload. The second sync has names only to write, also
        those that another upload has just given to content that was found here. Where all is known to be durable there
        is none: it would also have to write the upload.
        """
        if not self._staged and not self._found:
            return
        if self._staged:
            sync_filesystem(self.blobs.root)
            with self.blobs.guard.closed():
                self._name([(name, self._stored(sha256)) for sha256, name in self._staged.items()])
        sync_filesystem(self.blobs.root)
        self.blobs.durable.add(self._staged)
        self._staged.clear()
        for folder in taken(str(self.folder)):
            self.blobs.spares.give_back(folder)

    def discard(self) -> None:
        """Forget everything staged and not committed."""
        self._staged.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _written(self, size: int) -> None:
        """So many more bytes are staged. Now and then the disk begins with them, while the processor is at the next.

        Little by little: the system's own threads that see to it come before visitors, as long as there is something to
        do. Nobody waits for it, as whoever commits syncs too, and a thread that has stepped aside may never get there.
        """
        self._unwritten += max(size, SMALLEST)  # not always exact where two threads meet: it only sets the pace
        if self._unwritten > WRITE_EVERY and self._beginning.acquire(blocking=False):
            try:
                self._begin_to_write()
            finally:
                self._beginning.release()
        self.blobs.give_way()

    def _begin_to_write(self) -> None:
        if self._writing is None or not self._writing.is_alive():
            self._unwritten = 0
            self._writing = threading.Thread(target=try_to_sync, args=(self.blobs.root,), daemon=True)
            self._writing.start()

    def _put_whole(self, content: bytes) -> tuple[str, int]:
        sha256 = hashlib.sha256(content).hexdigest()
        if not self._known(sha256):
            self._add(sha256, self._write((content,)))
            self._written(len(content))
        return sha256, len(content)

    def _put_stream(self, first: bytes, second: bytes, rest: Iterable[bytes]) -> tuple[str, int]:
        digest = hashlib.sha256()
        size = 0

        def hashed() -> Iterable[bytes]:
            nonlocal size
            for part in (first, second):
                digest.update(part)
                size += len(part)
                yield part
            for part in rest:
                digest.update(part)
                size += len(part)
                yield part

        name = self._write(hashed())
        self._keep(digest.hexdigest(), name)
        self._written(size)
        return digest.hexdigest(), size

    def _stored(self, sha256: str) -> str:
        """`Blobs.path` as text: it is wanted ten times for each file, and making a `Path` takes longer than its use."""
        return f"{self._root}/{sha256[:2]}/{sha256}"

    def _name(self, names: list[tuple[str, str]]) -> None:
        """Give files their names in the store. Many get them as second ones, from two threads.

        A file system moves one file at a time, from whatever folder to whatever other; names it adds to two folders at
        once (Linux). The first ones go with the workspace.
        """
        if len(names) < MANY:
            _move(names)
            return
        with ThreadPoolExecutor(2, "name") as crew:
            list(crew.map(_link, (names[::2], names[1::2])))

    def _known(self, sha256: str) -> bool:
        if sha256 in self._relied_on or sha256 in self._staged:
            return True
        found = self.blobs.guard.renew(self._stored(sha256))
        if found and sha256 not in self.blobs.durable:
            self._found = True
        return found

    def _keep(self, sha256: str, name: str) -> None:
        if self._known(sha256):
            os.unlink(name)
        else:
            self._add(sha256, name)

    def _add(self, sha256: str, name: str) -> None:
        with self._lock:
            kept = self._staged.setdefault(sha256, name)
        if kept != name:
            os.unlink(name)

    def _write(self, chunks: Iterable[bytes]) -> str:
        name, descriptor = self._files.open()
        complete = False
        try:
            size = sum(_write_whole(descriptor, chunk) for chunk in chunks)
            if size == 0:
                os.utime(descriptor)  # an empty one that lay ready may have waited for long: it is used from now on
            complete = True
        finally:
            os.close(descriptor)
            if not complete:
                os.unlink(name)
        return name


def _write_whole(descriptor: int, chunk: bytes) -> int:
    """Write all of it; how many bytes that was."""
    written = os.write(descriptor, chunk)
    while written < len(chunk):  # of much at once, a system writes a part
        written += os.write(descriptor, memoryview(chunk)[written:])
    return written


def _move(names: Iterable[tuple[str, str]]) -> None:
    for name, stored in names:
        os.rename(name, stored)


def _link(names: Iterable[tuple[str, str]]) -> None:
    for name, stored in names:
        try:
            os.link(name, stored)
        except OSError:  # the same content came first; or this file system knows no second names
            os.rename(name, stored)

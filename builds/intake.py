"""One upload on its way in: the tree it becomes, its bounds, and the path of its bytes into the store."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import Protocol

from builds.bounds import Bounds
from builds.inflated import Inflated
from builds.origin import UPLOAD, Origin
from builds.progress import Progress
from builds.tree import Tree
from builds.values import Limits, Report, Staging, StoredFile, Unpacked

WHOLE = 1024 * 1024  # bytes; a file up to this size is handed over in one piece, so the store may know it unwritten
THREADS = 2  # hashing and writing run outside Python's lock; a third thread only waits for it (measured)
IN_FLIGHT = 16 * WHOLE  # bytes of small files read ahead of the store


class Onlooker(Protocol):
    """Who wants to begin with what is there while the rest is still being unpacked."""

    def expect(self, sizes: Mapping[str, int]) -> None:
        """What will be stored where that is known beforehand: bytes by path. Nothing has been checked of it yet."""
        ...

    def comes_first(self, path: str) -> bool:
        """Whether a file should be stored before others, where that can be chosen."""
        ...

    def stored(self, file: StoredFile) -> None:
        """A file was stored; from any thread. It may be refused, or left out, in the end."""
        ...


class Intake:
    """What the readers of all kinds of upload fill: `tree` with names, `files` with what was stored.

    `inflated` has what earlier uploads were, for readers to use.
    """

    def __init__(
        self,
        limits: Limits,
        staging: Staging,
        report: Report,
        onlooker: Onlooker | None = None,
        inflated: Inflated | None = None,
        origin: Origin = UPLOAD,
    ) -> None:
        self.bounds = Bounds(limits, origin)
        self.tree = Tree(self.bounds)
        self.files: list[StoredFile] = []
        self._staging = staging
        self._report = report
        self._onlooker = onlooker
        self.inflated = inflated or Inflated.none()
        self.begin(0)

    def begin(self, total: int) -> None:
        """Progress is counted from here on, towards `total` bytes."""
        self.progress = Progress(self._report, "unpack", total)

    def expect(self, sizes: Mapping[str, int]) -> None:
        """Files of these bytes will be put under these paths, as the upload says."""
        if self._onlooker:
            self._onlooker.expect(sizes)

    def comes_first(self, path: str) -> bool:
        """Whether a file should be put before others."""
        return self._onlooker is not None and self._onlooker.comes_first(path)

    def watched(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces of the upload, counted as they are read."""
        for piece in pieces:
            self.bounds.packed += len(piece)
            self.progress.add(len(piece))
            yield piece

    def put(self, path: str, content: Iterable[bytes]) -> str:
        """Store a file; its SHA-256. Bounds are the caller's. Safe to use from several threads."""
        sha256, size = self._staging.put(content)
        self._add(StoredFile(path, sha256, size))
        return sha256

    def put_known(self, path: str, sha256: str, size: int) -> bool:
        """Take a file whose content is known, if the store still has it; whether it has. As `put` else."""
        if not self._staging.held([sha256]):
            return False
        self._add(StoredFile(path, sha256, size))
        return True

    def _add(self, file: StoredFile) -> None:
        self.files.append(file)
        if self._onlooker:
            self._onlooker.stored(file)

    def finish(self, *, unwrap: bool = True) -> Unpacked:
        """What was taken in, out of the one folder around it if `unwrap`; raises BuildError."""
        self.progress.finish()
        found = len(self.files)
        self._report("check", 0, found)
        unpacked = self.tree.finish(self.files, unwrap=unwrap)
        self._report("check", found, found)
        return unpacked

    @contextmanager
    def in_order(self) -> Iterator["InOrder"]:
        """Receive files from a reader that can only go forward."""
        with ThreadPoolExecutor(THREADS, "store") as threads:
            receiver = InOrder(self, threads)
            try:
                yield receiver
                receiver.finish()
            finally:
                receiver.cancel()


class InOrder:
    """Stores small files beside the reader, large ones in step with it; never holds more than IN_FLIGHT bytes."""

    def __init__(self, intake: Intake, threads: ThreadPoolExecutor) -> None:
        self._intake = intake
        self._threads = threads
        self._pending: deque[tuple[Future[str], int]] = deque()
        self._held = 0

    def file(self, name: str, chunks: Iterator[bytes]) -> None:
        """Take the next file; `chunks` is read to its end. Raises BuildError, for an earlier file too."""
        path = self._intake.tree.file(name)
        if path is None:
            for _ in self._counted(name, chunks):
                pass
            return
        counted = self._counted(path, chunks)
        head, whole = _head(counted)
        if not whole:
            self._intake.put(path, chain((head,), counted))
            return
        while self._pending and (self._held + len(head) > IN_FLIGHT or self._pending[0][0].done()):
            self._settle()
        self._pending.append((self._threads.submit(self._intake.put, path, (head,)), len(head)))
        self._held += len(head)

    def finish(self) -> None:
        """Wait until everything is stored; raises what went wrong with any of it."""
        while self._pending:
            self._settle()

    def cancel(self) -> None:
        """Begin nothing more."""
        for future, _ in self._pending:
            future.cancel()

    def _settle(self) -> None:
        future, size = self._pending.popleft()
        future.result()
        self._held -= size

    def _counted(self, path: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            self._intake.bounds.file(size, path)
            self._intake.bounds.unpacked(len(chunk))
            yield chunk


def _head(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    """The first WHOLE bytes or a little more, and whether that is all."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > WHOLE:
            return b"".join(parts), False
    return b"".join(parts), True

"""The bytes of replies: small files from memory, large ones in pieces, and never a wait for the disk on the loop."""

import asyncio
import hashlib
import os
import re
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor

from appliance.serving.replies import FilePart

KB = 1024
SMALL = 64 * KB  # files up to this are kept whole in memory
MEDIUM = 2 * KB * KB  # and those up to this, when they are asked for again soon
PIECE = 256 * KB  # of a larger file read for one visitor at a time
_SHARE = 16  # a medium file may take this part of what is kept: 2 MB of the usual 64
_THREADS = 4  # readers that may wait for a cold disk at the same time
_REPORTED = 1_000  # missing blobs told of; past that the operator knows
_NOTICED = 1_000  # medium files remembered to have been asked for once
_HASH = 64  # characters of a SHA-256, which is a blob's name
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NO_WAIT = getattr(os, "RWF_NOWAIT", 0)  # Linux: read what is in the page cache, or say that it is not


class MissingBlob(Exception):
    """A blob is not there, cannot be read, or is not what its manifest and its name say.

    What is kept in memory has been held against its hash; of what is read in pieces only the length is seen here.
    """


class Bodies:
    """The bytes of blobs: those of small files kept in memory, least recently used first out.

    `max_bytes` bounds what is kept; `lost` is called once for each blob that could not be read, with its path and
    the reason. Used from one event loop.
    """

    def __init__(self, max_bytes: int = 64 * KB * KB, *, lost: Callable[[str, str], None] | None = None) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._medium = max(SMALL, min(MEDIUM, max_bytes // _SHARE))
        self._noticed: set[str] = set()
        self._loading: dict[str, asyncio.Future[bytes]] = {}
        self._lost = lost
        self._reported: set[str] = set()
        self._readers = ThreadPoolExecutor(_THREADS, thread_name_prefix="blobs")

    @property
    def kept_bytes(self) -> int:
        """Bytes of content held in memory."""
        return self._kept_bytes

    def get(self, part: FilePart) -> bytes | None:
        """The bytes, if they are in memory."""
        whole = self.whole(part)
        return whole if whole is None or part.length == part.size else whole[part.offset : part.offset + part.length]

    def whole(self, part: FilePart) -> bytes | None:
        """All of the file that this is a part of, if it is in memory."""
        whole = self._kept.get(part.path)
        if whole is not None:
            self._kept.move_to_end(part.path)
        return whole

    def open(self, part: FilePart) -> "Reading":
        """Begin to read the bytes in order; nothing is opened or read before the first `Reading.read`."""
        return Reading(self, part)

    async def pieces(self, part: FilePart, at_most: int = PIECE) -> AsyncGenerator[bytes, None]:
        """The bytes in order, in pieces of `at_most` bytes (a small file in one), read as they are taken.

        Raises MissingBlob, with the first piece if the blob is not there. Close the generator (`contextlib.aclosing`)
        when not reading on to the end.
        """
        reading = Reading(self, part)
        at_most = max(at_most, SMALL) if part.size <= SMALL else at_most
        try:
            while reading.left:
                piece = await reading.read(at_most)
                reading.move_on(len(piece))
                yield bytes(piece)
        finally:
            reading.close()

    def close(self) -> None:
        """End the reading threads and let go of the memory."""
        self._readers.shutdown()
        self._kept.clear()
        self._kept_bytes = 0

    # What follows is for Reading.

    async def load(self, part: FilePart) -> bytes | None:
        """The whole file, kept from now on, if it is one to be kept; raises OSError. Many who ask cause one read."""
        if part.size > SMALL and not self._wanted_again(part):
            return None
        loading = self._loading.get(part.path)
        if loading is None:
            loop = asyncio.get_running_loop()
            loading = loop.run_in_executor(self._readers, _read_whole, part.path, part.size)
            self._loading[part.path] = loading
            loading.add_done_callback(lambda done: self._loaded(part.path, done))
        return await asyncio.shield(loading)

    async def open_cold(self, file: "_OpenFile") -> None:
        """Open in a thread; raises OSError. Nothing is read there that the page cache may have: of a thousand visitors
        who come at once, the pieces would all be in memory before the first is sent.
        """
        await asyncio.get_running_loop().run_in_executor(self._readers, file.open)

    async def read_cold(self, file: "_OpenFile", offset: int, length: int) -> bytes:
        """Read in a thread, which may wait for the disk; raises OSError."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, file.read, offset, length)

    def close_file(self, file: "_OpenFile") -> None:
        """Close in a thread: it may have to wait for a read whose visitor has gone."""
        self._readers.submit(file.close)

    def report(self, path: str, reason: str) -> None:
        """Tell of a blob that could not be read, the first time."""
        if self._lost is not None and path not in self._reported and len(self._reported) < _REPORTED:
            self._reported.add(path)
            self._lost(path, reason)

    def _wanted_again(self, part: FilePart) -> bool:
        """Whether a medium file was asked for before: one crawl through a site must not empty the memory."""
        if part.size > self._medium:
            return False
        if part.path in self._noticed:
            return True
        if len(self._noticed) >= _NOTICED:
            self._noticed.clear()
        self._noticed.add(part.path)
        return False

    def _loaded(self, path: str, done: "asyncio.Future[bytes]") -> None:
        del self._loading[path]
        if not done.cancelled() and done.exception() is None:
            self._keep(path, done.result())

    def _keep(self, path: str, content: bytes) -> None:
        self._kept[path] = content
        self._kept_bytes += len(content)
        while self._kept_bytes > self._max_bytes:
            _, gone = self._kept.popitem(last=False)
            self._kept_bytes -= len(gone)


class Reading:
    """A run of bytes read in order; `left` of them are still to come. Close it when done."""

    __slots__ = ("_bodies", "_file", "_offset", "_part", "left")

    def __init__(self, bodies: Bodies, part: FilePart) -> None:
        self._bodies = bodies
        self._part = part
        self._offset = part.offset
        self._file: _OpenFile | None = None
        self.left = part.length

    async def read(self, at_most: int) -> bytes | memoryview:
        """The next bytes, at least one of them and up to `at_most`, as a view where they are in memory anyway.

        Raises MissingBlob. Reading again gives them again, until `move_on` says how many were of use.
        """
        length = min(at_most, self.left)
        try:
            whole = self._bodies.whole(self._part)
            return await self._read(length) if whole is None else memoryview(whole)[self._offset :][:length]
        except OSError as error:
            self._bodies.report(self._part.path, str(error))
            raise MissingBlob(self._part.path) from error

    def move_on(self, taken: int) -> None:
        """So many bytes are on their way: the next read begins after them."""
        self._offset += taken
        self.left -= taken

    def close(self) -> None:
        """Give back what was opened."""
        if self._file is not None:
            self._bodies.close_file(self._file)
            self._file = None

    async def _read(self, length: int) -> bytes | memoryview:
        if self._file is None:
            whole = await self._bodies.load(self._part)
            if whole is not None:
                return memoryview(whole)[self._offset :][:length]
            self._file = _OpenFile(self._part.path)
            await self._bodies.open_cold(self._file)
        piece = self._file.read_now(self._offset, length)
        return await self._bodies.read_cold(self._file, self._offset, length) if piece is None else piece


class _OpenFile:
    """A file opened by the first read; `read` and `close` may wait and belong in a thread, `read_now` never waits."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._closed = False
        self._lock = threading.Lock()

    def read_now(self, offset: int, length: int) -> bytes | None:
        """What the page cache holds of these bytes, at least one of them; None when that means waiting.

        Not to be called while another thread is reading.
        """
        if not _NO_WAIT or self._descriptor is None:
            return None
        buffer = bytearray(length)
        try:
            got = os.preadv(self._descriptor, [buffer], offset, _NO_WAIT)
        except OSError:  # not in the cache, or a file system that cannot tell
            return None
        return bytes(memoryview(buffer)[:got]) or None

    def open(self) -> None:
        """Get the descriptor; raises OSError."""
        with self._lock:
            self._opened()

    def read(self, offset: int, length: int) -> bytes:
        """These bytes, at least one of them; raises OSError, also at the end of the file."""
        with self._lock:
            piece = _read_at(self._opened(), offset, length)
        if not piece:
            raise OSError(f"{self._path} ends at byte {offset}, too early")
        return piece

    def _opened(self) -> int:
        if self._closed:
            raise OSError(f"{self._path} was closed before it was read")
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        return self._descriptor

    def close(self) -> None:
        """Give the descriptor back; no read can begin after this."""
        with self._lock:
            self._closed = True
            if self._descriptor is not None:
                os.close(self._descriptor)


def _read_at(descriptor: int, offset: int, length: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, length, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # Windows: the descriptor is ours alone, and locked
    return os.read(descriptor, length)


def _read_whole(path: str, size: int) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123  (the path is a string for the cache's sake)
        content = file.read(size + 1)
    if len(content) != size:
        raise OSError(f"{path} is not {size} bytes long")
    name = path[-_HASH:]
    if _SHA256.fullmatch(name) and hashlib.sha256(content).hexdigest() != name:
        raise OSError(f"{path} has other bytes than its name says")
    return content

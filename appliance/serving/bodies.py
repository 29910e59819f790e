"""The bytes of replies: small files from memory, large ones in pieces, and never a wait for the disk on the loop."""

import asyncio
import os
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

from appliance.serving.replies import FilePart

KB = 1024
SMALL = 64 * KB  # files up to this are kept whole in memory
PIECE = 256 * KB  # of a larger file in flight for one visitor
_THREADS = 4  # readers that may wait for a cold disk at the same time
_REPORTED = 1_000  # missing blobs told of; past that the operator knows
_NO_WAIT = getattr(os, "RWF_NOWAIT", 0)  # Linux: read what is in the page cache, or say that it is not


class MissingBlob(Exception):
    """A blob is not there, cannot be read, or is not as long as its manifest says."""


class Bodies:
    """The bytes of blobs: those of small files kept in memory, least recently used first out.

    `max_bytes` bounds what is kept; `lost` is called once for each blob that could not be read, with its path and
    the reason. Used from one event loop.
    """

    def __init__(self, max_bytes: int = 64 * KB * KB, *, lost: Callable[[str, str], None] | None = None) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._lost = lost
        self._reported: set[str] = set()
        self._readers = ThreadPoolExecutor(_THREADS, thread_name_prefix="blobs")

    @property
    def kept_bytes(self) -> int:
        """Bytes of content held in memory."""
        return self._kept_bytes

    def get(self, part: FilePart) -> bytes | None:
        """The bytes, if they are in memory."""
        whole = self._kept.get(part.path)
        if whole is None:
            return None
        self._kept.move_to_end(part.path)
        return whole if part.length == part.size else _cut(whole, part)

    async def pieces(self, part: FilePart, at_most: int = PIECE) -> AsyncGenerator[bytes, None]:
        """The bytes in order, in pieces of `at_most` bytes (a small file in one), read as they are taken.

        Raises MissingBlob, with the first piece if the blob is not there. Close the generator (`contextlib.aclosing`)
        when not reading on to the end.
        """
        try:
            if part.size <= SMALL:
                yield await self._load(part)
                return
            async with aclosing(self._read(part, at_most)) as pieces:
                async for piece in pieces:
                    yield piece
        except OSError as error:
            self._report(part.path, str(error))
            raise MissingBlob(part.path) from error

    def close(self) -> None:
        """End the reading threads and let go of the memory."""
        self._readers.shutdown()
        self._kept.clear()
        self._kept_bytes = 0

    async def _load(self, part: FilePart) -> bytes:
        loop = asyncio.get_running_loop()
        whole = await loop.run_in_executor(self._readers, _read_whole, part.path, part.size)
        if part.path not in self._kept:
            self._keep(part.path, whole)
        return _cut(whole, part)

    def _keep(self, path: str, content: bytes) -> None:
        self._kept[path] = content
        self._kept_bytes += len(content)
        while self._kept_bytes > self._max_bytes:
            _, gone = self._kept.popitem(last=False)
            self._kept_bytes -= len(gone)

    async def _read(self, part: FilePart, at_most: int) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        file = _OpenFile(part.path)
        try:
            offset, left = part.offset, part.length
            while left:
                length = min(left, at_most)
                piece = file.read_now(offset, length)
                if piece is None:
                    piece = await loop.run_in_executor(self._readers, file.read, offset, length)
                offset += len(piece)
                left -= len(piece)
                yield piece
        finally:
            self._readers.submit(file.close)  # may have to wait for a read whose visitor has gone

    def _report(self, path: str, reason: str) -> None:
        if self._lost is not None and path not in self._reported and len(self._reported) < _REPORTED:
            self._reported.add(path)
            self._lost(path, reason)


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

    def read(self, offset: int, length: int) -> bytes:
        """These bytes, at least one of them; raises OSError, also at the end of the file."""
        with self._lock:
            if self._closed:
                raise OSError(f"{self._path} was closed before it was read")
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            piece = _read_at(self._descriptor, offset, length)
        if not piece:
            raise OSError(f"{self._path} ends at byte {offset}, too early")
        return piece

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
    return content


def _cut(whole: bytes, part: FilePart) -> bytes:
    return whole[part.offset : part.offset + part.length]

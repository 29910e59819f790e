"""Unpacks an untrusted ZIP: every entry's local header, size and CRC must be what the central directory says."""

import struct
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from isal import isal_zlib

from builds import priority
from builds.errors import BuildError
from builds.inflated import name_of
from builds.intake import THREADS, WHOLE, Intake
from builds.refusals import damaged, shown
from builds.source import Source
from builds.zip_directory import (
    DEFERRED,
    FULL32,
    LOCAL,
    LOCAL_HEADER,
    STORED,
    Directory,
    ZipEntry,
    extra_fields,
    overlap,
    read_directory,
    zip64,
)

LONGEST_LOCAL = LOCAL.size + 2 * 0xFFFF
LONGEST_DESCRIPTOR = 24
# CRC and sizes may follow the data with or without a signature, in 32 or 64 bits (APPNOTE.TXT 4.3.9).
DESCRIPTORS = tuple(
    (signature, struct.Struct(numbers)) for signature in (b"PK\7\x08", b"") for numbers in ("<3L", "<L2Q")
)
LARGE = 48_000  # bytes of a file on average, from which on a second thread helps: with smaller ones both wait for each
# other's turn at Python's lock, which takes as long as one thread alone, and twice its processor time (measured)
COMPRESSION_LEVEL = 0x0006  # flags that only say how hard the packer tried
RAW = -zlib.MAX_WBITS  # deflate without a header

Wanted = list[tuple[ZipEntry, str]]


def unpack_zip(source: Source, directory: Directory, intake: Intake) -> None:
    """Store every file of the archive; raises BuildError at the first thing that is wrong with it."""
    entries = read_directory(source, directory, intake.bounds)
    wanted: Wanted = []
    for entry in entries:
        path = _admit(entry, intake)
        if path is None:
            _skip(source, entry)
        else:
            wanted.append((entry, path))
    _refuse_declared(wanted, intake)
    intake.expect({path: entry.size for entry, path in wanted})
    intake.inflated.recall()
    wanted.sort(key=lambda item: not intake.comes_first(item[1]))
    _Unpacking(source, intake, wanted).run()


def _admit(entry: ZipEntry, intake: Intake) -> str | None:
    if entry.is_folder:
        intake.tree.folder(entry.name)
        return None
    return intake.tree.file(entry.name, is_garbled=entry.is_garbled)


def _skip(source: Source, entry: ZipEntry) -> None:
    """What is not unpacked must be in order all the same: nothing may hide behind it."""
    head = source.read_at(entry.offset, min(LONGEST_LOCAL, entry.end - entry.offset))
    data_end = _data_start(entry, head) + entry.packed
    _check_end(entry, data_end, source.read_at(entry.offset + data_end, LONGEST_DESCRIPTOR))


def _refuse_declared(wanted: Wanted, intake: Intake) -> None:
    """Sizes are held to their word later; those that are too large as declared need not be waited for."""
    for entry, path in wanted:
        intake.bounds.file(entry.size, path)
    total = sum(entry.size for entry, _ in wanted)
    intake.bounds.total(total)
    intake.bounds.ratio(total, sum(entry.packed for entry, _ in wanted))
    intake.begin(total)


class _Unpacking:
    """The entries on their way, shared by a few threads; the first error ends them all."""

    def __init__(self, source: Source, intake: Intake, wanted: Wanted) -> None:
        self._source = source
        self._intake = intake
        self._are_large = sum(entry.size for entry, _ in wanted) > LARGE * len(wanted)
        self._rest = iter(wanted)
        self._lock = threading.Lock()
        self._errors: list[BaseException] = []
        self._insists = False  # on a share of the processor, having had next to nothing

    def run(self) -> None:
        count = THREADS if self._are_large else 1
        with ThreadPoolExecutor(2 * count, "unzip") as threads:
            aside = [threads.submit(self._work, aside=True) for _ in range(count)]
            if priority.get_nowhere(aside):
                self._insists = True
                for future in [threads.submit(self._work) for _ in range(count)]:
                    future.exception()
        if self._errors:
            raise self._errors[0]

    def _work(self, *, aside: bool = False) -> None:
        try:
            if aside:
                priority.step_aside()
            while not (aside and self._insists) and (item := self._next()) is not None:
                self._unpack(*item)
        except BaseException as error:
            self._errors.append(error)
            raise

    def _next(self) -> tuple[ZipEntry, str] | None:
        with self._lock:
            return None if self._errors else next(self._rest, None)

    def _unpack(self, entry: ZipEntry, path: str) -> None:
        span = entry.end - entry.offset
        if span <= WHOLE and entry.size <= WHOLE:
            self._unpack_whole(entry, path, _packed(entry, self._source.read_at(entry.offset, span)))
        else:
            self._intake.put(path, self._checked(entry))

    def _unpack_whole(self, entry: ZipEntry, path: str, packed: bytes) -> None:
        """Store a small entry, of which these are the bytes in the upload."""
        if entry.method == STORED:
            self._put(path, _right(entry, packed))
            return
        inflated = self._intake.inflated
        name = name_of(packed, entry.size, entry.crc)
        sha256 = inflated.find(name)
        if sha256 is not None and self._intake.put_known(path, sha256, entry.size):
            self._count(entry.size)
        else:
            sha256 = self._put(path, _right(entry, _inflated_whole(entry, packed)))
        inflated.learn(name, sha256)

    def _put(self, path: str, content: bytes) -> str:
        self._count(len(content))
        return self._intake.put(path, (content,))

    def _checked(self, entry: ZipEntry) -> Iterator[bytes]:
        """The content of a large entry in pieces; the last one comes only if all of them are right."""
        source = self._source
        start = _data_start(entry, source.read_at(entry.offset, min(LONGEST_LOCAL, entry.end - entry.offset)))
        _check_end(entry, start + entry.packed, source.read_at(entry.offset + start + entry.packed, LONGEST_DESCRIPTOR))
        data = source.within(entry.offset + start, entry.packed)
        crc = size = 0
        for chunk in data.pieces() if entry.method == STORED else _inflated(data.pieces(), entry):
            if self._errors:
                return
            crc = zlib.crc32(chunk, crc)
            size += len(chunk)
            if size > entry.size:
                break
            self._count(len(chunk))
            yield chunk
        _check_content(entry, size, crc)

    def _count(self, size: int) -> None:
        self._intake.bounds.unpacked(size)
        self._intake.progress.add(size)


def _packed(entry: ZipEntry, block: bytes) -> bytes:
    """The packed bytes of a small entry, from the whole stretch of the upload that is its own."""
    start = _data_start(entry, block)
    end = start + entry.packed
    _check_end(entry, end, block[end : end + LONGEST_DESCRIPTOR])
    return block[start:end]


def _inflated_whole(entry: ZipEntry, packed: bytes) -> bytes:
    inflater = isal_zlib.decompressobj(RAW)  # takes half of zlib's time
    try:
        content = inflater.decompress(packed, entry.size + 1)
    except isal_zlib.error as error:  # type: ignore[misc]  # its stub says that it is an exception, not a class
        raise _broken(entry) from error
    if not inflater.eof or inflater.unused_data:
        raise _broken(entry)
    return content


def _right(entry: ZipEntry, content: bytes) -> bytes:
    """The content of a small entry, if it is what the entry says."""
    _check_content(entry, len(content), isal_zlib.crc32(content))
    return content


def _inflated(pieces: Iterator[bytes], entry: ZipEntry) -> Iterator[bytes]:
    """Inflate in pieces of bounded size; the stream must end exactly where the entry's data ends."""
    inflater = zlib.decompressobj(RAW)
    try:
        for piece in pieces:
            rest = piece
            while rest and not inflater.eof:
                yield inflater.decompress(rest, WHOLE)
                rest = inflater.unconsumed_tail
            if rest:
                raise _broken(entry)
        while more := inflater.decompress(b"", WHOLE):  # all is read, but zlib may hold more than fitted
            yield more
    except zlib.error as error:
        raise _broken(entry) from error
    if not inflater.eof or inflater.unused_data:
        raise _broken(entry)


def _data_start(entry: ZipEntry, head: bytes) -> int:
    """Check the local header at the start of `head` against the directory; return where the data begins."""
    if not head.startswith(LOCAL_HEADER) or len(head) < LOCAL.size:
        raise damaged(f"“{shown(entry.name)}” is not where its directory says")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = LOCAL.unpack_from(head)
    name_end = LOCAL.size + name_length
    if name_end + extra_length > len(head):
        raise overlap(entry)
    if head[LOCAL.size : name_end] != entry.raw_name:
        raise _disagree(entry, "name")
    if method != entry.method:
        raise _disagree(entry, "method")
    if (flags ^ entry.flags) & ~COMPRESSION_LEVEL:
        raise _disagree(entry, "flags")
    sizes: tuple[int, ...] = (size, packed)
    if FULL32 in sizes:
        sizes = _wide_sizes(head[name_end : name_end + extra_length], size, packed)
    told = (crc, *sizes)
    if told != (entry.crc, entry.size, entry.packed):
        _refuse_told(entry, told)
    start: int = name_end + extra_length
    return start


def _wide_sizes(extra: bytes, size: int, packed: int) -> tuple[int, ...]:
    """A local header has both sizes in its ZIP64 field, also where only one of them needs it (APPNOTE.TXT 4.5.3)."""
    both = extra_fields(extra).get(1, b"")
    if len(both) >= 16:
        return struct.unpack_from("<2Q", both)
    return zip64(extra, size, packed)


def _refuse_told(entry: ZipEntry, told: tuple[int, ...]) -> None:
    """Where a data descriptor follows, the local header may leave a field open, but not contradict."""
    open_fields = (0, FULL32) if entry.flags & DEFERRED else ()
    for name, said, known in zip(
        ("CRC", "size", "packed size"), told, (entry.crc, entry.size, entry.packed), strict=True
    ):
        if said != known and said not in open_fields:
            raise _disagree(entry, name)


def _check_end(entry: ZipEntry, data_end: int, behind: bytes) -> None:
    """The data, and the data descriptor if there is one, must end before anything else begins."""
    if entry.flags & DEFERRED:
        data_end += _descriptor_length(entry, behind)
    if entry.offset + data_end > entry.end:
        raise overlap(entry)


def _descriptor_length(entry: ZipEntry, behind: bytes) -> int:
    for signature, numbers in DESCRIPTORS:
        length = len(signature) + numbers.size
        if not behind.startswith(signature) or len(behind) < length:
            continue
        if numbers.unpack_from(behind, len(signature)) == (entry.crc, entry.packed, entry.size):
            return length
    raise _disagree(entry, "data descriptor")


def _check_content(entry: ZipEntry, size: int, crc: int) -> None:
    if size != entry.size:
        raise damaged(f"“{shown(entry.name)}” does not have the size it should have")
    if crc != entry.crc:
        raise damaged(f"“{shown(entry.name)}” does not have the checksum it should have")


def _broken(entry: ZipEntry) -> BuildError:
    return damaged(f"“{shown(entry.name)}” cannot be decompressed")


def _disagree(entry: ZipEntry, what: str) -> BuildError:
    detail = f"“{shown(entry.name)}” has one {what} in the archive's directory and another at its place; pack it again."
    return BuildError("headers_disagree", detail, path=shown(entry.name))

"""Streams of bytes that may be compressed: gzip (RFC 1952) and Zstandard (RFC 8878), inflated piece by piece."""

import zlib
from collections.abc import Callable, Iterable, Iterator

import zstandard

from builds.errors import BuildError
from builds.refusals import damaged

FIRST = 512  # bytes; who looks only at the beginning need not know that what follows is broken
CHUNK = 1024 * 1024  # bytes that gzip may inflate to at a time; a Zstandard block has 128 KiB at most
GZIP = 16 + zlib.MAX_WBITS
GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_WINDOW = 64 * 1024 * 1024  # bytes of memory; `zstd -19` needs 8 MiB, only `--ultra -22` and `--long` need more
ZSTD_LONGEST_HEADER = 18
ZSTD_SKIPPABLE = range(0x184D2A50, 0x184D2A60)  # magic numbers of frames that hold no content

Inflate = Callable[[Iterable[bytes]], Iterator[bytes]]


def decompressor_for(head: bytes) -> Inflate | None:
    """What inflates a stream that begins like this; None for one that is not compressed."""
    if head.startswith(GZIP_MAGIC):
        return inflate_gzip
    if head.startswith(zstandard.FRAME_HEADER) or _skippable(head):
        return inflate_zstd
    return None


class Stream:
    """Bytes that come in pieces, taken in portions."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = b""
        self._at = 0

    def peek(self, count: int) -> bytes:
        """The next bytes, left where they are; fewer than `count` only at the end."""
        missing = count - (len(self._held) - self._at)
        if missing > 0:
            parts = [self._held[self._at :]]
            while missing > 0 and (piece := next(self._pieces, None)) is not None:
                parts.append(piece)
                missing -= len(piece)
            self._held, self._at = b"".join(parts), 0
        return self._held[self._at : self._at + count]

    def take(self, count: int) -> bytes:
        """The next bytes, exactly so many; raises BuildError where the stream ends before."""
        content = self.peek(count)
        if len(content) < count:
            raise damaged("it is cut short")
        self._at += count
        return content

    def portions(self, count: int) -> Iterator[bytes]:
        """The next `count` bytes in portions; raises BuildError where the stream ends before."""
        while count:
            portion = self.take(min(count, CHUNK))
            count -= len(portion)
            yield portion

    def rest(self) -> Iterator[bytes]:
        """Everything up to the end, in portions."""
        while portion := self.peek(CHUNK):
            self._at += len(portion)
            yield portion


def inflate_gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The content of all members; raises BuildError where one is broken, cut short or followed by anything else."""
    inflater = None
    portion = FIRST
    try:
        for piece in pieces:
            rest = piece
            while rest := rest if inflater else rest.lstrip(b"\0"):  # members may be padded with zeros
                inflater = inflater or zlib.decompressobj(GZIP)
                yield inflater.decompress(rest, portion)
                portion = CHUNK
                rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
                if inflater.eof:
                    inflater = None
    except zlib.error as error:
        raise damaged("it cannot be decompressed") from error
    if inflater is not None:
        raise damaged("it is cut short")


def inflate_zstd(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The content of all frames; raises BuildError where one is broken or cut short, or needs too large a window.

    The library is fed block by block, so that no input, however small, becomes more than one block at a time.
    """
    stream = Stream(pieces)
    decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
    try:
        while head := stream.peek(ZSTD_LONGEST_HEADER):
            if _skippable(head):
                for _ in stream.portions(int.from_bytes(stream.take(8)[4:], "little")):
                    pass
            else:
                yield from _zstd_frame(stream, head, decompressor)
    except zstandard.ZstdError as error:
        raise damaged("it cannot be decompressed") from error


def _skippable(head: bytes) -> bool:
    return int.from_bytes(head[:4], "little") in ZSTD_SKIPPABLE


def _zstd_frame(stream: Stream, head: bytes, decompressor: zstandard.ZstdDecompressor) -> Iterator[bytes]:
    frame = zstandard.get_frame_parameters(head)
    if frame.window_size > ZSTD_WINDOW:
        raise BuildError("unsupported_method", "The upload needs too much memory to unpack; pack it without “--long”.")
    inflater = decompressor.decompressobj()
    yield inflater.decompress(stream.take(zstandard.frame_header_size(head)))
    last = False
    while not last:
        block = stream.take(3)
        bits = int.from_bytes(block, "little")
        last, kind, size = bool(bits & 1), bits >> 1 & 3, bits >> 3
        yield inflater.decompress(block + stream.take(1 if kind == 1 else size))  # kind 1: one byte, repeated
    if frame.has_checksum:
        yield inflater.decompress(stream.take(4))
    if not inflater.eof:
        raise damaged("it cannot be decompressed")

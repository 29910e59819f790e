"""Unpacks an untrusted tar (POSIX.1-2017 ustar and pax, GNU) from a stream, read strictly."""

from collections.abc import Iterator
from dataclasses import dataclass

from builds.errors import BuildError
from builds.intake import InOrder, Intake
from builds.names import from_utf8
from builds.refusals import damaged, link, shown, special
from builds.streams import Stream

BLOCK = 512
END = bytes(BLOCK)
LONGEST_HEADER = 1024 * 1024  # bytes of pax records or of a GNU name: more than any tool writes
FILES = b"0\x007"  # 7: a contiguous file, which is a file to everybody
FOLDER = b"5"
LINKS = b"12"
SPECIAL = {
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"S": "a sparse file",
    b"M": "the rest of a file from another archive",
    b"D": "a folder of an incremental backup",
}
PAX, PAX_GLOBAL = b"x", b"g"
GNU_NAME, GNU_LINK, GNU_LABEL = b"L", b"K", b"V"


@dataclass(frozen=True, slots=True)
class _Header:
    """One header block: what the entry is called, its type and its size in bytes."""

    name: bytes
    kind: bytes
    size: int


@dataclass(slots=True)
class _Ahead:
    """What headers before an entry say of it."""

    name: bytes | None = None
    size: int | None = None
    said: bool = False


def unpack_tar(stream: Stream, intake: Intake) -> None:
    """Store every file of the archive; raises BuildError at the first thing that is wrong with it."""
    with intake.in_order() as receiver:
        ahead = _Ahead()
        while (block := stream.take(BLOCK)) != END:
            header = _header(block)
            if header.kind in {PAX, PAX_GLOBAL, GNU_NAME, GNU_LINK, GNU_LABEL}:
                _read_ahead(stream, header, ahead)
                continue
            _unpack_entry(stream, _completed(header, ahead), intake, receiver)
            ahead = _Ahead()
        if ahead.said:
            raise damaged("its last entry is missing")
        _check_end(stream)


def may_begin(block: bytes) -> bool:
    """Whether a tar may begin with these 512 bytes: with a header, or with its end."""
    return block == END or _is_header(block)


def _is_header(block: bytes) -> bool:
    """Whether a block has a tar header's checksum; some writers summed signed bytes."""
    try:
        told = int(block[148:156].strip(b" \0"), 8)
    except ValueError:
        return False
    summed = block[:148] + b" " * 8 + block[156:]
    unsigned = sum(summed)
    return len(block) == BLOCK and (told == unsigned or told == unsigned - 256 * sum(byte > 127 for byte in summed))


def _unpack_entry(stream: Stream, header: _Header, intake: Intake, receiver: InOrder) -> None:
    name = from_utf8(header.name)
    if header.kind == FOLDER or (header.kind in FILES and name.endswith("/")):
        if header.size:
            raise damaged(f"the folder “{shown(name)}” has content")
        intake.tree.folder(name)
        return
    _refuse_kind(header.kind, name)
    intake.bounds.file(header.size, name)
    receiver.file(name, stream.portions(header.size))
    _skip_padding(stream, header.size)


def _refuse_kind(kind: bytes, name: str) -> None:
    if kind in LINKS:
        raise link(name)
    if kind not in FILES:
        raise special(name, SPECIAL.get(kind, "an entry of a kind that is not taken"))


def _header(block: bytes) -> _Header:
    if not _is_header(block):
        raise damaged("an entry's header is broken")
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):  # GNU has other things there
        name = prefix + b"/" + name
    return _Header(name, block[156:157], _number(block[124:136]))


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes) -> int:
    """A number in octal digits, or in GNU's base 256 where they do not suffice."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if digits.strip(b"01234567"):
        raise damaged("an entry's size is not a number")
    return int(digits or b"0", 8)


def _read_ahead(stream: Stream, header: _Header, ahead: _Ahead) -> None:
    if header.size > LONGEST_HEADER:
        raise damaged("an entry has a header of more than 1 MB")
    content = stream.take(header.size)
    _skip_padding(stream, header.size)
    if header.kind == GNU_NAME:
        ahead.name, ahead.said = _text(content), True
    elif header.kind == PAX:
        ahead.said = True
        _apply(_pax_records(content), ahead)
    elif header.kind == PAX_GLOBAL:
        _refuse_global(_pax_records(content))


def _pax_records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Records of the form `length key=value newline`, the length counting all of it in decimal."""
    at = 0
    while at < len(content):
        digits, _, _ = content[at : at + 20].partition(b" ")
        end = at + (int(digits) if digits.isdigit() else 0)
        key, equals, value = content[at + len(digits) + 1 : end - 1].partition(b"=")
        if not equals or end > len(content) or content[end - 1 : end] != b"\n":
            raise damaged("an entry's pax header is broken")
        yield key, value
        at = end


def _apply(records: Iterator[tuple[bytes, bytes]], ahead: _Ahead) -> None:
    for key, value in records:
        if key == b"path":
            ahead.name = value
        elif key == b"size":
            if not value.isdigit() or len(value) > 20:
                raise damaged("an entry's size is not a number")
            ahead.size = int(value)
        elif key.startswith(b"GNU.sparse."):
            raise special((ahead.name or b"?").decode("utf-8", "replace"), SPECIAL[b"S"])


def _refuse_global(records: Iterator[tuple[bytes, bytes]]) -> None:
    """A header for all entries may hold comments and times (`git archive`), but no name and no size."""
    if any(key in {b"path", b"linkpath", b"size"} or key.startswith(b"GNU.sparse.") for key, _ in records):
        raise damaged("it gives all its entries one name or size")


def _completed(header: _Header, ahead: _Ahead) -> _Header:
    name = header.name if ahead.name is None else ahead.name
    size = header.size if ahead.size is None else ahead.size
    if b"\0" in name:
        raise BuildError("unsafe_path", "A name in the upload holds a NUL; rename it and upload again.")
    return _Header(name, header.kind, size)


def _skip_padding(stream: Stream, size: int) -> None:
    stream.take(-size % BLOCK)


def _check_end(stream: Stream) -> None:
    """Read on to the end, so that a compressor's checksum is looked at; there is nothing but zeros."""
    for portion in stream.rest():
        if portion.count(0) != len(portion):
            raise damaged("something follows the end of the archive")

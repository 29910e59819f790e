"""The central directory of an untrusted ZIP (APPNOTE.TXT 6.3.10), read strictly: what it says, nothing unpacked."""

import re
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from builds import code_pages
from builds.bounds import Bounds
from builds.errors import BuildError
from builds.names import from_utf8, refuse_overlong
from builds.refusals import damaged, link, shown, special
from builds.source import Source

END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR = struct.Struct("<4sLQL")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
LOCAL_HEADER = b"PK\3\4"
LONGEST_RECORD = CENTRAL.size + 3 * 0xFFFF
WINDOW = 1024 * 1024  # bytes of the directory held at a time

STORED, DEFLATED = 0, 8
OTHER_METHODS = {
    1: "Shrink", 6: "Implode", 9: "Deflate64", 10: "PKWARE Implode", 12: "bzip2", 14: "LZMA", 93: "Zstandard",
    95: "XZ", 96: "JPEG", 97: "WavPack", 98: "PPMd",
}  # fmt: skip
AES = 99

ENCRYPTED = 0x0001 | 0x0040 | 0x2000  # traditional, strong, masked directory
DEFERRED = 0x0008  # CRC and sizes stand in a data descriptor behind the data
PATCH = 0x0020
UTF8 = 0x0800

# Systems whose separator is the backslash: FAT, NTFS (10 to PKWARE, 11 to Info-ZIP), VFAT.
WINDOWS = frozenset({0, 10, 11, 14})
SPECIAL = frozenset({stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK})

EXTRA_ZIP64 = 0x0001
EXTRA_UNICODE_PATH = 0x7075
FULL32 = 0xFFFFFFFF


@dataclass(slots=True)
class ZipEntry:
    """An entry as the directory has it: sizes in bytes; `offset` and `end` bound its place in the upload."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    end: int  # where the next entry or the directory begins
    is_folder: bool
    is_garbled: bool = False  # the name is in an encoding that nobody can tell


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory is, how many entries it says it has, and how many bytes precede the archive."""

    start: int
    size: int
    count: int
    prefix: int


def find_directory(source: Source) -> Directory | None:
    """Look for the end-of-directory record, which must close the file; None if there is none. Raises BuildError."""
    tail_start = max(0, source.size - END.size - 0xFFFF)
    tail = source.read_at(tail_start, source.size - tail_start)
    found = [at for at in _occurrences(tail, b"PK\5\6") if _closes(tail, at)]
    if not found:
        return None
    if len(found) > 1:
        raise damaged("it has two ends, so that programs would not agree on what it holds")
    return _directory(source, tail_start + found[0], END.unpack_from(tail, found[0]))


def read_directory(source: Source, directory: Directory, bounds: Bounds) -> list[ZipEntry]:
    """All entries, in the order of their place in the upload; raises BuildError for any that must not be taken."""
    bounds.entries(directory.count)
    entries = [_entry(record, directory, bounds) for record in _records(source, directory)]
    entries.sort(key=attrgetter("offset"))
    for entry, following in pairwise(entries):
        entry.end = following.offset
    for entry in entries:
        if entry.offset + LOCAL.size + len(entry.raw_name) + entry.packed > entry.end:
            raise overlap(entry)
    return entries


def overlap(entry: ZipEntry) -> BuildError:
    """The error for an entry that is not alone in its place, as in archives made to unpack without end."""
    detail = f"“{shown(entry.name)}” overlaps with another part of the archive; pack it again. Nothing was stored."
    return BuildError("overlap", detail, path=shown(entry.name))


def zip64(extra: bytes, *fields: int) -> tuple[int, ...]:
    """The 32-bit fields, in the order of the record, with those that overflowed taken from the ZIP64 extra field."""
    if FULL32 not in fields:
        return fields
    found = extra_fields(extra).get(EXTRA_ZIP64, b"")
    wide = iter(struct.unpack(f"<{len(found) // 8}Q", found[: len(found) // 8 * 8]))
    return tuple(next(wide, field) if field == FULL32 else field for field in fields)


def extra_fields(extra: bytes) -> dict[int, bytes]:
    """The extra fields by number, the first of each; padding behind them (zipalign) is passed over."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        number, size = struct.unpack_from("<2H", extra, at)
        found.setdefault(number, extra[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def _occurrences(tail: bytes, signature: bytes) -> Iterator[int]:
    return (match.start() for match in re.finditer(re.escape(signature), tail))


def _closes(tail: bytes, at: int) -> bool:
    if at + END.size > len(tail):
        return False
    comment: int = END.unpack_from(tail, at)[7]
    return at + END.size + comment == len(tail)


def _directory(source: Source, end: int, record: tuple[int, ...]) -> Directory:
    _, disk, first_disk, here, count, size, offset, _ = record
    narrow = (disk, first_disk, here, count, size, offset)
    end, wide = _wide_end(source, end, narrow)
    disk, first_disk, here, count, size, offset = wide
    if disk or first_disk or here != count:
        raise BuildError("unknown_format", "The archive is one part of several; pack it as one file and upload that.")
    start = end - size
    if start < 0 or offset > start or count * CENTRAL.size > size:
        raise damaged("its directory does not fit into it")
    return Directory(start, size, count, start - offset)


def _wide_end(source: Source, end: int, narrow: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Where the directory ends, and the fields of the end record, from its ZIP64 form where there is one."""
    at = end - LOCATOR.size
    locator = source.read_at(at, LOCATOR.size) if at >= 0 else b""
    if not locator.startswith(b"PK\6\7"):
        return end, narrow
    _, _, offset, disks = LOCATOR.unpack(locator)
    for place in (at - END64.size, offset):  # the usual place also when something precedes the archive
        record = source.read_at(place, END64.size) if 0 <= place <= at - END64.size else b""
        if record.startswith(b"PK\6\6") and place + 12 + END64.unpack(record)[1] == at:
            break
    else:
        raise damaged("its ZIP64 end record is missing")
    wide = END64.unpack(record)[4:]
    full = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, FULL32, FULL32)
    if disks > 1 or any(n not in {f, w} for n, f, w in zip(narrow, full, wide, strict=True)):
        raise BuildError("headers_disagree", "The archive's two end records disagree; pack it again.")
    return place, wide


def _records(source: Source, directory: Directory) -> Iterator[tuple[tuple[int, ...], bytes, bytes]]:
    """Each central header with its raw name and extra field, read through a window."""
    window, at, place = b"", 0, directory.start
    end = directory.start + directory.size
    for _ in range(directory.count):
        if len(window) - at < LONGEST_RECORD and place < end:
            piece = source.read_at(place, min(WINDOW, end - place))
            window, at, place = window[at:] + piece, 0, place + len(piece)
        if window[at : at + 4] != b"PK\1\2" or len(window) - at < CENTRAL.size:
            raise damaged("its directory is broken")
        fields = CENTRAL.unpack_from(window, at)
        name_end = at + CENTRAL.size + fields[10]
        extra_end = name_end + fields[11]
        yield fields, window[at + CENTRAL.size : name_end], window[name_end:extra_end]
        at = extra_end + fields[12]
        if at > len(window):
            raise damaged("its directory is cut short")
    if at != len(window) or place != end:
        raise damaged("its directory holds more entries than it says")


def _entry(record: tuple[tuple[int, ...], bytes, bytes], directory: Directory, bounds: Bounds) -> ZipEntry:
    fields, raw_name, extra = record
    _, made_by, _, flags, method, _, _, crc, packed, size, _, _, _, _, _, attributes, offset = fields
    if len(raw_name) > bounds.limits.path_length:
        bounds.path(raw_name.decode("latin-1"))
    name, is_garbled = _name(raw_name, extra, flags, made_by >> 8)
    bounds.path(name)  # here, so that no more of too long names is held than one
    size, packed, offset = zip64(extra, size, packed, offset)
    _refuse_kind(name, flags, method, attributes >> 16)
    if method == STORED and packed != size:
        raise BuildError(
            "headers_disagree", f"“{shown(name)}” is stored, but with two sizes; pack it again.", path=name
        )
    is_folder = name.endswith("/") or stat.S_ISDIR(attributes >> 16)
    if is_folder and size:
        raise damaged(f"the folder “{shown(name)}” has content")
    start = directory.prefix + offset
    return ZipEntry(name, raw_name, flags, method, crc, packed, size, start, directory.start, is_folder, is_garbled)


def _name(raw: bytes, extra: bytes, flags: int, system: int) -> tuple[str, bool]:
    """The name in Unicode, its separators `/` if it was made where they are not (APPNOTE.TXT 4.4.17, appendix D).

    The other value says whether it is garbled.
    """
    name, is_garbled = (raw.decode("ascii"), False) if raw.isascii() else _decoded(raw, extra, flags)
    return name.replace("\\", "/") if system in WINDOWS else name, is_garbled


def _decoded(raw: bytes, extra: bytes, flags: int) -> tuple[str, bool]:
    if flags & UTF8:
        return from_utf8(raw), False
    unicode_path = extra_fields(extra).get(EXTRA_UNICODE_PATH, b"")
    if len(unicode_path) > 5 and unicode_path[:5] == struct.pack("<BL", 1, zlib.crc32(raw)):
        return from_utf8(unicode_path[5:]), False
    refuse_overlong(raw)
    name = code_pages.likely(raw)
    return (code_pages.garbled(raw), True) if name is None else (name, False)


def _refuse_kind(name: str, flags: int, method: int, mode: int) -> None:
    if flags & ENCRYPTED or method == AES:
        raise BuildError(
            "encrypted", f"“{shown(name)}” is encrypted; pack it again without a password.", path=shown(name)
        )
    if method not in {STORED, DEFLATED} or flags & PATCH:
        called = "patch data" if flags & PATCH else OTHER_METHODS.get(method, f"number {method}")
        detail = f"“{shown(name)}” is compressed by a method that is not taken ({called}); pack it again with Deflate."
        raise BuildError("unsupported_method", detail, path=shown(name))
    if stat.S_ISLNK(mode):
        raise link(name)
    if stat.S_IFMT(mode) in SPECIAL:
        raise special(name, "a device, pipe or socket")

"""Archives written byte by byte: any lie a header can tell, and the hostile shapes built from them."""

import gzip
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

DEFERRED = 0x0008
UTF8 = 0x0800
FULL32 = 0xFFFFFFFF
REGULAR = 0o100644 << 16


@dataclass(frozen=True)
class Item:
    """An entry of a ZIP; everything after `content` is what a lie can be told about."""

    name: bytes
    content: bytes = b"<p>hello</p>"
    method: int = 8
    flags: int = UTF8
    system: int = 3
    attributes: int = REGULAR
    extra: bytes = b""
    local_extra: bytes = b""
    local: dict[str, int | bytes] = field(default_factory=dict)  # what only the local header says
    central: dict[str, int | bytes] = field(default_factory=dict)  # what only the directory says
    data: bytes | None = None  # what stands there instead of the packed content
    descriptor: str | None = None  # struct of the data descriptor's numbers, or with a leading "s" for a signature
    descriptor_numbers: tuple[int, int, int] | None = None

    @property
    def packed(self) -> bytes:
        if self.data is not None:
            return self.data
        if self.method != 8:
            return self.content
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        return deflater.compress(self.content) + deflater.flush()


def zip_of(
    items: Iterable[Item],
    *,
    prefix: bytes = b"",
    adjusted: bool = False,
    comment: bytes = b"",
    zip64_end: bool = False,
    end: dict[str, int] | None = None,
    before_directory: bytes = b"",
) -> bytes:
    """A ZIP of these items; `adjusted`: offsets count the prefix, as after `zip -A`; `end`: lies of the end record."""
    body, directory = bytearray(prefix), bytearray()
    count = 0
    for item in items:
        directory += _central(item, len(body) - (0 if adjusted else len(prefix)))
        body += _local(item) + item.packed + _descriptor(item)
        count += 1
    body += before_directory
    start = len(body) - (0 if adjusted else len(prefix))
    told = {
        "disk": 0,
        "first": 0,
        "here": count,
        "count": count,
        "size": len(directory),
        "offset": start,
        **(end or {}),
    }
    return bytes(body + directory + _end(told, comment, zip64_end, start + len(directory)))


def _fields(item: Item, lies: dict[str, int | bytes]) -> dict[str, int | bytes]:
    truth: dict[str, int | bytes] = {
        "name": item.name, "flags": item.flags | (DEFERRED if item.descriptor else 0), "method": item.method,
        "crc": zlib.crc32(item.content), "packed": len(item.packed), "size": len(item.content),
    }  # fmt: skip
    return truth | lies


def _local(item: Item) -> bytes:
    deferred: dict[str, int | bytes] = {"crc": 0, "packed": 0, "size": 0} if item.descriptor else {}
    told = _fields(item, deferred | item.local)
    name = told["name"]
    assert isinstance(name, bytes)
    return (
        struct.pack("<4s5H3L2H", b"PK\3\4", 20, told["flags"], told["method"], 0, 33, told["crc"], told["packed"],
                    told["size"], len(name), len(item.local_extra))
        + name + item.local_extra
    )  # fmt: skip


def _central(item: Item, offset: int) -> bytes:
    place: dict[str, int | bytes] = {"offset": offset}
    told = _fields(item, place | item.central)
    name = told["name"]
    assert isinstance(name, bytes)
    return (
        struct.pack("<4s6H3L5H2L", b"PK\1\2", item.system << 8 | 20, 20, told["flags"], told["method"], 0, 33,
                    told["crc"], told["packed"], told["size"], len(name), len(item.extra), 0, 0, 0, item.attributes,
                    told["offset"])
        + name + item.extra
    )  # fmt: skip


def _descriptor(item: Item) -> bytes:
    if item.descriptor is None:
        return b""
    signature = b"PK\7\x08" if item.descriptor.startswith("s") else b""
    numbers = item.descriptor_numbers or (zlib.crc32(item.content), len(item.packed), len(item.content))
    return signature + struct.pack("<" + item.descriptor.lstrip("s"), *numbers)


def _end(told: dict[str, int], comment: bytes, zip64: bool, place: int) -> bytes:
    wide = b""
    if zip64:
        wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, told["disk"], told["first"], told["here"],
                           told["count"], told["size"], told["offset"])  # fmt: skip
        wide += struct.pack("<4sLQL", b"PK\6\7", 0, place, 1)
        told = {**told, "here": 0xFFFF, "count": 0xFFFF, "size": FULL32, "offset": FULL32}
    return wide + struct.pack("<4s4H2LH", b"PK\5\6", *told.values(), len(comment)) + comment


def unicode_path(raw: bytes, name: str, crc: int | None = None) -> bytes:
    """Info-ZIP's extra field 0x7075."""
    content = struct.pack("<BL", 1, zlib.crc32(raw) if crc is None else crc) + name.encode()
    return struct.pack("<2H", 0x7075, len(content)) + content


def zip64_extra(*numbers: int) -> bytes:
    """The ZIP64 extended information field."""
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


INDEX = Item(b"index.html")


def _named(*names: bytes, **lies: object) -> bytes:
    return zip_of([INDEX, *(replace(Item(name), **lies) for name in names)])  # type: ignore[arg-type]  # fields by name


def _mode(mode: int) -> bytes:
    return zip_of([INDEX, Item(b"odd", attributes=mode << 16)])


def overlapping() -> bytes:
    """Two directory entries for the same bytes."""
    return zip_of([INDEX, Item(b"two.html"), Item(b"two.html", central={"offset": 0, "name": b"index.html"}, data=b"")])


def quoted_overlap() -> bytes:
    """Fifield's construction: the first entry's data quotes the second entry's local header."""
    inner = Item(b"b.html", bytes(2000))
    hidden = _local(inner)
    deflated = b"\0" + struct.pack("<2H", len(hidden), len(hidden) ^ 0xFFFF) + hidden + inner.packed
    outer = Item(b"a.html", hidden + inner.content, data=deflated)
    place = len(_local(outer)) + 5
    body = _local(outer) + deflated
    directory = _central(outer, 0) + _central(inner, place)
    told = {"disk": 0, "first": 0, "here": 2, "count": 2, "size": len(directory), "offset": len(body)}
    return body + directory + _end(told, b"", False, 0)


def inside_directory() -> bytes:
    """An entry whose data runs into the directory."""
    return zip_of(
        [INDEX, Item(b"long", method=0, local={"packed": 60, "size": 60}, central={"packed": 60, "size": 60})]
    )


def lying_size(told: int) -> bytes:
    """A file that is said to be small on both sides, and inflates to megabytes."""
    lies: dict[str, int | bytes] = {"size": told}
    return zip_of([INDEX, Item(b"big", bytes(3_000_000), local=lies, central=lies)])


def longer_local_extra(length: int) -> bytes:
    """A local header that says its extra field is so long, where there is none."""
    whole = bytearray(zip_of([INDEX]))
    struct.pack_into("<H", whole, 28, length)
    return bytes(whole)


def contradicting_ends() -> bytes:
    """A ZIP64 end record and an ordinary one that count different entries."""
    whole = bytearray(zip_of([INDEX], zip64_end=True))
    struct.pack_into("<H", whole, len(whole) - 12, 7)
    return bytes(whole)


UNSAFE_NAMES = [
    b"../x", b"a/../../x", b"a/..", b"..", b"/etc/passwd", b"//server/share/x", b"C:/x", b"c:x", b"a/C:/x", b"..\\x",
    b"a\\b", b"\\\\server\\share", b"CON", b"nul.txt", b"a/COM1.html", b"lpt9", b"aux .html", b"a\0b", b"a\nb",
    b"a\x7fb", "a\u0085b".encode(), b".../x", b"a/.. /x", b"%2e%2e/x", b"a/%2E%2e%2fx", b"..%5cx",
    "\uff0e\uff0e/x".encode(), "\u2025/x".encode(), b"\xc0\xae\xc0\xae/x", b"\xff\xfe", b"\xed\xa0\x80",
    b"COM\xc2\xb2.txt", b"conin$", b"",
]  # fmt: skip

HOSTILE_ZIPS: dict[str, tuple[Callable[[], bytes], str]] = {
    "symlink": (lambda: _mode(0o120777), "link"),
    "symlink from another system": (lambda: _named(b"l", system=0, attributes=0o120777 << 16), "link"),
    "device": (lambda: _mode(0o020644), "special_file"),
    "pipe": (lambda: _mode(0o010644), "special_file"),
    "socket": (lambda: _mode(0o140644), "special_file"),
    "encrypted": (lambda: _named(b"x", flags=UTF8 | 1), "encrypted"),
    "strongly encrypted": (lambda: _named(b"x", flags=UTF8 | 0x41), "encrypted"),
    "aes": (lambda: _named(b"x", method=99), "encrypted"),
    "bzip2": (lambda: _named(b"x", method=12), "unsupported_method"),
    "deflate64": (lambda: _named(b"x", method=9), "unsupported_method"),
    "method nobody knows": (lambda: _named(b"x", method=77), "unsupported_method"),
    "patch": (lambda: _named(b"x", flags=UTF8 | 0x20), "unsupported_method"),
    "other local name": (lambda: _named(b"x", local={"name": b"y"}), "headers_disagree"),
    "longer local name": (lambda: _named(b"x", local={"name": b"x/../../y"}), "headers_disagree"),
    "other local method": (lambda: _named(b"x", local={"method": 0}), "headers_disagree"),
    "other local flags": (lambda: _named(b"x", local={"flags": 0}), "headers_disagree"),
    "other local crc": (lambda: _named(b"x", local={"crc": 1}), "headers_disagree"),
    "other local size": (lambda: _named(b"x", local={"size": 1}), "headers_disagree"),
    "other local packed size": (lambda: _named(b"x", local={"packed": 1}), "headers_disagree"),
    "junk with other local name": (lambda: _named(b".git/x", local={"name": b".git/y"}), "headers_disagree"),
    "stored with two sizes": (lambda: _named(b"x", method=0, central={"size": 3}), "headers_disagree"),
    "lying descriptor": (lambda: _named(b"x", descriptor="s3L", descriptor_numbers=(1, 2, 3)), "headers_disagree"),
    "missing descriptor": (lambda: _named(b"x", flags=UTF8 | DEFERRED), "headers_disagree"),
    "local header contradicts descriptor": (
        lambda: _named(b"x", descriptor="3L", local={"crc": 5}), "headers_disagree"),
    "same bytes twice": (overlapping, "overlap"),
    "quoted overlap": (quoted_overlap, "overlap"),
    "entry inside the directory": (inside_directory, "overlap"),
    "entry behind the directory": (lambda: _named(b"x", central={"offset": 10_000}), "overlap"),
    "local extra over the data": (lambda: longer_local_extra(5), "overlap"),
    "local extra over the directory": (lambda: longer_local_extra(60_000), "overlap"),
    "three entries at one place": (lambda: _named(b"x", b"y", central={"offset": 1}), "overlap"),
    "entry inside another": (
        lambda: zip_of([INDEX, Item(b"x", bytes(99), method=0, central={"offset": 20})]), "overlap"),
    "wrong crc": (lambda: _named(b"x", local={"crc": 1}, central={"crc": 1}), "damaged"),
    "wrong crc of a stored file": (lambda: _named(b"x", method=0, local={"crc": 1}, central={"crc": 1}), "damaged"),
    "smaller than it says": (lambda: _named(b"x", local={"size": 99}, central={"size": 99}), "damaged"),
    "larger than it says": (lambda: lying_size(5), "damaged"),
    "much larger than it says": (lambda: lying_size(2_000_000), "damaged"),
    "no deflate": (lambda: _named(b"x", data=b"\xff\xff\xff\xff"), "damaged"),
    "deflate cut short": (lambda: _named(b"x", data=Item(b"x").packed[:-3]), "damaged"),
    "deflate and more": (lambda: _named(b"x", data=Item(b"x").packed + b"more"), "damaged"),
    "folder with content": (lambda: _named(b"x/"), "damaged"),
    "file and folder": (lambda: _named(b"x", b"x/y"), "file_and_folder"),
    "file and empty folder": (lambda: zip_of([INDEX, Item(b"x"), Item(b"x/", b"")]), "file_and_folder"),
    "two of a name": (lambda: zip_of([INDEX, Item(b"x", b"1"), Item(b"x", b"2")]), "duplicate"),
    "two of a name but for dots": (lambda: zip_of([INDEX, Item(b"x", b"1"), Item(b"./x", b"2")]), "duplicate"),
    "two of a name but for case": (lambda: zip_of([INDEX, Item(b"Aa", b"1"), Item(b"aA", b"2")]), "duplicate"),
    "two of a name but for Unicode form": (
        lambda: zip_of([Item("\xe9".encode(), b"1"), Item("e\u0301".encode(), b"2")]), "duplicate"),
    "two of a name but for both": (
        lambda: zip_of([Item("\xc9".encode(), b"1"), Item("e\u0301".encode(), b"2")]), "duplicate"),
    "no entries": (lambda: zip_of([]), "empty"),
    "folders only": (lambda: zip_of([Item(b"a/", b""), Item(b"a/b/", b"")]), "empty"),
    "junk only": (lambda: zip_of([Item(b".git/config"), Item(b"node_modules/a.js")]), "empty"),
    "two ends": (lambda: zip_of([INDEX], comment=zip_of([INDEX])[-22:]), "damaged"),
    "part of several": (lambda: zip_of([INDEX], end={"disk": 1}), "unknown_format"),
    "fewer entries than told": (lambda: zip_of([INDEX], end={"here": 2, "count": 2}), "damaged"),
    "more entries than told": (lambda: zip_of([INDEX, Item(b"x")], end={"here": 1, "count": 1}), "damaged"),
    "directory larger than the file": (lambda: zip_of([INDEX], end={"size": 1 << 30}), "damaged"),
    "no header at the offset": (
        lambda: zip_of([Item(b"x", bytes(500), method=0)]).replace(b"PK\3\4", b"PK\3\5"), "damaged"),
    "directory behind itself": (lambda: zip_of([INDEX], end={"offset": 1 << 20}), "damaged"),
    "directory cut short": (
        lambda: zip_of([Item(b"x", extra=bytes(40))], end={"size": 50, "offset": 0}), "damaged"),
    "two end records that disagree": (contradicting_ends, "headers_disagree"),
    "no ZIP64 end record": (lambda: zip_of([INDEX], zip64_end=True).replace(b"PK\6\6", b"PK\6\5"), "damaged"),
    "ends in the middle": (lambda: zip_of([INDEX, Item(b"x", bytes(999))])[:-40], "damaged"),
    "begins in the middle": (lambda: zip_of([INDEX, Item(b"x", bytes(999))])[40:], "damaged"),
    "something follows": (lambda: zip_of([INDEX]) + b"\n", "damaged"),
    "bomb": (lambda: zip_of([INDEX, Item(b"x", bytes(11_000_000))]), "ratio_too_high"),
}  # fmt: skip


def tar_header(name: bytes, size: int = 0, kind: bytes = b"0", **fields: bytes) -> bytes:
    """One 512-byte header; `fields`: `magic`, `prefix`, `written_size`, `linkname`."""
    header = bytearray(512)
    header[0 : len(name[:100])] = name[:100]
    header[100:124] = b"0000644\0" + b"0000000\0" * 2
    header[124:136] = fields.get("written_size", b"%011o\0" % size).ljust(12, b"\0")
    header[136:148] = b"00000000000\0"
    header[156:157] = kind
    link = fields.get("linkname", b"")
    header[157 : 157 + len(link)] = link
    header[257:265] = fields.get("magic", b"ustar\x0000")
    prefix = fields.get("prefix", b"")
    header[345 : 345 + len(prefix)] = prefix
    header[148:156] = b"%06o\0 " % (sum(header) + 8 * 32)
    return bytes(header)


def tar_entry(name: bytes, content: bytes = b"<p>hello</p>", kind: bytes = b"0", **fields: bytes) -> bytes:
    """A header and its content, padded to whole blocks."""
    return tar_header(name, len(content), kind, **fields) + content + bytes(-len(content) % 512)


def pax(records: Sequence[tuple[bytes, bytes]], kind: bytes = b"x") -> bytes:
    """A pax header with these records."""
    written = b""
    for key, value in records:
        rest = b" " + key + b"=" + value + b"\n"
        length = len(rest)
        while length != len(rest) + len(str(length)):
            length = len(rest) + len(str(length))
        written += str(length).encode() + rest
    return tar_entry(b"pax", written, kind)


def tar_of(*entries: bytes, end: bytes = bytes(1024)) -> bytes:
    """A whole tar."""
    return b"".join(entries) + end


PAGE = tar_entry(b"index.html")

HOSTILE_TARS: dict[str, tuple[Callable[[], bytes], str]] = {
    "symlink": (lambda: tar_of(PAGE, tar_entry(b"l", b"", b"2", linkname=b"/etc/passwd")), "link"),
    "hard link": (lambda: tar_of(PAGE, tar_entry(b"l", b"", b"1", linkname=b"index.html")), "link"),
    "long symlink": (
        lambda: tar_of(PAGE, tar_entry(b"l", b"x" * 200 + b"\0", b"K"), tar_entry(b"l", b"", b"2")), "link"),
    "character device": (lambda: tar_of(PAGE, tar_entry(b"d", b"", b"3")), "special_file"),
    "block device": (lambda: tar_of(PAGE, tar_entry(b"d", b"", b"4")), "special_file"),
    "pipe": (lambda: tar_of(PAGE, tar_entry(b"d", b"", b"6")), "special_file"),
    "sparse": (lambda: tar_of(PAGE, tar_entry(b"d", b"", b"S")), "special_file"),
    "sparse by pax": (lambda: tar_of(pax([(b"GNU.sparse.major", b"1")]), PAGE), "special_file"),
    "kind nobody knows": (lambda: tar_of(PAGE, tar_entry(b"d", b"", b"Q")), "special_file"),
    "broken checksum": (lambda: tar_of(PAGE, PAGE.replace(b"index", b"indey")), "damaged"),
    "size that is no number": (lambda: tar_of(PAGE, tar_entry(b"x", written_size=b"0000000001x")), "damaged"),
    "negative size": (lambda: tar_of(PAGE, tar_entry(b"x", written_size=b"\xff" * 12)), "damaged"),
    "huge size": (lambda: tar_of(PAGE, tar_entry(b"x", written_size=b"\x80" + b"\xff" * 11)), "file_too_large"),
    "size by pax that is no number": (lambda: tar_of(pax([(b"size", b"1_0")]), PAGE), "damaged"),
    "pax without length": (lambda: tar_of(tar_entry(b"p", b"path=x\n", b"x"), PAGE), "damaged"),
    "pax longer than it is": (lambda: tar_of(tar_entry(b"p", b"99 path=x\n", b"x"), PAGE), "damaged"),
    "pax without newline": (lambda: tar_of(tar_entry(b"p", b"9 path=xy", b"x"), PAGE), "damaged"),
    "pax for all that names": (lambda: tar_of(pax([(b"path", b"x")], b"g"), PAGE), "damaged"),
    "pax of megabytes": (lambda: tar_of(pax([(b"comment", bytes(2_000_000))]), PAGE), "damaged"),
    "pax path out": (lambda: tar_of(pax([(b"path", b"../x")]), PAGE), "unsafe_path"),
    "pax path with NUL": (lambda: tar_of(pax([(b"path", b"x\0y")]), PAGE), "unsafe_path"),
    "long name out": (lambda: tar_of(tar_entry(b"l", b"a/../../x\0", b"L"), PAGE), "unsafe_path"),
    "prefix out": (lambda: tar_of(tar_entry(b"x", prefix=b"..")), "unsafe_path"),
    "no name": (lambda: tar_of(tar_entry(b"")), "unsafe_path"),
    "folder with content": (lambda: tar_of(PAGE, tar_entry(b"x/", b"content", b"5")), "damaged"),
    "pax without entry": (lambda: tar_of(PAGE, pax([(b"path", b"x")])), "damaged"),
    "no end": (lambda: tar_of(PAGE, end=b""), "damaged"),
    "ends in a file": (lambda: tar_of(tar_entry(b"x", bytes(9999)))[:5000], "damaged"),
    "ends in a header": (lambda: tar_of(PAGE)[:1200], "damaged"),
    "something follows": (lambda: tar_of(PAGE) + b"more", "damaged"),
    "another tar follows": (lambda: tar_of(PAGE) + tar_of(PAGE), "damaged"),
    "file and folder": (lambda: tar_of(tar_entry(b"x"), tar_entry(b"x/y")), "file_and_folder"),
    "two of a name": (lambda: tar_of(tar_entry(b"x", b"1"), tar_entry(b"x", b"2")), "duplicate"),
    "nothing": (lambda: bytes(10240), "empty"),
    "folders only": (lambda: tar_of(tar_entry(b"a/", b"", b"5")), "empty"),
    "gzip cut short": (lambda: gzip.compress(tar_of(PAGE))[:-4], "damaged"),
    "gzip with wrong checksum": (lambda: gzip.compress(tar_of(PAGE))[:-8] + bytes(8), "damaged"),
    "gzip and more": (lambda: gzip.compress(tar_of(PAGE)) + b"more", "damaged"),
    "gzip bomb": (lambda: gzip.compress(tar_of(tar_entry(b"x", bytes(11_000_000)))), "ratio_too_high"),
    "gzip bomb behind the end": (lambda: gzip.compress(tar_of(PAGE, end=bytes(12_000_000))), "ratio_too_high"),
}  # fmt: skip


def form(*parts: tuple[str, bytes], boundary: str = "b0undary", end: bool = True) -> bytes:
    """A raw `multipart/form-data` body; each part is its Content-Disposition's parameters and its content."""
    body = b""
    for parameters, content in parts:
        body += f"--{boundary}\r\nContent-Disposition: form-data; {parameters}\r\n".encode("utf-8", "surrogateescape")
        body += b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"
    return body + (f"--{boundary}--\r\n".encode() if end else b"")


def file_part(filename: str, content: bytes = b"<p>hello</p>") -> tuple[str, bytes]:
    """A part that is a file."""
    return f'name="files"; filename="{filename}"', content


HOSTILE_FORMS: dict[str, tuple[Callable[[], bytes], str]] = {
    "name out": (lambda: form(file_part("../x")), "unsafe_path"),
    "absolute name": (lambda: form(file_part("/x")), "unsafe_path"),
    "drive and backslash": (lambda: form(file_part("C:\\x.html")), "unsafe_path"),
    "network share": (lambda: form(file_part("\\\\server\\share\\x.html")), "unsafe_path"),
    "invalid UTF-8": (lambda: form(file_part("\udcff\udcfe")), "unsafe_path"),
    "two names": (lambda: form(('name="f"; filename="a"; filename="b"', b"")), "damaged"),
    "two dispositions": (
        lambda: form(('filename="a"\r\nContent-Disposition: form-data; filename="b"', b"")), "damaged"),
    "unreadable name": (lambda: form(('name="f"; filename="a" b "c"', b"")), "damaged"),
    "no end": (lambda: form(file_part("index.html"), end=False), "damaged"),
    "ends in a part": (lambda: form(file_part("index.html", bytes(1000)))[:-100], "damaged"),
    "broken header": (lambda: form(file_part("index.html")).replace(b"Content-Type:", b"Content Type:"), "damaged"),
    "two of a name": (lambda: form(file_part("x", b"1"), file_part("x", b"2")), "duplicate"),
    "no files": (lambda: form(('name="message"', b"hello")), "empty"),
    "broken archive": (lambda: form(file_part("site.zip", zip_of([INDEX])[:-30])), "damaged"),
    "archive that is none": (lambda: form(file_part("site.zip", b"hello")), "unknown_format"),
    "hostile archive": (lambda: form(file_part("site.zip", _named(b"../x"))), "unsafe_path"),
}  # fmt: skip

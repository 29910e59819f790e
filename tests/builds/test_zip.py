"""Ordinary ZIPs in odd dress are taken, and come out as other programs unpack them."""

import io
import os
import random
import shutil
import subprocess
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.builds.opening import Opener
from tests.zoo import FULL32, INDEX, UTF8, Item, unicode_path, zip64_extra, zip_of

NOISE = random.Random(2).randbytes(1_500_000)
PAGE = b"<p>hello</p>"
LARGE = {
    "noise": NOISE,
    "zeros": bytes(3_000_000),
    "a byte more than two portions": bytes(2 * 2**20 + 1),  # zlib still holds it when all is read
    "both": NOISE + bytes(2**21),
}
SAVED = {"index.html": PAGE, "a/b.html": b"b" * 5000}


def items(**lies: object) -> Iterable[Item]:
    return [Item(name.encode(), content, **lies) for name, content in SAVED.items()]  # type: ignore[arg-type]  # fields by name


ODD = {
    "plain": zip_of(items()),
    "stored": zip_of(items(method=0)),
    "comment": zip_of(items(), comment=b"made with care"),
    "comment with a signature": zip_of(items(), comment=b"PK\5\6 is how it ends"),
    "prefixed": zip_of(items(), prefix=b"#!/bin/sh\nexit\n"),
    "prefixed, offsets adjusted": zip_of(items(), prefix=b"MZ" + bytes(3000), adjusted=True),
    "spanning marker": zip_of(items(), prefix=b"PK00"),
    "ZIP64 end": zip_of(items(), zip64_end=True),
    "ZIP64 end, prefixed": zip_of(items(), zip64_end=True, prefix=b"MZ" + bytes(3000)),
    "descriptor with signature": zip_of(items(descriptor="s3L")),
    "descriptor without signature": zip_of(items(descriptor="3L")),
    "ZIP64 descriptor with signature": zip_of(items(descriptor="sL2Q")),
    "ZIP64 descriptor without signature": zip_of(items(descriptor="L2Q")),
    "descriptor, header filled in": zip_of(
        Item(name.encode(), content, descriptor="s3L", local={"crc": zlib.crc32(content), "size": len(content)})
        for name, content in SAVED.items()
    ),
    "descriptor, sizes left to ZIP64": zip_of(
        items(descriptor="sL2Q", local={"size": FULL32, "packed": FULL32}, local_extra=zip64_extra(0, 0))
    ),
    "ZIP64 sizes": zip_of(
        Item(
            name.encode(),
            content,
            0,
            central={"size": FULL32, "packed": FULL32},
            local={"size": FULL32, "packed": FULL32},
            extra=zip64_extra(len(content), len(content)),
            local_extra=zip64_extra(len(content), len(content)),
        )
        for name, content in SAVED.items()
    ),
    "ZIP64 size only": zip_of(
        Item(
            name.encode(),
            content,
            0,
            central={"size": FULL32},
            local={"size": FULL32},
            extra=zip64_extra(len(content)),
            local_extra=zip64_extra(len(content)),
        )
        for name, content in SAVED.items()
    ),
    "padding in extra fields": zip_of(items(extra=b"\0\0\0", local_extra=b"\0\0\0")),
    "gap before the directory": zip_of(items(), before_directory=b"left by a deleted entry"),
    "other compression level flags": zip_of(items(local={"flags": UTF8 | 2})),
    "folders": zip_of([Item(b"a/", b"", 0), *items()]),
    "folder without a slash": zip_of([Item(b"b", b"", 0, attributes=0o40755 << 16), *items()]),
    "deflated folder": zip_of([Item(b"a/", b"", attributes=0x10, system=0), *items()]),
    "windows": zip_of([INDEX, Item(b"a\\b.html", b"b" * 5000, system=0), Item(b"a\\", b"", 0, system=0)]),
    "windows, NTFS": zip_of([INDEX, Item(b".\\a\\b.html", b"b" * 5000, system=10, attributes=0x20)]),
    "dots": zip_of([Item(b"./index.html"), Item(b"a//./b.html", b"b" * 5000)]),
}  # fmt: skip


# It leaves a backslash in the name, and makes files of folders it does not recognise.
NOT_FOR_UNZIP = {"windows", "windows, NTFS", "deflated folder", "folder without a slash"}


@pytest.mark.parametrize("dress", ODD)
def test_odd_dress_is_taken(opener: Opener, dress: str) -> None:
    assert opener(ODD[dress]).files == SAVED


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
@pytest.mark.parametrize("dress", [dress for dress in ODD if dress not in NOT_FOR_UNZIP])
def test_odd_dress_unpacks_as_unzip_does(opener: Opener, tmp_path: Path, dress: str) -> None:
    (tmp_path / "odd.zip").write_bytes(ODD[dress])

    subprocess.run(["unzip", "-q", "-o", "odd.zip", "-d", "out"], cwd=tmp_path, check=False, capture_output=True)

    assert opener(ODD[dress]).files == contents_of(tmp_path / "out")


@pytest.mark.skipif(shutil.which("zip") is None, reason="zip is not installed")
@pytest.mark.parametrize("switches", ["-r", "-r0", "-rD", "-r9X", "-rfz"])
def test_folder_packed_by_zip_comes_out_the_same(opener: Opener, tmp_path: Path, switches: str) -> None:
    site = write_site(tmp_path / "site")

    subprocess.run(["zip", "-q", switches, "../site.zip", "."], cwd=site, check=True)

    assert opener((tmp_path / "site.zip").read_bytes()).files == contents_of(site)


@pytest.mark.skipif(shutil.which("zip") is None, reason="zip is not installed")
def test_archive_streamed_by_zip_is_taken(opener: Opener, tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")

    streamed = subprocess.run(["zip", "-q", "-r", "-", "."], cwd=site, check=True, stdout=subprocess.PIPE).stdout

    assert opener(streamed).files == contents_of(site)


def test_archive_streamed_by_zipfile_is_taken(opener: Opener) -> None:
    class OneWay(io.RawIOBase):
        def __init__(self) -> None:
            self.written = b""

        def writable(self) -> bool:
            return True

        def write(self, content: object) -> int:
            self.written += bytes(content)  # type: ignore[call-overload]  # whatever buffer zipfile gives
            return len(content)  # type: ignore[arg-type]  # likewise

    pipe = OneWay()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", PAGE)
        archive.writestr("noise", NOISE)

    assert opener(pipe.written).files == {"index.html": PAGE, "noise": NOISE}


@pytest.mark.parametrize("method", [0, 8])
@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("descriptor", [None, "s3L"])
def test_large_file_comes_out_the_same(opener: Opener, method: int, content: bytes, descriptor: str | None) -> None:
    upload = zip_of([INDEX, Item(b"large", content, method, descriptor=descriptor)])

    assert opener(upload).files["large"] == content


@pytest.mark.parametrize(
    ("lies", "code"),
    [
        ({"local": {"crc": 1}, "central": {"crc": 1}}, "damaged"),
        ({"local": {"size": 2_000_000}, "central": {"size": 2_000_000}}, "damaged"),
        ({"local": {"size": 1_200_000}, "central": {"size": 1_200_000}}, "damaged"),
        ({"local": {"flags": UTF8 | 0x10}}, "headers_disagree"),
        ({"data": Item(b"", NOISE).packed + b"more"}, "damaged"),
        ({"data": Item(b"", NOISE).packed + bytes(600_000)}, "damaged"),
        ({"data": Item(b"", NOISE).packed[:-5]}, "damaged"),
        ({"data": b"\0\1\0\xfe\xff?" + b"\xff" * 1_400_000}, "damaged"),
        ({"descriptor": "s3L", "descriptor_numbers": (1, 2, 3)}, "headers_disagree"),
    ],
)  # fmt: skip
def test_large_file_is_checked_like_a_small_one(opener: Opener, lies: dict[str, object], code: str) -> None:
    upload = zip_of([INDEX, Item(b"large", NOISE, **lies)])  # type: ignore[arg-type]  # fields by name

    assert opener.refusal(upload).code == code


def test_first_error_ends_the_other_thread_too(opener: Opener) -> None:
    wrong: dict[str, int | bytes] = {"crc": 1}
    before, *behind = [Item(b"large%d" % number, NOISE * 8, 0) for number in range(4)]

    error = opener.refusal(zip_of([before, Item(b"wrong", local=wrong, central=wrong), *behind]))

    assert "“wrong”" in error.detail


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (Item("é.html".encode()), "é.html"),
        (Item("e\u0301.html".encode()), "é.html"),
        (Item("é.html".encode("cp437"), flags=0, system=0), "é.html"),
        (Item("é.html".encode("cp437"), flags=0, system=3), "é.html"),
        (Item("日本.html".encode(), flags=0, system=3), "日本.html"),
        (Item("日本.html".encode(), flags=0, system=0), "日本.html"),
        (Item("Relação Ø.html".encode("cp850"), flags=0, system=0), "Relação Ø.html"),
        (Item(b"\x82\x82.html", flags=0, extra=unicode_path(b"\x82\x82.html", "日本.html")), "日本.html"),
        (Item(b"\x82\x82.html", flags=0, extra=unicode_path(b"\x82\x82.html", "日本.html", crc=1)), "éé.html"),
        (Item("“quoted” & 100%.html".encode()), "“quoted” & 100%.html"),
        (Item(b"File:Foo ~$@!.html"), "File:Foo ~$@!.html"),
        (Item(b"console/common.html"), "console/common.html"),
        (Item(b"a..b/c...html"), "a..b/c...html"),
        (Item("…and more.html".encode()), "…and more.html"),
    ],
)
def test_names_are_read_in_their_encoding(opener: Opener, item: Item, name: str) -> None:
    assert opener(zip_of([INDEX, item])).files.keys() == {"index.html", name}


@pytest.mark.parametrize("encoding", ["cp866", "shift_jis", "gbk", "cp1252"])
def test_names_of_which_nobody_can_tell_the_encoding_are_reported(opener: Opener, encoding: str) -> None:
    names = {"cp866": "Москва", "shift_jis": "日本語", "gbk": "中文", "cp1252": "für"}
    item = Item(f"{names[encoding]}.html".encode(encoding), flags=0, system=0)

    note = opener(zip_of([INDEX, item])).notes["garbled_name"]

    assert (note.path, note.count) == (item.name.decode("cp437"), 1)


def test_unicode_path_is_no_way_round_the_rules(opener: Opener) -> None:
    item = Item(b"\x82.html", flags=0, extra=unicode_path(b"\x82.html", "../x.html"))

    assert opener.refusal(zip_of([INDEX, item])).code == "unsafe_path"


def test_progress_is_reported_towards_the_unpacked_size(opener: Opener) -> None:
    opened = opener(zip_of(items()))

    total = sum(map(len, SAVED.values()))
    assert opened.unpacking[-1] == (total, total)
    assert all(done <= total for done, _ in opened.unpacking)


def test_what_is_unpacked_is_then_checked(opener: Opener) -> None:
    opened = opener(zip_of(items()))

    assert opened.progress[-2:] == [("check", 0, len(SAVED)), ("check", len(SAVED), len(SAVED))]


def write_site(folder: Path) -> Path:
    for path, content in {**SAVED, "empty": b"", "ünï/noise.bin": NOISE}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def contents_of(folder: Path) -> dict[str, bytes]:
    return {
        os.path.relpath(Path(top, name), folder): Path(top, name).read_bytes()
        for top, _, names in os.walk(folder)
        for name in names
    }

"""Tars of every ordinary dialect and compression come out as tar unpacks them."""

import bz2
import gzip
import io
import os
import random
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import zstandard

from builds.streams import Stream, inflate_gzip, inflate_zstd
from tests.builds.opening import Opener
from tests.zoo import PAGE, pax, tar_entry, tar_of

NOISE = random.Random(3).randbytes(1_500_000)
LONG = "a/" * 40 + "b" * 90 + ".html"
SITE = {
    "index.html": b"<p>hello</p>",
    "ünï/é.html": b"u",
    LONG: b"long",
    "empty": b"",
    "noise": NOISE,
    "block": bytes(512),
}
ZSTD_LEVELS = {"fast": 1, "usual": 3, "slow": 19}


def packed(dialect: int) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=dialect) as archive:
        folder = tarfile.TarInfo("ünï")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for path, content in SITE.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


@pytest.mark.parametrize("dialect", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_dialect_is_taken(opener: Opener, dialect: int) -> None:
    assert opener(packed(dialect)).files == SITE


@pytest.mark.parametrize("level", [1, 9])
def test_gzip_is_taken(opener: Opener, level: int) -> None:
    assert opener(gzip.compress(packed(tarfile.PAX_FORMAT), level)).files == SITE


@pytest.mark.parametrize("level", ZSTD_LEVELS)
@pytest.mark.parametrize("checksum", [True, False])
def test_zstd_is_taken(opener: Opener, level: str, checksum: bool) -> None:
    compressor = zstandard.ZstdCompressor(ZSTD_LEVELS[level], write_checksum=checksum)

    assert opener(compressor.compress(packed(tarfile.PAX_FORMAT))).files == SITE


def test_members_and_frames_follow_one_another(opener: Opener) -> None:
    whole = packed(tarfile.PAX_FORMAT)
    halves = whole[:700_000], whole[700_000:]
    skippable = b"\x52\x2a\x4d\x18\x04\0\0\0skip"

    members = b"".join(gzip.compress(half) + bytes(30) for half in halves)
    frames = skippable + b"".join(zstandard.compress(half) + skippable for half in halves)

    assert opener(members).files == SITE
    assert opener(frames).files == SITE


@pytest.mark.skipif(shutil.which("tar") is None, reason="tar is not installed")
@pytest.mark.parametrize("switches", ["--format=gnu", "--format=ustar", "--format=pax", "--format=v7", "-z", "--zstd"])
def test_folder_packed_by_tar_comes_out_the_same(opener: Opener, tmp_path: Path, switches: str) -> None:
    if switches == "--zstd" and shutil.which("zstd") is None:
        pytest.skip("zstd is not installed")
    site = {path: content for path, content in SITE.items() if len(path) < 90}
    for path, content in site.items():
        (tmp_path / "site" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / path).write_bytes(content)

    subprocess.run(["tar", "-c", switches, "-f", "../site.tar", "."], cwd=tmp_path / "site", check=True)

    assert opener((tmp_path / "site.tar").read_bytes()).files == site


@pytest.mark.parametrize(
    "upload",
    [
        tar_of(PAGE, end=bytes(512)),
        tar_of(PAGE, end=bytes(10240)),
        tar_of(tar_entry(b"index.html", kind=b"\0")),
        tar_of(tar_entry(b"index.html", kind=b"7")),
        tar_of(tar_entry(b"index.html", magic=b"ustar  \0", prefix=b"not a prefix to GNU")),
        tar_of(tar_entry(b"index.html", written_size=b"\x80" + bytes(10) + b"\x0c")),
        tar_of(tar_entry(b"index.html", written_size=b"         14 ")),
        tar_of(tar_entry(b"label", b"", b"V"), PAGE),
        tar_of(pax([(b"comment", b"0123456789abcdef")], b"g"), PAGE),
        tar_of(pax([(b"path", b"index.html"), (b"mtime", b"1.5")]), tar_entry(b"other")),
        tar_of(pax([(b"size", b"12")]), tar_entry(b"index.html", written_size=b"00000000000\0")),
        tar_of(tar_entry(b"l", b"index.html\0", b"L"), tar_entry(b"index.ht")),
        tar_of(tar_entry(b"css/", b"", b"0"), tar_entry(b"js", b"", b"5", written_size=b"\0" * 12), PAGE),
    ],
)
def test_odd_dress_is_taken(opener: Opener, upload: bytes) -> None:
    assert opener(upload).files == {"index.html": b"<p>hello</p>"}


def test_prefix_of_ustar_is_part_of_the_name(opener: Opener) -> None:
    assert "a/b/c.html" in opener(tar_of(PAGE, tar_entry(b"c.html", prefix=b"a/b"))).files


def test_signed_checksum_of_old_writers_is_taken(opener: Opener) -> None:
    entry = bytearray(tar_entry("é.html".encode()))
    entry[148:156] = b"%06o\0 " % (sum(entry[:148]) + 8 * 32 + sum(entry[156:512]) - 2 * 256)

    assert "é.html" in opener(tar_of(PAGE, bytes(entry))).files


def test_what_is_said_of_one_entry_is_not_said_of_the_next(opener: Opener) -> None:
    upload = tar_of(pax([(b"path", b"one.html")]), PAGE, PAGE)

    assert opener(upload).files.keys() == {"one.html", "index.html"}


def test_junk_is_read_over(opener: Opener) -> None:
    upload = tar_of(tar_entry(b"._index.html", NOISE), PAGE, tar_entry(b"node_modules/x.js", NOISE))

    opened = opener(gzip.compress(upload))

    assert opened.files == {"index.html": b"<p>hello</p>"}
    assert opened.unpacking[-1][0] == opened.unpacking[-1][1]


def test_other_compressions_are_refused(opener: Opener) -> None:
    assert opener.refusal(bz2.compress(packed(tarfile.PAX_FORMAT))).code == "unknown_format"


def test_zstd_that_needs_too_much_memory_is_refused(opener: Opener) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    upload = compressor.compress(tar_of(PAGE)) + compressor.flush()

    assert opener.refusal(upload).code == "unsupported_method"


def test_zstd_cut_short_or_altered_is_refused_wherever(opener: Opener) -> None:
    upload = zstandard.ZstdCompressor(write_checksum=True).compress(tar_of(PAGE, tar_entry(b"x", os.urandom(500))))

    for cut in range(4, len(upload), 7):
        assert opener.refusal(upload[:cut]).code in {"damaged", "unknown_format"}
    assert opener.refusal(upload[:-1]).code == "damaged"
    assert opener.refusal(upload[:-1] + bytes([upload[-1] ^ 1])).code == "damaged"
    assert opener.refusal(upload + b"more").code == "damaged"


@pytest.mark.parametrize("size", [1, 511, 4096, 1_000_000])
def test_streams_inflate_whatever_the_pieces(size: int) -> None:
    content = NOISE[:10_000] + bytes(5_000_000)
    for compress, inflate in ((gzip.compress, inflate_gzip), (zstandard.compress, inflate_zstd)):
        whole = compress(content)

        pieces = (whole[at : at + size] for at in range(0, len(whole), size))

        assert b"".join(inflate(pieces)) == content


def test_stream_gives_portions_of_any_size() -> None:
    stream = Stream([b"ab", b"", b"cdefg", b"h"])

    assert stream.take(3) == b"abc"
    assert stream.peek(2) == b"de"
    assert b"".join(stream.portions(3)) == b"def"
    assert list(stream.rest()) == [b"gh"]
    assert stream.peek(1) == b""

"""From what is on disk to the bytes that are sent."""

import io
import os
import tarfile
import tempfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from python_multipart.multipart import MultipartParser

from appliance.cli.output import Failure
from appliance.cli.packing import CHUNK, Parcel, content, parcel

NAMES = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/\\"), min_size=1, max_size=60
).filter(lambda name: not name.startswith(".") and name not in {"node_modules", "__MACOSX", "Thumbs.db", "desktop.ini"})
TREES = st.dictionaries(
    st.lists(NAMES.filter(lambda name: len(name.encode()) < 200), min_size=1, max_size=4).map("/".join),
    st.binary(max_size=3000),
    min_size=1,
    max_size=12,
)


def sent(packed: Parcel) -> bytes:
    return b"".join(packed.chunks(lambda _: None))


def unpacked(packed: bytes) -> dict[str, bytes]:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)) as plain:
        archive = tarfile.open(fileobj=io.BytesIO(plain.read()))  # noqa: SIM115 - nothing to close but memory
    return {member.name: archive.extractfile(member).read() for member in archive.getmembers()}  # type: ignore[union-attr]  # all are files


def written(root: Path, tree: dict[str, bytes]) -> dict[str, bytes]:
    """Write what can be written of a tree (a path cannot be both file and folder) and return that."""
    kept = {}
    for name, data in tree.items():
        try:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue
        kept[name] = data
    return kept


@settings(max_examples=60, deadline=None)
@given(tree=TREES)
def test_any_folder_comes_out_of_its_tar_as_it_was(tree: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = written(Path(folder), tree)
        packed = parcel(Path(folder))

        assert unpacked(sent(packed)) == kept
        assert packed.size == sum(len(data) for data in kept.values())


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for copy, time in (("a", 1_000_000), ("b", 2_000_000)):
        written(tmp_path / copy, {"index.html": b"hello", "x/é.css": b"a{}"})
        os.utime(tmp_path / copy / "index.html", (time, time))

    assert sent(parcel(tmp_path / "a")) == sent(parcel(tmp_path / "b"))


def test_what_is_read_is_counted(tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(bytes(CHUNK + 5))
    counted: list[int] = []

    list(parcel(tmp_path).chunks(counted.append))

    assert counted == [CHUNK, 5]


def test_a_folder_with_nothing_in_it_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SECRET=1")

    with pytest.raises(Failure, match="nothing to deploy"):
        parcel(tmp_path)


@pytest.mark.parametrize("change", [b"longer than before", b"s"])
def test_a_file_that_changes_its_size_is_an_error_that_names_it(tmp_path: Path, change: bytes) -> None:
    (tmp_path / "index.html").write_bytes(b"measured")
    packed = parcel(tmp_path)
    (tmp_path / "index.html").write_bytes(change)

    with pytest.raises(Failure, match=r"index\.html changed while it was read"):
        sent(packed)


def test_a_file_is_read_in_pieces(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(bytes(3 * CHUNK + 1))

    pieces = [len(chunk) for chunk in content(file, 3 * CHUNK + 1, lambda _: None)]

    assert pieces == [CHUNK, CHUNK, CHUNK, 1]


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("site.zip", "application/zip"),
        ("SITE.ZIP", "application/zip"),
        ("site.tar", "application/x-tar"),
        ("site.tar.gz", "application/gzip"),
        ("site.tgz", "application/gzip"),
        ("site.v1.tar.zst", "application/zstd"),
    ],
)
def test_an_archive_is_sent_as_it_is(tmp_path: Path, name: str, media_type: str) -> None:
    (tmp_path / name).write_bytes(b"whatever it holds")

    packed = parcel(tmp_path / name)

    assert packed.headers == {"Content-Type": media_type, "Content-Length": "17"}
    assert sent(packed) == b"whatever it holds"


@pytest.mark.parametrize(
    ("name", "written_as"),
    [("index.html", b"index.html"), ('sa"y\n.html', b"sa%22y%0A.html"), ("é.html", "é.html".encode())],
)
def test_a_single_file_is_sent_as_a_form_with_its_name(tmp_path: Path, name: str, written_as: bytes) -> None:
    (tmp_path / name).write_bytes(b"<p>--\r\n--hello")

    packed = parcel(tmp_path / name)
    body = sent(packed)

    assert packed.headers["Content-Length"] == str(len(body))
    assert _part(packed, body) == (b'form-data; name="file"; filename="' + written_as + b'"', b"<p>--\r\n--hello")


def test_an_empty_file_is_sent_too(tmp_path: Path) -> None:
    (tmp_path / "empty.html").touch()

    packed = parcel(tmp_path / "empty.html")

    assert _part(packed, sent(packed))[1] == b""


def test_a_single_file_needs_a_name_in_utf8(tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.html"))
    file.write_text("x")

    with pytest.raises(Failure, match="not valid UTF-8"):
        parcel(file)


def _part(packed: Parcel, body: bytes) -> tuple[bytes, bytes]:
    """The disposition and content of a form's only part, as a parser of somebody else's sees them."""
    headers: list[bytes] = []
    data: list[bytes] = []
    boundary = packed.headers["Content-Type"].partition("boundary=")[2]
    parser = MultipartParser(
        boundary.encode(),
        {
            "on_header_value": lambda text, start, end: headers.append(text[start:end]),
            "on_part_data": lambda text, start, end: data.append(text[start:end]),
        },
    )
    parser.write(body)
    parser.finalize()
    return headers[0], b"".join(data)

"""Whatever is uploaded either comes out the same or is refused; nothing else ever happens."""

import gzip
import io
import tarfile
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builds.errors import BuildError
from builds.names import safe_path
from builds.values import Limits
from tests.builds.opening import Opener
from tests.zoo import Item, file_part, form, pax, tar_entry, tar_of, zip_of

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
# Letters, digits and a few signs in several scripts; no name is junk or a device, which other tests are about.
SEGMENT = st.text("bdefghijkmqrstuvwxyz0123456789-_ é日ß", min_size=1, max_size=12).map(lambda text: f"s{text}e")
TREE = st.dictionaries(
    st.lists(SEGMENT, min_size=1, max_size=4).map("/".join), st.binary(max_size=3000), min_size=1, max_size=12
)
LIMITS = Limits(unpacked_size=5_000_000, file_size=1_000_000, entries=100)
SITE = {"index.html": b"<p>hello</p>" * 20, "a/b.css": b"p{}", "a/c.js": bytes(range(256)) * 8}


def fits(tree: dict[str, bytes]) -> bool:
    """Whether the tree is one that file systems can hold."""
    folded = [path.casefold() for path in tree]
    folders = {"/".join(path.split("/")[:depth]) for path in tree for depth in range(1, path.count("/") + 1)}
    return len(set(folded)) == len(folded) and not folders & tree.keys()


def whole(tree: dict[str, bytes]) -> dict[str, bytes]:
    """With an index and a second top, so that nothing is renamed or stepped into."""
    return {**tree, "index.html": b"index", "other/x": b"x"}


def opened(upload: bytes, limits: Limits | None = None) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return Opener(Path(folder))(upload, limits=limits).files


@QUICK
@given(TREE.filter(fits), st.sampled_from([0, 8]), st.booleans(), st.sampled_from([0, 3]))
def test_any_tree_packed_by_zipfile_comes_out_the_same(
    tree: dict[str, bytes], method: int, large: bool, system: int
) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path, content in whole(tree).items():
            entry = zipfile.ZipInfo(path)
            entry.compress_type, entry.create_system = method, system
            with archive.open(entry, "w", force_zip64=large) as writer:
                writer.write(content)

    assert opened(file.getvalue()) == whole(tree)


@QUICK
@given(
    TREE.filter(fits),
    st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.sampled_from([bytes, gzip.compress, zstandard.compress]),
)
def test_any_tree_packed_by_tarfile_comes_out_the_same(tree: dict[str, bytes], dialect: int, compress: object) -> None:
    assert callable(compress)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=dialect) as archive:
        for path, content in whole(tree).items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))

    assert opened(compress(file.getvalue())) == whole(tree)


@QUICK
@given(TREE.filter(fits))
def test_any_tree_sent_as_a_form_comes_out_the_same(tree: dict[str, bytes]) -> None:
    upload = form(*(file_part(path, content) for path, content in whole(tree).items()))

    assert opened(upload) == whole(tree)


VALID = [
    zip_of(Item(path.encode(), content, 8 * (n % 2)) for n, (path, content) in enumerate(SITE.items())),
    zip_of((Item(path.encode(), content, descriptor="s3L") for path, content in SITE.items()), zip64_end=True),
    tar_of(pax([(b"mtime", b"1.5")]), *(tar_entry(path.encode(), content) for path, content in SITE.items())),
    form(*(file_part(path, content) for path, content in SITE.items())),
]
VALID += [gzip.compress(VALID[2]), zstandard.ZstdCompressor(write_checksum=True).compress(VALID[2])]

WITHOUT_CHECKSUM = VALID[2:4]  # what stands in these cannot be told from what stood there

CHANGE = st.one_of(
    st.tuples(st.just("flip"), st.floats(0, 1), st.integers(1, 255)),
    st.tuples(st.just("cut"), st.floats(0, 1), st.just(0)),
    st.tuples(st.just("drop"), st.floats(0, 1), st.integers(1, 64)),
    st.tuples(st.just("repeat"), st.floats(0, 1), st.integers(1, 64)),
    st.tuples(st.just("fill"), st.floats(0, 1), st.integers(0, 255)),
)


def changed(upload: bytes, change: tuple[str, float, int]) -> bytes:
    kind, place, count = change
    at = min(int(place * len(upload)), len(upload) - 1)
    if kind == "flip":
        return upload[:at] + bytes([upload[at] ^ count]) + upload[at + 1 :]
    if kind == "cut":
        return upload[:at]
    if kind == "drop":
        return upload[:at] + upload[at + count :]
    if kind == "repeat":
        return upload[: at + count] + upload[at:]
    return upload[:at] + bytes([count]) * 8 + upload[at + 8 :]


ALTERED = st.sampled_from(VALID), st.lists(CHANGE, min_size=1, max_size=3)


@settings(QUICK, max_examples=1200)
@given(*ALTERED)
def test_altered_archive_is_refused_or_unpacked_never_anything_else(
    upload: bytes, changes: list[tuple[str, float, int]]
) -> None:
    unpack_altered(upload, changes)


@pytest.mark.long
@settings(QUICK, max_examples=20_000)
@given(*ALTERED)
def test_altered_archives_at_length(upload: bytes, changes: list[tuple[str, float, int]]) -> None:
    unpack_altered(upload, changes)


def unpack_altered(upload: bytes, changes: list[tuple[str, float, int]]) -> None:
    altered = upload
    for change in changes:
        altered = changed(altered, change) or b"?"
    began = time.process_time()

    with suppress(BuildError):
        files = opened(altered, LIMITS)
        assert all(safe_path(path) == path for path in files)
        assert upload in WITHOUT_CHECKSUM or set(files.values()) <= set(SITE.values())
    assert time.process_time() - began < 5


@QUICK
@given(
    st.sampled_from([b"", b"PK\3\4", b"PK\5\6", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"--b\r\n"]),
    st.binary(max_size=2000),
)
def test_noise_is_refused(magic: bytes, noise: bytes) -> None:
    with pytest.raises(BuildError):
        opened(magic + noise, LIMITS)


@settings(QUICK, max_examples=500)
@given(st.text(max_size=40))
def test_any_name_is_safe_or_refused(name: str) -> None:
    with suppress(BuildError):
        path = safe_path(name)

        assert safe_path(path) == path
        assert not path.startswith("/")
        assert ".." not in path.split("/")
        assert "\\" not in path

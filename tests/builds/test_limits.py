"""Every bound is held in actual bytes, and its refusal names the setting and its value."""

import gzip
import random
import tracemalloc
from dataclasses import replace

import pytest
import zstandard

from builds.bounds import written
from builds.values import Limits
from tests.builds.opening import Opener
from tests.probes import SIZES_TOLD
from tests.zoo import INDEX, PAGE, Item, file_part, form, lying_size, pax, tar_entry, tar_of, zip_of

NOISE = random.Random(1).randbytes(300_000)
LARGE_NOISE = NOISE * 8  # more than is held in one piece

CASES = [
    ("entries", Limits(entries=3), "too_many_entries", "3"),
    ("unpacked_size", Limits(unpacked_size=500_000), "unpacked_too_large", "500KB"),
    ("file_size", Limits(file_size=250_000), "file_too_large", "250KB"),
]
BUILDERS = {
    "zip": lambda: zip_of(Item(b"f%d" % number, NOISE) for number in range(4)),
    "tar": lambda: tar_of(*(tar_entry(b"f%d" % number, NOISE) for number in range(4))),
    "form": lambda: form(*(file_part(f"f{number}", NOISE) for number in range(4))),
}


@pytest.mark.parametrize("kind", BUILDERS)
@pytest.mark.parametrize(("setting", "limits", "code", "value"), CASES)
def test_limit_is_named_with_its_value(
    opener: Opener, kind: str, setting: str, limits: Limits, code: str, value: str
) -> None:
    error = opener.refusal(BUILDERS[kind](), limits=limits)

    assert (error.code, error.limit) == (code, (setting, value))
    assert f"{setting} = {value}" in error.detail


@pytest.mark.parametrize("kind", BUILDERS)
def test_upload_that_just_fits_is_taken(opener: Opener, kind: str) -> None:
    limits = Limits(entries=4, unpacked_size=4 * len(NOISE), file_size=len(NOISE), path_length=16)

    assert len(opener(BUILDERS[kind](), limits=limits).files) == 4


@pytest.mark.parametrize("kind", ["zip", "tar", "form"])
def test_large_file_is_counted_while_it_comes(opener: Opener, kind: str) -> None:
    build = {
        "zip": zip_of([Item(b"f", LARGE_NOISE)]),
        "tar": tar_of(tar_entry(b"f", LARGE_NOISE)),
        "form": form(file_part("f", LARGE_NOISE)),
    }[kind]

    assert opener.refusal(build, limits=Limits(file_size=2_000_000)).limit == ("file_size", "2MB")
    assert opener.refusal(build, limits=Limits(unpacked_size=2_000_000)).limit == ("unpacked_size", "2MB")


@pytest.mark.parametrize(
    ("path", "code", "limit"),
    [
        (b"x" * 101, "path_too_long", ("path_length", "100")),
        ("é".encode() * 51, "path_too_long", ("path_length", "100")),
        (b"./" * 300 + b"x", "path_too_long", ("path_length", "100")),
        (b"a/" * 6 + b"x", "path_too_deep", ("path_depth", "5")),
    ],
)
def test_paths_are_bounded_in_length_and_depth(opener: Opener, path: bytes, code: str, limit: tuple[str, str]) -> None:
    error = opener.refusal(zip_of([INDEX, Item(path)]), limits=Limits(path_length=100, path_depth=5))

    assert (error.code, error.limit) == (code, limit)


def test_path_that_just_fits_is_taken(opener: Opener) -> None:
    path = "é" * 45 + "/a" * 5

    opened = opener(zip_of([INDEX, Item(path.encode())]), limits=Limits(path_length=100, path_depth=5))

    assert path in opened.files


def test_entries_of_every_kind_count(opener: Opener) -> None:
    limits = Limits(entries=3)

    folders = zip_of([INDEX, *(Item(b"%d/" % number, b"") for number in range(3))])
    junk = tar_of(PAGE, *(tar_entry(b".git/%d" % number) for number in range(3)))
    fields = form(file_part("index.html"), *((f'name="f{number}"', b"") for number in range(3)))

    assert opener.refusal(folders, limits=limits).code == "too_many_entries"
    assert opener.refusal(junk, limits=limits).code == "too_many_entries"
    assert opener.refusal(fields, limits=limits).code == "too_many_entries"


@pytest.mark.parametrize("told", SIZES_TOLD)
def test_declared_size_does_not_loosen_a_bound(opener: Opener, told: int) -> None:
    upload = lying_size(told)
    tracemalloc.start()

    error = opener.refusal(upload)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.code == "damaged"
    assert peak < 3_000_000


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_compressed_bomb_is_refused_by_ratio(opener: Opener, compress: object) -> None:
    assert callable(compress)
    bomb = compress(tar_of(tar_entry(b"x", bytes(30_000_000))))

    error = opener.refusal(bomb)

    assert (error.code, error.limit) == ("ratio_too_high", ("ratio", "200"))


@pytest.mark.parametrize("around", ["headers", "zeros behind the end"])
def test_what_a_tar_has_around_its_files_counts_as_well(opener: Opener, around: str) -> None:
    headers = pax([(b"comment", b"x" * 900_000)]) * 5 if around == "headers" else b""
    behind = bytes(1024 if headers else 5_000_000)
    limits = Limits(entries=10, unpacked_size=4_000_000)

    error = opener.refusal(zstandard.compress(tar_of(headers + PAGE, end=behind)), limits=limits)

    assert (error.code, error.limit) == ("unpacked_too_large", ("unpacked_size", "4MB"))


def test_ratio_is_not_looked_at_below_its_threshold(opener: Opener) -> None:
    page = bytes(9_000_000)

    assert opener(zip_of([Item(b"index.html", page)])).files == {"index.html": page}
    assert opener(gzip.compress(tar_of(tar_entry(b"index.html", page)))).files == {"index.html": page}


def test_memory_stays_bounded_for_a_large_upload(opener: Opener) -> None:
    parts = [(b"f%02d" % number, NOISE * 30 + b"%d" % number) for number in range(3)]
    parts += [(b"g%02d" % number, NOISE + b"%d" % number) for number in range(60)]
    uploads = [
        zip_of(Item(name, content, method=0) for name, content in parts),
        gzip.compress(tar_of(*(tar_entry(name, content) for name, content in parts)), 1),
        form(*(file_part(name.decode(), content) for name, content in parts)),
    ]
    for upload in uploads:
        tracemalloc.start()

        opener.refusal(upload, limits=replace(Limits(), unpacked_size=44_000_000))

        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 25_000_000


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (2_000_000_000, "2GB"), (200_000_000, "200MB"), (1500, "1500B"), (1_500_000, "1500KB"), (0, "0B"),
        (512 * 2**20, "512MiB"), (2**30, "1GiB"), (1, "1B"), (3 * 10**12, "3TB"),
    ],
)  # fmt: skip
def test_sizes_read_as_in_the_settings(size: int, text: str) -> None:
    assert written(size) == text

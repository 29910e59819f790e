"""What a build left is taken in like any upload: no link leads out, nothing is waited for, everything has its limit."""

import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from appliance.storage.blobs import Blobs
from builds.collect import collect
from builds.errors import BuildError
from builds.folders import remove
from builds.units import MB
from builds.values import Limits, Unpacked
from tests.builds.workbench import write

KB = 1_000
SECRET = "of somebody else"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A project that was built, beside something that is none of its business."""
    (tmp_path / "secret.key").write_text(SECRET)
    return write(tmp_path / "source", {"public/index.html": "built", "public/about/index.html": "built too"})


def taken(source: Path, limits: Limits | None = None) -> tuple[Unpacked, dict[str, bytes]]:
    """What is collected of `public/`, with its content."""
    staging = Blobs(source.parent / "blobs").stage(source.parent / "work")
    try:
        found = collect(source, source / "public", limits or Limits(), staging)
        return found, {file.path: staging.read(file.sha256) for file in found.files}
    finally:
        staging.discard()


def refusal(source: Path, limits: Limits | None = None) -> BuildError:
    with pytest.raises(BuildError) as refused:
        taken(source, limits)
    return refused.value


def test_every_file_of_the_output_is_taken(source: Path) -> None:
    found, files = taken(source)

    assert files == {"index.html": b"built", "about/index.html": b"built too"}
    assert found.notes == ()


def test_what_generators_note_for_themselves_is_left_out_without_a_word(source: Path) -> None:
    write(source / "public", {".nojekyll": "", ".buildinfo": "x", ".doctrees/index.doctree": "x"})

    found, files = taken(source)

    assert sorted(files) == ["about/index.html", "index.html"]
    assert found.notes == ()


def test_other_dot_files_of_the_output_are_left_out_and_told(source: Path) -> None:
    write(source / "public", {".env": "SECRET=1"})

    found, files = taken(source)

    assert sorted(files) == ["about/index.html", "index.html"]
    assert [note.code for note in found.notes] == ["left_out"]


@pytest.mark.parametrize("target", ["../../secret.key", "../..", "index.html", "about", "nowhere", "/etc", "/dev/zero"])
def test_a_link_is_left_out_wherever_it_leads(source: Path, target: str) -> None:
    (source / "public" / "link").symlink_to(target)

    found, files = taken(source)

    assert sorted(files) == ["about/index.html", "index.html"]
    assert [(note.code, note.path) for note in found.notes] == [("link_left_out", "link")]


def test_a_folder_that_becomes_a_link_on_the_way_is_not_followed(source: Path) -> None:
    folder = source / "public" / "about"
    (source / "public").rename(source / "elsewhere")
    (source / "public").symlink_to(source / "elsewhere")

    with pytest.raises(BuildError, match="cannot be read"):
        collect(source, folder, Limits(), Blobs(source.parent / "blobs").stage(source.parent / "work"))


def test_a_file_with_two_names_is_two_files(source: Path) -> None:
    (source / "public" / "again.html").hardlink_to(source / "public" / "index.html")

    assert taken(source)[1]["again.html"] == b"built"


def test_what_is_no_file_is_neither_opened_nor_waited_for(source: Path) -> None:
    os.mkfifo(source / "public" / "pipe")
    os.mkfifo(source / "public" / "about" / "pipe")

    found, files = taken(source)

    assert sorted(files) == ["about/index.html", "index.html"]
    assert [(note.path, note.count) for note in found.notes] == [("about/pipe", 2)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device, and only then could a build")
def test_a_device_is_left_out(source: Path) -> None:
    try:
        os.mknod(source / "public" / "zero", 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this system lets nobody make one")

    assert sorted(taken(source)[1]) == ["about/index.html", "index.html"]


def test_folders_nested_too_deep_are_refused_though_they_are_empty(source: Path) -> None:
    home = os.open(source / "public", os.O_RDONLY)
    for _ in range(2_000):
        os.mkdir("n", dir_fd=home)
        inner = os.open("n", os.O_RDONLY, dir_fd=home)
        os.close(home)
        home = inner
    os.close(home)

    assert refusal(source).limit == ("path_depth", "64")
    remove(source)  # which what cleans up after tests could not


def test_long_names_are_refused_where_a_path_gets_too_long(source: Path) -> None:
    deep = source / "public"
    for _ in range(5):
        deep = deep / ("n" * 250)
        deep.mkdir()

    assert refusal(source).limit == ("path_length", "1024")


def test_too_many_folders_are_too_many_entries(source: Path) -> None:
    for number in range(60):
        (source / "public" / str(number)).mkdir()

    assert refusal(source, Limits(entries=50)).code == "too_many_entries"


def test_links_count_as_entries_though_they_are_left_out(source: Path) -> None:
    for number in range(60):
        (source / "public" / str(number)).symlink_to("index.html")

    assert refusal(source, Limits(entries=50)).code == "too_many_entries"


def test_more_names_than_entries_are_allowed_are_not_even_listed(source: Path) -> None:
    for number in range(5_000):
        (source / "public" / f"{number}{'x' * 200}").touch()

    tracemalloc.start()
    refused = refusal(source, Limits(entries=50))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refused.code == "too_many_entries"
    assert most < 500_000  # bytes; the names alone are a million


def test_a_giant_file_without_content_is_refused(source: Path) -> None:
    with (source / "public" / "giant").open("wb") as file:
        file.truncate(10**13)

    assert refusal(source, Limits(file_size=1 * MB)).limit == ("file_size", "1MB")


def test_a_file_that_grows_while_it_is_read_is_refused_in_the_end(source: Path) -> None:
    growing = source / "public" / "growing"

    def refused() -> bool:
        """Whether it is, this time: a writer that is too slow for the reader is no offence."""
        growing.write_bytes(b"x" * (600 * KB))
        over = threading.Event()

        def grow() -> None:
            with growing.open("ab", buffering=0) as file:
                while not over.is_set() and file.tell() < 200 * MB:
                    file.write(b"x" * MB)

        writer = threading.Thread(target=grow)
        writer.start()
        try:
            taken(source, Limits(file_size=5 * MB))
        except BuildError as error:
            return error.code == "file_too_large"
        finally:
            over.set()
            writer.join()
        return False

    assert any(refused() for _ in range(20))


@pytest.mark.parametrize(
    "name", [b"not-\xff-utf8", b"new\nline", b"back\\slash", b"bell\x07", b"C:", b"nul", b"..%2f.."]
)
def test_a_name_that_is_unsafe_somewhere_is_refused(source: Path, name: bytes) -> None:
    with open(os.path.join(os.fsencode(source / "public"), name), "wb") as file:  # noqa: PTH118, PTH123 - names as bytes
        file.write(b"x")

    assert refusal(source).code == "unsafe_path"


def test_names_that_differ_by_case_only_and_say_different_things_are_refused(source: Path) -> None:
    write(source / "public", {"Index.html": "another"})

    refused = refusal(source)

    assert (refused.code, refused.path) == ("duplicate", "index.html")
    assert refused.detail.startswith("The build's output holds “Index.html” and “index.html”, which are one name ")
    assert refused.detail.endswith("; rename what one of them is made from.")


@pytest.mark.parametrize(
    ("files", "limits"),
    [
        ({"INDEX.html": "another"}, Limits()),
        ({"con.html": "x"}, Limits()),
        ({"a..": "x", "b\\c": "x"}, Limits()),
        ({}, Limits(entries=2)),
        ({}, Limits(unpacked_size=10)),
        ({"big": "x" * 40}, Limits(file_size=20)),
        ({"cafe\N{COMBINING ACUTE ACCENT}": "x", "caf\N{LATIN SMALL LETTER E WITH ACUTE}": "y"}, Limits()),
        ({"cafe\N{COMBINING ACUTE ACCENT}": "x", "caf\N{LATIN SMALL LETTER E WITH ACUTE}/a": "y"}, Limits()),
    ],
)
def test_what_is_refused_of_an_output_is_not_said_of_an_upload(
    source: Path, files: dict[str, str], limits: Limits
) -> None:
    write(source / "public", files)

    said = refusal(source, limits).detail

    assert ("upload" in said, "send less" in said) == (False, False)
    assert "build" in said


def test_an_output_of_nothing_but_dot_files_is_no_upload_of_them(source: Path) -> None:
    (source / "public" / "index.html").rename(source / "public" / ".env")
    (source / "public" / "about" / "index.html").unlink()

    assert refusal(source).detail.startswith("The build's output holds no file of a site")


def test_names_that_differ_by_case_only_and_say_the_same_are_taken(source: Path) -> None:
    write(source / "public", {"Index.html": "built"})

    found, files = taken(source)

    assert sorted(files) == ["Index.html", "about/index.html", "index.html"]
    assert [note.code for note in found.notes] == ["duplicate"]


def test_dot_files_and_junk_are_no_part_of_the_site(source: Path) -> None:
    write(source / "public", {".env": SECRET, ".git/config": SECRET, ".well-known/security.txt": "mail olga"})

    assert sorted(taken(source)[1]) == [".well-known/security.txt", "about/index.html", "index.html"]


def test_an_empty_output_is_said_to_be_empty(source: Path) -> None:
    (source / "public" / "index.html").unlink()
    (source / "public" / "about" / "index.html").unlink()

    assert (refusal(source).code, "is empty" in refusal(source).detail) == ("no_output", True)

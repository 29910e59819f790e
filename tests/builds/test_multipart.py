"""A form's files become the site; a lone archive in it is unpacked."""

import gzip
import random

import pytest

from tests.builds.opening import Opener
from tests.zoo import INDEX, PAGE, file_part, form, tar_of, zip_of

HELLO = b"<p>hello</p>"
NOISE = random.Random(4).randbytes(2_500_000)


def test_dropped_folder_becomes_the_site(opener: Opener) -> None:
    upload = form(
        ('name="message"', b"first"),
        file_part("index.html"),
        file_part("css/site.css", b"p{}"),
        file_part("ünï/é.html", b"u"),
        file_part("noise", NOISE),
        file_part("empty", b""),
        file_part("", b"an input that was left alone"),
    )

    opened = opener(upload)

    assert opened.files == {
        "index.html": HELLO,
        "css/site.css": b"p{}",
        "ünï/é.html": b"u",
        "noise": NOISE,
        "empty": b"",
    }
    assert opened.unpacking[-1] == (len(upload), len(upload))


@pytest.mark.parametrize("size", [262_144 - delta for delta in (0, 90, 125, 130, 135, 140, 145, 150, 160, 170)])
def test_content_is_whole_wherever_a_read_ends(opener: Opener, size: int) -> None:
    content = (b"\r\n--b0undar" * (size // 11 + 1))[:size]

    upload = form(file_part("a", content), file_part("b", content + b"\r\n"), file_part("c"))

    assert opener(upload).files == {"a": content, "b": content + b"\r\n", "c": HELLO}


@pytest.mark.parametrize(
    ("filename", "archive"),
    [
        ("site.zip", zip_of([INDEX])),
        ("SITE.ZIP", zip_of([INDEX], prefix=b"MZ" + bytes(100))),
        ("site.tar", tar_of(PAGE)),
        ("site.tar.gz", gzip.compress(tar_of(PAGE))),
        ("my site.tgz", gzip.compress(tar_of(PAGE))),
    ],
)
def test_lone_archive_is_unpacked(opener: Opener, filename: str, archive: bytes) -> None:
    upload = form(('name="message"', b"hello"), file_part(filename, archive), ('name="draft"', b"on"))

    assert opener(upload).files == {"index.html": HELLO}


@pytest.mark.parametrize("padding", range(262_000, 262_150, 7))
def test_lone_archive_is_found_wherever_a_read_ends(opener: Opener, padding: int) -> None:
    upload = form(('name="padding"', bytes(padding - 200)), file_part("site.zip", zip_of([INDEX])))

    assert opener(upload).files == {"index.html": HELLO}


def test_archive_among_other_files_is_a_file(opener: Opener) -> None:
    archive = zip_of([INDEX])

    opened = opener(form(file_part("data.zip", archive), file_part("index.html"), file_part("more.zip", archive)))

    assert opened.files == {"data.zip": archive, "index.html": HELLO, "more.zip": archive}


def test_archive_by_another_name_is_a_file(opener: Opener) -> None:
    archive = zip_of([INDEX])

    assert opener(form(file_part("report.docx", archive))).files == {"report.docx": archive}


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ('name="f"; filename="a;b=c.html"', "a;b=c.html"),
        ('name="x; filename=\\"no\\""; filename="yes.html"', "yes.html"),
        ('name="f"; filename="say %22hi%22.html"', 'say "hi".html'),
        ('name="f"; filename="say \\"hi\\".html"', 'say "hi".html'),
        ("name=f; filename=plain.html", "plain.html"),
        ("filename=\"a b.html\"; name=f; filename*=UTF-8''other.html;", "a b.html"),
    ],
)
def test_filename_is_read_as_browsers_and_programs_write_it(opener: Opener, parameters: str, name: str) -> None:
    opened = opener(form((parameters, b"x"), file_part("index.html")))

    assert opened.files.keys() == {name, "index.html"}


def test_single_page_with_its_name_is_a_site(opener: Opener) -> None:
    opened = opener(b"<p>alone</p>", filename="About me.html")

    assert opened.files == {"index.html": b"<p>alone</p>"}
    assert opened.notes["renamed"].path == "About me.html"


def test_single_file_with_its_name_is_taken_as_it_is(opener: Opener) -> None:
    for content in (b"", b"x", NOISE, gzip.compress(b"no tar")):
        assert opener(content, filename="data.bin").files == {"data.bin": content}


@pytest.mark.parametrize("filename", ["../x.html", "C:\\x.html", "nul.html"])
def test_single_file_needs_a_safe_name(opener: Opener, filename: str) -> None:
    assert opener.refusal(b"x", filename=filename).code == "unsafe_path"


def test_archive_is_unpacked_whatever_its_name(opener: Opener) -> None:
    assert opener(zip_of([INDEX]), filename="site.zip").files == {"index.html": HELLO}
    assert opener(tar_of(PAGE), filename="site").files == {"index.html": HELLO}


@pytest.mark.parametrize("content", [b"hello", zip_of([INDEX])[10:-30]])
def test_file_that_is_called_an_archive_must_be_one(opener: Opener, content: bytes) -> None:
    assert opener.refusal(content, filename="site.zip").code == "unknown_format"

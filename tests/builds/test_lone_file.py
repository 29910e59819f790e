"""A site of one file that is no page gets a page that shows it."""

import re
from pathlib import Path

import pytest

import admin_ui
from builds.lone_file import LARGEST, SHOWN
from builds.names import SAVED_WITH_PAGE
from builds.values import Limits
from tests.builders import zip_of
from tests.builds.opening import Opener
from tests.zoo import file_part, form

RAR, SEVEN_ZIP = b"Rar!\x1a\x07\x01\x00" + bytes(100), b"7z\xbc\xaf\x27\x1c" + bytes(100)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("doc.pdf", '<object data="doc.pdf" type="application/pdf"><a href="doc.pdf">doc.pdf</a></object>'),
        ("Über uns & mehr.PDF", '<a class="touch" href="%C3%9Cber%20uns%20%26%20mehr.PDF">Über uns &amp; mehr.PDF</a>'),
        ("pic.jpg", '<img src="pic.jpg" alt="pic.jpg">'),
        ("film.mp4", '<video src="film.mp4" controls></video>'),
        ("song.mp3", '<audio src="song.mp3" controls></audio>'),
        ("notes.txt", '<object data="notes.txt" type="text/plain">'),
    ],
)
def test_one_file_is_shown_by_a_page(opener: Opener, name: str, shown: str) -> None:
    opened = opener(b"content", name)

    assert opened.files[name] == b"content"
    assert shown in opened.files["index.html"].decode()
    assert opened.notes.keys() == {"shown"}


def test_a_name_cannot_become_markup(opener: Opener) -> None:
    opened = opener(b"x", '<script>"x" {0}.png')

    assert b"<script>" not in opened.files["index.html"]
    assert b"&quot;x&quot; {0}.png" in opened.files["index.html"]


def test_markdown_is_read(opener: Opener) -> None:
    text = "Über\n\n# The *title* & more\n\n| a | b |\n|---|---|\n| 1 | {2} |\n"

    page = opener(text.encode(), "README.md").files["index.html"].decode()

    assert "<title>The title &amp; more</title>" in page
    assert "<h1>The <em>title</em> &amp; more</h1>" in page
    assert "<td>{2}</td>" in page


@pytest.mark.parametrize("markdown", [b"", b"\xff\xfe", b"#\n"])
def test_markdown_without_a_heading_is_called_by_its_file(opener: Opener, markdown: bytes) -> None:
    assert b"<title>a.md</title>" in opener(markdown, "a.md").files["index.html"]


def test_in_an_archive_it_is_the_same(opener: Opener) -> None:
    assert opener(zip_of({"folder/doc.pdf": b"x"})).files.keys() == {"doc.pdf", "index.html"}


@pytest.mark.parametrize(
    "files",
    [
        {"a.pdf": b"x", "b.pdf": b"y"},
        {"data.csv": b"x"},
        {"long.md": bytes(LARGEST + 1)},
        {"a/b.pdf": b"x", "c/d": b"y"},
    ],
)
def test_what_no_page_can_show_stays_as_it_is(opener: Opener, files: dict[str, bytes]) -> None:
    opened = opener(zip_of(files), limits=Limits(ratio=10_000))

    assert opened.files == files
    assert opened.notes.keys() == {"no_index"}


def test_the_browser_knows_what_is_shown() -> None:
    script = (Path(admin_ui.__file__).parent / "static/js/review.js").read_text()
    pattern = re.compile(re.findall(r"const SHOWN_ALONE = /(.+)/i;", script)[0], re.IGNORECASE)

    assert [extension for extension in SHOWN if not pattern.fullmatch(f"a{extension}")] == []
    assert not pattern.fullmatch("a.zip")


def test_the_browser_knows_what_browsers_save_beside_a_page() -> None:
    script = (Path(admin_ui.__file__).parent / "static/js/review.js").read_text()
    (theirs,) = re.findall(r"const SAVED_WITH_PAGE =\n  /\^\((.+)\)\$/;", script)

    assert theirs.replace("(", "(?:") == SAVED_WITH_PAGE.pattern


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (RAR, "site.rar", "RAR"),
        (SEVEN_ZIP, "site.7z", "7z"),
        (b"\xfd7zXZ\0" + bytes(50), "site.tar.xz", "xz"),
        (b"BZh9" + bytes(50), "site.tar.bz2", "bzip2"),
        (RAR, "site.zip", "RAR"),
        (RAR, "", "RAR"),
    ],
)
def test_an_archive_of_another_kind_is_refused_by_name(opener: Opener, content: bytes, name: str, kind: str) -> None:
    error = opener.refusal(content, name)

    assert error.code == "unknown_format"
    assert f"of the kind {kind}, which is not opened here: pack what is in it as a ZIP" in error.detail


def test_in_a_form_it_is_refused_too_unless_there_are_others(opener: Opener) -> None:
    archive = file_part("site.rar", RAR)

    assert opener.refusal(form(archive)).code == "unknown_format"
    assert opener(form(archive, file_part("index.html", b"x"))).files == {"site.rar": RAR, "index.html": b"x"}
    assert opener(form(file_part("no.rar", b"text"))).files == {"no.rar": b"text"}


def test_beside_a_page_such_an_archive_is_a_file_like_any_other(opener: Opener) -> None:
    files = {"index.html": b"x", "download.rar": RAR}

    assert opener(zip_of(files)).files == files

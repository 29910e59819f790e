"""A page whose name has no extension is told to its author, for browsers do not show it."""

from pathlib import Path

import pytest

from appliance.storage.blobs import Blobs
from builds import pipeline, without_extension
from builds.values import Limits, Note, Plan, StoredFile, Unpacked
from builds.watcher import Watcher
from tests.builders import Files, page, zip_of
from tests.presses import presses

PAGE = page("about").encode()


def notes(folder: Path, files: dict[str, bytes], *headers: bytes) -> tuple[Note, ...]:
    staging = Blobs(folder / "blobs").stage(folder / "work")
    site = Unpacked(tuple(StoredFile(path, *staging.put([content])) for path, content in files.items()))
    return without_extension.with_note(site, staging, headers).notes


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("about", PAGE),
        ("a.b/About", b"\xef\xbb\xbf\n<!-- by hand -->\n<HTML><body>"),
        ("view?id=1.5", b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x">'),
    ],
)
def test_a_page_that_browsers_would_offer_as_a_download_is_told(tmp_path: Path, path: str, content: bytes) -> None:
    (note,) = notes(tmp_path, {path: content, "zebra": PAGE, "LICENSE": b"MIT"})

    assert (note.code, note.path, note.count) == ("page_without_extension", path, 2)
    assert f"“{path}” and 1 more is a page, but browsers offer it as a download" in note.message


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("about.html", PAGE),
        ("about.php?id=1", PAGE),
        ("LICENSE", b"MIT"),
        ("notes", b"In HTML a page begins with <html>."),
        ("feed", b'<?xml version="1.0"?><rss></rss>'),
        ("empty", b""),
        ("binary", bytes(range(256)) * 4),
        ("comments", b"<!---->" * 70 + b"<p>"),  # read in one way only, or this would not end
    ],
)
def test_what_is_no_page_or_named_as_one_is_not_told(tmp_path: Path, path: str, content: bytes) -> None:
    assert notes(tmp_path, {path: content}) == ()


def test_who_says_types_in_header_rules_is_not_told(tmp_path: Path) -> None:
    rules = b"/about\n  content-type: text/html\n"

    assert notes(tmp_path, {"about": PAGE}, rules) == ()


@pytest.mark.parametrize(("headers", "told"), [("/*\n  X-A: 1\n", 1), ("/about\n  Content-Type: text/html\n", 0)])
def test_a_deploys_report_says_so(tmp_path: Path, headers: str, told: int) -> None:
    upload, blobs = tmp_path / "upload", Blobs(tmp_path / "blobs")
    blobs.create()
    files: Files = {"index.html": page("home"), "about": PAGE, "_headers": headers}
    upload.write_bytes(zip_of(files))
    plan = Plan("d1", upload, tmp_path / "work", Limits(), aside=("_headers",))

    unpacked = pipeline.run(plan, blobs.stage(plan.workspace), Watcher(lambda *_: None), presses())

    assert isinstance(unpacked, Unpacked)
    assert [note.code for note in unpacked.notes].count("page_without_extension") == told

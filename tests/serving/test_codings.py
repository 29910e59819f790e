"""Which coding a visitor gets: the header's rules, and the answers over every lane."""

import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from appliance.serving.codings import PREFERRED, wanted
from appliance.serving.release import Release, compile_release
from appliance.serving.represent import adorn
from appliance.storage.manifest import Entry, Manifest, Variant
from appliance.storage.media_types import served_as
from tests.probes import CODINGS
from tests.serving.lanes import LANES, MODIFIED, Lane, Plane, etag, running

BROWSER = b"gzip, deflate, br, zstd"

TEXT = b"body { color: red }\n" * 200
LOST = b"<h1>lost</h1>" * 200
SHIPPED = brotli.compress(b"\0asm" * 500)
DRAWN = gzip.compress(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
FORMS = {"zstd": zstandard.compress, "br": brotli.compress, "gzip": gzip.compress}
UNDO = {"zstd": zstandard.decompress, "br": brotli.decompress, "gzip": gzip.decompress, "": bytes}


@pytest.mark.parametrize(("value", "order"), CODINGS)
def test_codings_are_tried_in_the_order_the_visitor_likes(value: bytes, order: tuple[bytes, ...]) -> None:
    assert wanted(value) == order


@given(st.binary(max_size=400))
def test_any_value_has_an_order(value: bytes) -> None:
    assert set(wanted(value)) <= set(PREFERRED)


def store(folder: Path, content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    (folder / sha256).write_bytes(content)
    return sha256


def entry_with_forms(folder: Path, path: str, content: bytes, *codings: str) -> Entry:
    forms = [(coding, FORMS[coding](content)) for coding in codings]
    kept = tuple(Variant(coding, store(folder, form), len(form)) for coding, form in forms)
    kind, own = served_as(path)
    return Entry(store(folder, content), len(content), kind, MODIFIED, kept, own)


def release_with_forms(folder: Path) -> Release:
    entries = {
        "a.css": entry_with_forms(folder, "a.css", TEXT, "zstd", "br", "gzip"),
        "b.css": entry_with_forms(folder, "b.css", TEXT + b"b", "gzip"),
        "plain.css": entry_with_forms(folder, "plain.css", TEXT + b"p"),
        "game.wasm.br": entry_with_forms(folder, "game.wasm.br", SHIPPED),
        "pic.svgz": entry_with_forms(folder, "pic.svgz", DRAWN),
        "all.tar.gz": entry_with_forms(folder, "all.tar.gz", b"tar"),
        "404.html": entry_with_forms(folder, "404.html", LOST, "br"),
    }
    return compile_release(
        site="site", deploy="d1", preview=False, manifest=Manifest(entries=entries), blob_path=folder.joinpath
    )


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with running() as plane:
        plane.put("site.localhost", release_with_forms(tmp_path_factory.mktemp("forms")))
        yield plane


CASES = [
    # path, Accept-Encoding, the coding sent, whether the answer varies
    (b"/a.css", None, "", True),
    (b"/a.css", BROWSER, "zstd", True),
    (b"/a.css", b"gzip, deflate, br", "br", True),
    (b"/a.css", b"gzip", "gzip", True),
    (b"/a.css", b"gzip;q=0", "", True),
    (b"/a.css", b"identity, gzip;q=0.1", "", True),
    (b"/a.css", b"identity;q=0", "", True),  # nothing suits, and that is no 406
    (b"/b.css", BROWSER, "gzip", True),
    (b"/b.css", b"br", "", True),
    (b"/plain.css", BROWSER, "", False),
]


@pytest.mark.parametrize(("path", "accepted", "coding", "varies"), CASES)
@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_a_file_comes_in_the_coding_asked_for(
    plane: Plane, lane: Lane, path: bytes, accepted: bytes | None, coding: str, varies: bool
) -> None:
    content = TEXT + {b"/b.css": b"b", b"/plain.css": b"p"}.get(path, b"")
    headers = [] if accepted is None else [(b"Accept-Encoding", accepted)]

    with lane(plane.port) as visitor:
        answers = [visitor.get(path, *headers) for _ in range(2)]  # the second one is prepared
        head = visitor.get(path, *headers, method=b"HEAD")

    assert answers[0].comparable == answers[1].comparable
    answer = answers[0]
    assert answer.status == 200
    assert UNDO[coding](answer.body) == content
    assert answer.headers.get("content-encoding", "") == coding
    form = hashlib.sha256(answer.body).hexdigest()[:8]
    assert answer.headers["etag"] == (etag(content)[:-1] + f'-{coding}-{form}"' if coding else etag(content))
    assert ("vary" in answer.headers) is varies
    assert answer.headers.get("vary", "accept-encoding") == "accept-encoding"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert (head.status, head.headers, head.body) == (200, {**answer.headers, "date": head.headers["date"]}, b"")


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_each_coding_has_its_own_304(plane: Plane, lane: Lane) -> None:
    asking = (b"Accept-Encoding", b"br")
    with lane(plane.port) as visitor:
        coded = visitor.get(b"/a.css", asking).headers["etag"].encode()
        plain = etag(TEXT).encode()

        same = visitor.get(b"/a.css", asking, (b"If-None-Match", coded))
        other = visitor.get(b"/a.css", asking, (b"If-None-Match", plain))
        without = visitor.get(b"/a.css", (b"If-None-Match", plain))

    assert (same.status, same.headers["etag"], same.headers["vary"]) == (304, coded.decode(), "accept-encoding")
    assert "content-encoding" not in same.headers
    assert other.status == 200
    assert (without.status, without.headers["vary"]) == (304, "accept-encoding")


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_a_range_is_of_the_file_as_it_is(plane: Plane, lane: Lane) -> None:
    asking = ((b"Accept-Encoding", BROWSER), (b"Range", b"bytes=5-9"))
    with lane(plane.port) as visitor:
        part = visitor.get(b"/a.css", *asking)
        fresh = visitor.get(b"/a.css", *asking, (b"If-Range", etag(TEXT).encode()))
        stale = visitor.get(b"/a.css", *asking, (b"If-Range", etag(TEXT)[:-1].encode() + b'-br"'))
        several = visitor.get(b"/a.css", asking[0], (b"Range", b"bytes=0-1,3-4"))
        head = visitor.get(b"/a.css", *asking, method=b"HEAD")

    assert (part.status, part.body, part.headers["content-range"]) == (206, TEXT[5:10], f"bytes 5-9/{len(TEXT)}")
    assert (part.headers["etag"], part.headers["vary"]) == (etag(TEXT), "accept-encoding")
    assert fresh.status == 206
    assert (stale.status, stale.body, "content-encoding" in stale.headers) == (200, TEXT, False)
    assert (several.status, several.body) == (200, TEXT)
    assert head.headers["content-encoding"] == "zstd"


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_a_file_shipped_compressed_has_the_type_of_what_is_in_it(plane: Plane, lane: Lane) -> None:
    with lane(plane.port) as visitor:
        shipped = visitor.get(b"/game.wasm.br")
        archive = visitor.get(b"/all.tar.gz", (b"Accept-Encoding", BROWSER))

    assert (shipped.headers["content-type"], shipped.headers["content-encoding"]) == ("application/wasm", "br")
    assert (shipped.body, "vary" in shipped.headers) == (SHIPPED, False)
    assert (archive.headers["content-type"], archive.body) == ("application/gzip", b"tar")
    assert "content-encoding" not in archive.headers


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_a_drawing_that_is_compressed_by_its_name_is_shown_as_one(plane: Plane, lane: Lane) -> None:
    with lane(plane.port) as visitor:
        drawn = visitor.get(b"/pic.svgz", (b"Accept-Encoding", BROWSER))
        again = visitor.get(b"/pic.svgz", (b"If-None-Match", drawn.headers["etag"].encode()))

    assert (drawn.headers["content-type"], drawn.headers["content-encoding"]) == ("image/svg+xml", "gzip")
    assert (drawn.body, drawn.headers["etag"], "vary" in drawn.headers) == (DRAWN, etag(DRAWN), False)
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_the_404_page_comes_in_the_coding_asked_for(plane: Plane, lane: Lane) -> None:
    with lane(plane.port) as visitor:
        coded = visitor.get(b"/nowhere", (b"Accept-Encoding", BROWSER))
        plain = visitor.get(b"/nowhere")

    assert (coded.status, brotli.decompress(coded.body), coded.headers["content-encoding"]) == (404, LOST, "br")
    assert (plain.status, plain.body, plain.headers["vary"]) == (404, LOST, "accept-encoding")
    assert {a.headers["cache-control"] for a in (coded, plain)} == {"no-store"}


def test_adorning_a_page_reaches_every_coding(tmp_path: Path) -> None:
    page = release_with_forms(tmp_path).page("a.css")

    adorned = adorn(page, lambda fields: (*fields, (b"x-by", b"us")))

    for form in (adorned, adorned.coded(b"br")):
        assert b"x-by: us\r\n" in form.ok.head
        assert b"x-by: us\r\n" in form.unchanged.head
    assert (adorned.coded(b"br").ok.status, adorned.coded(b"br").etag) == (200, page.coded(b"br").etag)


def test_a_form_is_prepared_once(tmp_path: Path) -> None:
    page = release_with_forms(tmp_path).page("a.css")

    assert page.coded(b"br") is page.coded(b"br")
    assert page.coded(BROWSER) is page.coded(b"zstd")
    assert page.coded(None) is page

"""One table of requests, each over every lane."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.probes import DATES, PATHS, RANGES, TAG_LISTS
from tests.serving.conftest import BIG, FILES
from tests.serving.lanes import LANES, Lane, Plane, etag
from tests.serving.visitors import SITE, Answer, Comparable, Header, Visitor

HOME = FILES["index.html"]
DIGITS = FILES["digits.txt"]
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
REVALIDATE = "public, max-age=0, must-revalidate"

Case = tuple[str, str, dict[str, str], int, dict[str, str], bytes | None]
CASES: list[Case] = [
    # method, target, request headers, status, some of the headers, the body (None: not looked at)
    (
        "GET",
        "/",
        {},
        200,
        {"content-type": "text/html; charset=utf-8", "etag": etag(HOME), "last-modified": DATE},
        HOME,
    ),
    ("GET", "/", {}, 200, {"cache-control": REVALIDATE, "accept-ranges": "bytes", "content-length": "13"}, HOME),
    (
        "GET",
        "/",
        {},
        200,
        {"x-content-type-options": "nosniff", "referrer-policy": "strict-origin-when-cross-origin"},
        HOME,
    ),
    ("GET", "/?utm=1", {}, 200, {}, HOME),
    ("GET", "/about", {}, 200, {}, FILES["about.html"]),
    ("GET", "/docs", {}, 301, {"location": "/docs/", "content-length": "0", "cache-control": REVALIDATE}, b""),
    ("GET", "/docs?a=b", {}, 301, {"location": "/docs/?a=b"}, b""),
    ("GET", "//docs", {}, 301, {"location": "/docs/"}, b""),
    ("GET", "/docs/", {}, 200, {}, FILES["docs/index.html"]),
    ("GET", "/a%20b/%C3%A9.txt", {}, 200, {"content-type": "text/plain; charset=utf-8"}, b"spaced"),
    ("GET", "/a%20b/e%CC%81.txt", {}, 200, {}, b"spaced"),
    ("GET", "/a b/x".replace(" ", "%20"), {}, 404, {}, b"no such page"),
    (
        "GET",
        "/docs/x/y",
        {},
        404,
        {"cache-control": "no-store", "content-type": "text/html; charset=utf-8"},
        b"no such doc",
    ),
    ("GET", "/docs%2Findex.html", {}, 404, {}, b"no such page"),
    ("GET", "/_redirects", {}, 404, {}, b"no such page"),
    ("GET", "/404.html", {}, 200, {"cache-control": REVALIDATE}, b"no such page"),
    ("GET", "/%00", {}, 400, {"cache-control": "no-store"}, None),
    ("GET", "/empty.txt", {}, 200, {"content-length": "0"}, b""),
    ("GET", "/medium.bin", {}, 200, {"content-length": "65536"}, FILES["medium.bin"]),
    ("GET", "/big.bin", {}, 200, {"content-type": "application/octet-stream"}, BIG),
    (
        "GET",
        "/digits.txt",
        {"Range": "bytes=0-0"},
        206,
        {"content-range": "bytes 0-0/100", "content-length": "1"},
        b"0",
    ),
    ("GET", "/digits.txt", {"Range": "bytes=-1"}, 206, {"content-range": "bytes 99-99/100"}, b"9"),
    ("GET", "/digits.txt", {"Range": "bytes=100-"}, 416, {"content-range": "bytes */100"}, None),
    ("GET", "/digits.txt", {"Range": "bytes=0-1,4-5"}, 200, {}, DIGITS),
    ("GET", "/digits.txt", {"Range": "bytes=0-1", "If-Range": etag(DIGITS)}, 206, {}, b"01"),
    ("GET", "/digits.txt", {"Range": "bytes=0-1", "If-Range": "W/" + etag(DIGITS)}, 200, {}, DIGITS),
    ("GET", "/digits.txt", {"Range": "bytes=0-1", "If-Range": DATE}, 206, {}, b"01"),
    ("GET", "/digits.txt", {"Range": "bytes=0-1", "If-None-Match": etag(DIGITS)}, 304, {}, b""),
    ("GET", "/big.bin", {"Range": "bytes=1000000-2999999"}, 206, {}, BIG[1_000_000:3_000_000]),
    ("GET", "/", {"If-None-Match": etag(HOME)}, 304, {"etag": etag(HOME), "cache-control": REVALIDATE}, b""),
    ("GET", "/", {"If-None-Match": '"x", W/' + etag(HOME)}, 304, {}, b""),
    ("GET", "/", {"If-Modified-Since": DATE}, 304, {}, b""),
    ("GET", "/", {"If-Match": '"x"'}, 412, {"cache-control": "no-store"}, None),
    ("GET", "/", {"If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"}, 412, {}, None),
    ("GET", "/zzz", {"If-None-Match": "*"}, 404, {}, b"no such page"),
    ("GET", "/docs", {"If-None-Match": "*"}, 301, {}, b""),
    ("OPTIONS", "/", {}, 204, {"allow": "GET, HEAD, OPTIONS"}, b""),
    ("POST", "/", {"Content-Length": "0"}, 405, {"allow": "GET, HEAD, OPTIONS", "cache-control": "no-store"}, None),
    ("PUT", "/zzz", {"Content-Length": "0"}, 405, {"allow": "GET, HEAD, OPTIONS"}, None),
    ("DELETE", "/", {}, 405, {}, None),
    ("BREW", "/", {}, 405, {}, None),
]


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]} {case[3]} {','.join(case[2])}")
def test_a_request_is_answered_as_the_table_says(shared_plane: Plane, lane: Lane, case: Case) -> None:
    method, target, headers, status, expected, body = case

    with lane(shared_plane.port) as visitor:
        answer = ask(visitor, method, target, headers)

    assert answer.status == status
    assert expected.items() <= answer.headers.items()
    assert body is None or answer.body == body
    assert "server" not in answer.headers
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.headers["date"])


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
@pytest.mark.parametrize("target", ["/", "/docs", "/zzz", "/docs/zzz", "/%00", "/empty.txt", "/big.bin"])
def test_head_has_exactly_the_headers_of_get(shared_plane: Plane, lane: Lane, target: str) -> None:
    with lane(shared_plane.port) as visitor:
        get, head = ask(visitor, "GET", target), ask(visitor, "HEAD", target)

    assert (head.status, head.headers) == (get.status, {**get.headers, "date": head.headers["date"]})
    assert head.body == b""


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_a_site_without_a_404_page_gets_ours(shared_plane: Plane, lane: Lane) -> None:
    with lane(shared_plane.port) as visitor:
        answer = visitor.get(b"/zzz", host=b"bare.localhost")

    assert answer.status == 404
    assert answer.headers["cache-control"] == "no-store"
    assert b"<title>Page not found</title>" in answer.body


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_a_preview_is_kept_from_robots(shared_plane: Plane, lane: Lane) -> None:
    with lane(shared_plane.port) as visitor:
        headers = visitor.get(b"/", host=b"preview.localhost").headers

    assert headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_the_html_mode_of_the_site_counts(shared_plane: Plane, lane: Lane) -> None:
    with lane(shared_plane.port) as visitor:
        answer = visitor.get(b"/about.html?x", host=b"slash.localhost")

    assert (answer.status, answer.headers["location"]) == (308, "/about/?x")


@pytest.mark.parametrize("host", [b"SITE.localhost", b"site.localhost:8080", b"site.localhost.", b"Site.Localhost.:1"])
@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_every_spelling_of_a_host_leads_to_the_site(shared_plane: Plane, lane: Lane, host: bytes) -> None:
    with lane(shared_plane.port) as visitor:
        assert visitor.get(b"/", host=host).body == HOME


@pytest.mark.parametrize("host", [b"other.localhost", b"site.localhost.evil", b"[::1]", b"-", b"site.localhost:x"])
@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_an_unknown_host_gets_its_page_and_never_the_admin(shared_plane: Plane, lane: Lane, host: bytes) -> None:
    with lane(shared_plane.port) as visitor:
        answer = visitor.get(b"/", host=host)

    assert answer.status == 404
    assert b"There is no site here" in answer.body


HEADERS = st.one_of(
    st.tuples(st.just("Range"), st.sampled_from([value for value, *_ in RANGES if len(value) < 1000])),
    st.tuples(st.sampled_from(["If-None-Match", "If-Match"]), st.sampled_from([value for value, *_ in TAG_LISTS])),
    st.tuples(
        st.sampled_from(["If-Modified-Since", "If-Unmodified-Since", "If-Range"]),
        st.sampled_from([value for value, _ in DATES]),
    ),
    st.tuples(st.just("If-Range"), st.sampled_from(["{e}", "W/{e}", '"x"'])),
    st.tuples(st.sampled_from(["Accept-Encoding", "X-Y"]), st.text("abc=;, ", max_size=9)),
    st.tuples(st.just("Cookie"), st.sampled_from(["a=b", "c=d"])),
)
VISIBLE = st.text([chr(c) for c in range(0x21, 0x7F)], max_size=20)
TARGETS = st.one_of(
    st.sampled_from(
        ["/" + name.replace(" ", "%20").replace("\u00e9", "%C3%A9") for name in FILES if name != "big.bin"]
    ),
    st.sampled_from(["/", "/docs", "/docs/", "/about", "/docs/index", "/./docs", "/docs/..", "/zzz"]),
    st.sampled_from([raw.decode() for raw, _ in PATHS if raw[:1] == b"/" and len(raw) < 1000 and raw.isascii()]),
    VISIBLE.map("/".__add__),
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["GET", "GET", "GET", "HEAD"]),
    TARGETS,
    st.lists(HEADERS, max_size=4),
    st.sampled_from([SITE, b"bare.localhost", b"preview.localhost", b"slash.localhost"]),
)
def test_no_answer_depends_on_the_lane(
    shared_plane: Plane, method: str, target: str, headers: list[tuple[str, str]], host: bytes
) -> None:
    sent = [(n.encode(), v.replace("{e}", etag(DIGITS)).strip().encode()) for n, v in headers]

    fast, *others = (_answer(lane, shared_plane.port, method, target, sent, host) for lane in LANES.values())

    assert others == [fast] * (len(LANES) - 1)


def _answer(lane: Lane, port: int, method: str, target: str, sent: list[Header], host: bytes) -> Comparable:
    with lane(port) as visitor:
        return visitor.get(target.encode(), *sent, method=method.encode(), host=host).comparable


def ask(visitor: Visitor, method: str, target: str, headers: dict[str, str] | None = None) -> Answer:
    sent = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return visitor.get(target.encode(), *sent, method=method.encode())


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
@pytest.mark.parametrize("target", [b"/", b"/docs", b"/zzz", b"/docs/zzz", b"/%00", b"/empty.txt"])
def test_a_preview_names_its_address_to_no_other_host(shared_plane: Plane, lane: Lane, target: bytes) -> None:
    with lane(shared_plane.port) as visitor:
        answer = visitor.get(target, host=b"preview.localhost")
        method = visitor.get(target, method=b"OPTIONS", host=b"preview.localhost")

    for one in (answer, method):
        assert (one.headers["referrer-policy"], one.headers["x-robots-tag"]) == ("same-origin", "noindex")

"""Rules over every lane: conditions, hosts and header fields are the same, whichever way a visitor comes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serving.lanes import LANES, Lane, Plane, running
from tests.serving.ruled import ruled

FILES = {
    "index.html": "home",
    "a.html": "a",
    "app.js": "js",
    "_redirects": """
/old/* /new/:splat 302
/lang /fr 302! Language=fr
/seen /a 200 Cookie=seen
/gone /a 410
https://other.localhost/here /there 302
/q id=:id /a?i=:id 302
""",
    "_headers": "/*\n X-All: yes\n/a*\n Cache-Control: max-age=5\nhttps://other.localhost/*\n X-Host: other\n",
}
CASES: list[tuple[str, dict[str, str], int, dict[str, str]]] = [
    # target, request headers, status, some of the headers
    ("/old/x?y", {}, 302, {"location": "/new/x?y", "x-all": "yes", "content-length": "0"}),
    ("/lang", {"Accept-Language": "fr"}, 302, {"location": "/fr", "vary": "accept-language, cookie"}),
    ("/lang", {"Accept-Language": "de", "Cookie": "nf_lang=fr"}, 302, {"location": "/fr"}),
    ("/seen", {"Cookie": "seen=1"}, 200, {"cache-control": "private, max-age=0, must-revalidate", "vary": "cookie"}),
    ("/seen", {}, 200, {"vary": "cookie, sec-fetch-mode"}),
    ("/gone", {}, 410, {"cache-control": "no-store", "x-all": "yes"}),
    ("/a", {}, 200, {"cache-control": "max-age=5", "x-all": "yes"}),
    ("/a", {"If-None-Match": "*"}, 304, {"cache-control": "max-age=5", "x-all": "yes"}),
    ("/a", {"Range": "bytes=0-0"}, 206, {"content-range": "bytes 0-0/1", "x-all": "yes"}),
    ("/q?id=7", {}, 302, {"location": "/a?i=7"}),
    ("/deep", {"Sec-Fetch-Mode": "navigate"}, 200, {"vary": "sec-fetch-mode", "content-length": "4"}),
    ("/deep", {"Sec-Fetch-Mode": "no-cors"}, 404, {"x-all": "yes", "cache-control": "no-store"}),
    ("/deep.js", {}, 404, {"x-all": "yes"}),
]
HEADERS = st.dictionaries(
    st.sampled_from(["Accept-Language", "Cookie", "Sec-Fetch-Mode", "If-None-Match", "Accept-Encoding"]),
    st.sampled_from(["fr", "de;q=0.3, fr", "seen=1", "a=b; nf_lang=fr", "navigate", "cors", "*", "gzip"]),
)
PATHS = st.sampled_from(
    ["/", "/a", "/a/", "/lang", "/seen", "/here", "/old/%2F/x", "/deep", "/app.js", "/q?id=1", "/x.js"]
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    folder: Path = tmp_path_factory.mktemp("blobs")
    with running() as plane:
        release = ruled(folder, FILES, spa=True)
        plane.put("site.localhost", release)
        plane.put("other.localhost", release)
        plane.put("capitals.localhost", ruled(folder, FILES, any_case=True))
        yield plane


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {','.join(case[1])}")
def test_a_site_with_rules_answers_as_the_table_says(
    plane: Plane, lane: Lane, case: tuple[str, dict[str, str], int, dict[str, str]]
) -> None:
    target, headers, status, expected = case

    with lane(plane.port) as visitor:
        answers = [visitor.get(target.encode(), *_sent(headers)) for _ in range(2)]

    for answer in answers:
        assert answer.status == status
        assert expected.items() <= answer.headers.items()


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_rules_for_a_host_apply_there_only(plane: Plane, lane: Lane) -> None:
    with lane(plane.port) as visitor:
        here = visitor.get(b"/here", host=b"Other.localhost:80")
        elsewhere = visitor.get(b"/a", host=b"site.localhost")
        there = visitor.get(b"/a", host=b"other.localhost")

    assert (here.status, here.headers["location"]) == (302, "/there")
    assert "x-host" not in elsewhere.headers
    assert there.headers["x-host"] == "other"


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_capitals_move_to_the_file_where_the_site_says_so(plane: Plane, lane: Lane) -> None:
    with lane(plane.port) as visitor:
        moved = visitor.get(b"/APP.js?v=1", host=b"capitals.localhost")
        by_rule = visitor.get(b"/OLD/x", host=b"capitals.localhost")
        strict = visitor.get(b"/APP.js", host=b"site.localhost")

    assert (moved.status, moved.headers["location"]) == (308, "/app.js?v=1")
    assert moved.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert (by_rule.status, strict.status) == (404, 404)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATHS, HEADERS, st.sampled_from([b"site.localhost", b"other.localhost"]))
def test_no_answer_of_a_site_with_rules_depends_on_the_lane(
    plane: Plane, target: str, headers: dict[str, str], host: bytes
) -> None:
    answers = []
    for lane in LANES.values():
        with lane(plane.port) as visitor:
            answers.append(visitor.get(target.encode(), *_sent(headers), host=host).comparable)

    assert all(answer == answers[0] for answer in answers)


def _sent(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]

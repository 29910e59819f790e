"""Any text may stand in a rule file: nothing is raised, nothing grows out of hand, no answer breaks."""

import re
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.serving.rules.reading import Unlockable
from tests.serving.ruled import ask, found, ruled

SOURCES = ["/", "/*", "/a", "/:x", "/:x/*", "/a/:splat", "/*/b", "https://h.example/", "https://:h.x/*", "h.example/a"]
TOKENS = [
    "301",
    "200!",
    "404",
    "999",
    "a=b",
    "id=:id",
    "Language=de",
    "Cookie=c",
    "Country=x",
    "#",
    "//",
    "\\",
    "%2f",
    "%",
]
FIELDS = ["X-A: :splat", "! X-A", "Basic-Auth: a:b", "Location: x", "X-A:\x0b", "Vary: *", "\u00e9", "\ud800", "\x00"]
WORDS = st.sampled_from([*SOURCES, *TOKENS, *FIELDS])
LINES = st.lists(WORDS | st.text(max_size=6), max_size=6).map(" ".join)
TEXTS = st.lists(LINES, max_size=12).map("\n".join)
PATHS = st.lists(
    st.sampled_from(["a", "b", "%2F", "..", "", "%C3%A9", "%5C", "%09", "x.js", ":x", "*", "%"]), max_size=5
)
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@QUICK
@given(st.sampled_from(["netlify", "cloudflare"]), TEXTS, TEXTS, st.text(max_size=200), PATHS, st.booleans())
def test_any_rules_leave_every_answer_whole(
    tmp_path: Path, dialect: str, redirects: str, headers: str, toml: str, path: list[str], spa: bool
) -> None:
    texts = {"_redirects": _clean(redirects), "_headers": _clean(headers), "netlify.toml": _clean(toml)}
    try:
        release = ruled(tmp_path, {"index.html": "home", "a/index.html": "a", **texts}, dialect=dialect, spa=spa)
    except Unlockable:
        return
    target = "/" + "/".join(path)
    sent = {"Cookie": "c=1", "Accept-Language": "de"}

    first, second = (ask(release, target, sent, host="h.example") for _ in range(2))

    assert (first.status, first.fields, first.part) == (second.status, second.fields, second.part)
    names = [name for name, _ in first.fields]
    assert len(names) == len(set(names))
    for name, value in first.fields:
        assert re.fullmatch(rb"[!#$%&'*+.^_`|~0-9a-z-]+", name)
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value)
    location = dict(first.fields).get(b"location", b"/")
    assert location.isascii()
    assert re.match(rb"/(?![/\\])|https?://", location)


@QUICK
@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_any_text_is_read(redirects: str, headers: str, toml: str) -> None:
    read(redirects, headers, toml)


@pytest.mark.long
@settings(QUICK, max_examples=20_000)
@given(TEXTS, TEXTS, TEXTS)
def test_any_lines_are_read_at_length(redirects: str, headers: str, toml: str) -> None:
    read(redirects, headers, toml)


def read(redirects: str, headers: str, toml: str) -> None:
    try:
        found({"_redirects": redirects, "_headers": headers, "netlify.toml": toml})
    except Unlockable:
        pass


@pytest.mark.parametrize("name", ["_redirects", "_headers", "netlify.toml"])
@pytest.mark.parametrize(
    "unit", ["/", "/a /b\n", "/*\n", " ", ":", "=", "#", "X-A: 1\n", "/a\n X: 1\n", "/a /:", "a=b ", "[", "/ :a/", "\\"]
)
def test_the_work_of_reading_grows_with_the_text(name: str, unit: str) -> None:
    small, large = (_lines_run({name: unit * count}) for count in (100, 1_000))

    assert large <= 12 * small + 2_000


def _lines_run(files: dict[str, str]) -> int:
    """How many lines of our own code are run to read the files."""
    count = 0

    def trace(frame: object, event: str, _: object) -> object:
        nonlocal count
        code = getattr(frame, "f_code", None)
        if code is None or "appliance" not in code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]  # typeshed wants its own recursive type
    try:
        found(files)
    finally:
        sys.settrace(before)
    return count


def _clean(text: str) -> str:
    """As it is read from a file: there are no lone surrogates in it."""
    return text.encode("utf-8", "replace").decode("utf-8", "replace")

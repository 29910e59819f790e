"""Path patterns: what each dialect lets them match, and that no text makes a match expensive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.serving.addresses import BadTarget, read_path
from appliance.serving.rules.compiled import Asked, Compiled
from appliance.serving.rules.index import Index
from appliance.serving.rules.patterns import CLOUDFLARE, NETLIFY, NETLIFY_HEADERS, BadPattern, Style, parse, subject
from appliance.storage.rules import Redirect, Rules

Row = tuple[str, str, dict[str, str] | None, dict[str, str] | None]
ROWS: list[Row] = [
    # pattern, path, what is captured in the Netlify dialect, and in the Cloudflare dialect
    ("/a", "/a", {}, {}),
    ("/a", "/a/", {}, None),
    ("/a/", "/a", {}, None),
    ("/a/", "/a/", {}, {}),
    ("/", "/", {}, {}),
    ("/a", "/A", None, None),
    ("/a", "/a/b", None, None),
    ("/news/*", "/news", {"splat": ""}, None),
    ("/news/*", "/news/", {"splat": ""}, {"splat": ""}),
    ("/news/*", "/news/a/b", {"splat": "a/b"}, {"splat": "a/b"}),
    ("/news/*", "/news/a/", {"splat": "a/"}, {"splat": "a/"}),
    ("/news/*", "/newsy", None, None),
    ("/*", "/", {"splat": ""}, {"splat": ""}),
    ("/*", "/x", {"splat": "x"}, {"splat": "x"}),
    ("/:a/x/:b", "/1/x/2", {"a": "1", "b": "2"}, {"a": "1", "b": "2"}),
    ("/:a/x", "//x", None, None),
    ("/:a", "/1/2", None, None),
    ("/b/:slug/*", "/b/c/d/e", {"slug": "c", "splat": "d/e"}, {"slug": "c", "splat": "d/e"}),
    ("/:y-:m", "/2020-01", None, {"y": "2020", "m": "01"}),
    ("/:y-:m", "/a-b-c", None, {"y": "a-b", "m": "c"}),
    ("/:y-:m", "/a-", None, None),
    ("/p:id.html", "/p7.html", None, {"id": "7"}),
    ("/p:id.html", "/p.html", None, None),
    ("/:a:b", "/xyz", None, {"a": "xy", "b": "z"}),
    ("/:a-:b-:c", "/--a-b-c", None, {"a": "--a", "b": "b", "c": "c"}),
    ("/:a-x", "/b-x", {"a-x": "b-x"}, {"a": "b"}),
    ("/caf\u00e9", "/caf%C3%A9", {}, {}),
    ("/caf%C3%A9", "/caf%c3%a9", {}, {}),
    ("/a%20b", "/a%20b", {}, {}),
    ("/a%2Fb", "/a/b", None, None),
    ("/a%2Fb", "/a%2Fb", {}, {}),
]
ANYWHERE: list[tuple[str, str, dict[str, str] | None]] = [
    ("/*.js", "/a/b.js", {"splat": "a/b"}),
    ("/*.js", "/b.css", None),
    ("/a/*/z", "/a/b/c/z", {"splat": "b/c"}),
    ("/a/*/z", "/a/z", None),
    ("/a*z/:n", "/a-/-z/q", {"splat": "-/-", "n": "q"}),
    ("/a*z/:n", "/az", None),
    ("/aa*aa", "/aaa", None),
    ("/aa*aa", "/aaaa", {"splat": ""}),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_a_pattern_matches_what_its_dialect_says(row: Row) -> None:
    pattern, path, *expected = row

    assert [match(pattern, path, style) for style in (NETLIFY, CLOUDFLARE)] == expected


@pytest.mark.parametrize("row", ANYWHERE, ids=lambda row: f"{row[0]} {row[1]}")
def test_a_splat_may_stand_anywhere_in_headers_and_in_the_cloudflare_dialect(
    row: tuple[str, str, dict[str, str] | None],
) -> None:
    pattern, path, expected = row

    assert match(pattern, path, CLOUDFLARE) == match(pattern, path, NETLIFY_HEADERS) == expected


@pytest.mark.parametrize(
    ("pattern", "style", "why"),
    [
        ("a", NETLIFY, "slash"),
        ("/a?b", NETLIFY, "neither"),
        ("/a#b", CLOUDFLARE, "neither"),
        ("/*/*", CLOUDFLARE, "more than one"),
        ("/*.js", NETLIFY, "last segment"),
        ("/*/a", NETLIFY, "last segment"),
        ("/:a/:a", NETLIFY, "twice"),
        ("/:splat/*", CLOUDFLARE, "twice"),
        ("/:a*", CLOUDFLARE, "share"),
    ],
)
def test_what_is_no_pattern_says_why(pattern: str, style: Style, why: str) -> None:
    with pytest.raises(BadPattern, match=why):
        parse(pattern, style)


@given(st.text("/:*ab-.%é", max_size=30), st.text("/ab-.", max_size=30))
def test_building_is_the_reverse_of_matching(pattern: str, path: str) -> None:
    for style in (NETLIFY, CLOUDFLARE, NETLIFY_HEADERS):
        try:
            parsed = parse("/" + pattern, style)
            segments = subject(read_path(b"/" + path.encode()), folders=style.folders)
        except (BadPattern, BadTarget):
            continue
        captured = parsed.match(segments)

        assert captured is None or parsed.build(captured) == segments
        assert captured is None or set(captured) == set(parsed.names)
        assert parsed.exact is None or (captured is not None) == (parsed.exact == "/".join(segments))


def test_candidates_come_in_the_order_they_were_added() -> None:
    index: Index[str] = Index()
    for text in ("/a/*", "/:x/b", "/a/b", "/*", "/a/b/*", "/c/*", "/a/b"):
        index.add(parse(text, NETLIFY), text)

    assert index.candidates(["a", "b"]) == ["/a/*", "/:x/b", "/a/b", "/*", "/a/b/*", "/a/b"]
    assert index.candidates([]) == ["/:x/b", "/*"]
    assert len(index) == 7


def test_ten_thousand_exact_redirects_cost_a_request_what_ten_do() -> None:
    few, many = (compiled([f"/old-{n}" for n in range(count)]) for count in (10, 10_000))

    steps = [(visit(rules, "/old-7"), visit(rules, "/nothing")) for rules in (few, many)]

    assert steps == [(1, 0), (1, 0)]


def test_five_hundred_dynamic_redirects_are_not_tried_in_turn_where_a_prefix_decides() -> None:
    rules = compiled([f"/shop-{n}/:item/*" for n in range(500)])

    assert visit(rules, "/shop-499/x/y") == 1
    assert visit(rules, "/other/x/y") == 0


class Counted(str):
    """A text that counts how much of it comparisons may have looked at."""

    __slots__ = ()
    work = 0

    def rfind(self, *args: object) -> int:
        start, end = args[1], args[2]
        assert isinstance(start, int)
        assert isinstance(end, int)
        found = super().rfind(str(args[0]), start, end)
        Counted.work += end - max(found, start) + len(str(args[0]))
        return found


@pytest.mark.parametrize("pattern", ["/:a-:b-:c-:d-:e-z", "/:a:b:c:d:e:f", "/:aaa-:baaa-:caaa", "/:a--:b--:c--:d-"])
@pytest.mark.parametrize("unit", ["-", "a", "-a", "a-", "--a"])
def test_the_work_of_a_match_grows_no_faster_than_the_path(pattern: str, unit: str) -> None:
    parsed = parse(pattern, CLOUDFLARE)

    work = []
    for size in (1_000, 10_000):
        Counted.work = 0
        parsed.match([Counted(unit * size)])
        work.append(Counted.work)

    assert work[1] <= 11 * work[0] + 100


def compiled(sources: list[str]) -> Compiled:
    return Compiled(Rules(tuple(Redirect(source, "/new", 301) for source in sources)), "netlify")


def visit(rules: Compiled, path: str) -> int:
    before = rules.steps
    rules.rule(Asked(read_path(path.encode()), b"", b"", {}))
    return rules.steps - before


def match(pattern: str, path: str, style: Style) -> dict[str, str] | None:
    address = read_path(path.encode())
    return parse(pattern, style).match(subject(address, folders=style.folders), slash=address.slash)

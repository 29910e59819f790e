"""`_redirects`: what a line means in each dialect, what is refused, and what is reported."""

from dataclasses import replace

import pytest

from appliance.serving.rules.report import MOST_REPORTED, RuleLimits
from appliance.storage.rules import Redirect
from tests.serving.ruled import found, read

COUNTRY = (("Country", ("au", "nz")),)
LINES: list[tuple[str, Redirect | str | None, Redirect | str | None]] = [
    # a line, then the rule or the problem's code in the Netlify dialect, and in the Cloudflare dialect
    ("/a /b", Redirect("/a", "/b", 301), Redirect("/a", "/b", 302, force=True)),
    ("  /a \t /b  307 ", Redirect("/a", "/b", 307), Redirect("/a", "/b", 307, force=True)),
    ("/a /b 301!", Redirect("/a", "/b", 301, force=True), Redirect("/a", "/b", 301, force=True)),
    ("/a /b # why", Redirect("/a", "/b", 301), Redirect("/a", "/b", 302, force=True)),
    ("/a /b#c", Redirect("/a", "/b#c", 301), Redirect("/a", "/b#c", 302, force=True)),
    ("# /a /b", None, None),
    ("", None, None),
    ("/a", "bad_rule", "bad_rule"),
    ("/a b", "bad_rule", "bad_rule"),
    ("a /b", "bad_rule", "bad_rule"),
    ("/a /b 305", "bad_rule", "bad_rule"),
    ("/a /b 410", Redirect("/a", "/b", 410), "bad_rule"),
    ("/a /b 451", Redirect("/a", "/b", 451), "bad_rule"),
    ("/a /b moved", "bad_rule", "bad_rule"),
    ("/a /b 301 more", "bad_rule", "bad_rule"),
    ("/a javascript:alert(1)", "bad_rule", "bad_rule"),
    ("/a https://", "bad_rule", "bad_rule"),
    ("/:a https://:a.example/", "bad_rule", "bad_rule"),
    ("/* https://example.com:splat", "bad_rule", "bad_rule"),
    ("/a https://b.example/c", Redirect("/a", "https://b.example/c", 301), ...),  # type: ignore[list-item]
    ("/a https://b.example/c 200", "proxy_off", "proxy_off"),
    ("/a https://b.example/c 404", "bad_rule", "bad_rule"),
    ("/* 200", Redirect("/*", "/:splat", 200), Redirect("/*", "/:splat", 200)),
    ("/a/* 200!", Redirect("/a/*", "/a/:splat", 200, force=True), Redirect("/a/*", "/a/:splat", 200)),
    ("/* 301", "bad_rule", "bad_rule"),
    ("/a 200", "bad_rule", "bad_rule"),
    ("/* /index.html 200", Redirect("/*", "/index.html", 200), Redirect("/*", "/index.html", 200)),
    ("/app/* /shell 200", Redirect("/app/*", "/shell", 200), Redirect("/app/*", "/shell", 200, force=True)),
    ("/s id=:id /b/:id", Redirect("/s", "/b/:id", 301, query=(("id", ":id"),)), "bad_rule"),
    ("/s a=1 b=:b /t", Redirect("/s", "/t", 301, query=(("a", "1"), ("b", ":b"))), "bad_rule"),
    ("/s?id=1 /t", "bad_rule", "bad_rule"),
    (
        "/ /fr 302 Language=fr,fr-ca Cookie=seen",
        Redirect("/", "/fr", 302, conditions=(("Language", ("fr", "fr-ca")), ("Cookie", ("seen",)))),
        "bad_rule",
    ),
    ("/a /b language=en", Redirect("/a", "/b", 301, conditions=(("Language", ("en",)),)), "bad_rule"),
    ("/a /b 302 Country=au,nz", Redirect("/a", "/b", 302, conditions=COUNTRY), "bad_rule"),
    ("/a /b 302 Moon=full", "bad_rule", "bad_rule"),
    ("/a /b 302 Cookie=", "bad_rule", "bad_rule"),
    (
        "https://old.example/* https://new.example/:splat",
        Redirect("/*", "https://new.example/:splat", 301, host="old.example"),
        ...,  # type: ignore[list-item]
    ),
    ("Old.Example:80/a /b", Redirect("/a", "/b", 301, host="old.example"), ...),  # type: ignore[list-item]
    ("http://:sub.example.com/a /b/:sub", Redirect("/a", "/b/:sub", 301, host=":sub.example.com"), ...),  # type: ignore[list-item]
    ("https://b\u00fccher.example/ /b", Redirect("/", "/b", 301, host="xn--bcher-kva.example"), ...),  # type: ignore[list-item]
    ("https://-/x /b", "bad_rule", "bad_rule"),
    ("https://a..b/x /b", "bad_rule", "bad_rule"),
    ("/*/x /b", "bad_rule", Redirect("/*/x", "/b", 302, force=True)),
    ("/\x00 /b\x01", "bad_rule", "bad_rule"),
]


@pytest.mark.parametrize("case", LINES, ids=lambda case: repr(case[0]))
def test_a_line_means_what_its_dialect_says(case: tuple[str, object, object]) -> None:
    line, *expected = case

    for dialect, wanted in zip(("netlify", "cloudflare"), expected, strict=True):
        rules, problems = read({"_redirects": "\n" + line}, dialect=dialect)
        if isinstance(wanted, Redirect):
            assert [*rules.redirects] == [replace(wanted, line=2)]
        elif wanted is not ...:
            assert (rules.redirects, problems) == ((), [(wanted, 2)] if wanted else [])


def test_lines_end_as_files_do_everywhere() -> None:
    rules, problems = read({"_redirects": "\ufeff/a /b\r\n/c /d\r/e /f\n\nbad"})

    assert [(rule.path, rule.line) for rule in rules.redirects] == [("/a", 1), ("/c", 2), ("/e", 3)]
    assert problems == [("bad_rule", 5)]


def test_a_bad_line_costs_only_itself_and_says_where_it_is() -> None:
    rules, problems = found({"_redirects": "/a /b\n/c /d 999\n/e /f"})

    assert [rule.path for rule in rules.redirects] == ["/a", "/e"]
    assert (problems[0].path, problems[0].line) == ("_redirects", 2)
    assert "999 is not a status" in problems[0].message


def test_a_line_beyond_the_limit_is_left_out() -> None:
    rules, problems = read({"_redirects": "/a /" + "b" * 100 + "\n/c /d"}, limits=RuleLimits(line=50))

    assert [rule.path for rule in rules.redirects] == ["/c"]
    assert problems == [("rule_limit", 1)]


def test_rules_beyond_the_limits_are_left_out_each_kind_by_itself() -> None:
    text = "/a /t\n/b /t\n/c /t\n/d/* /t\n/e/* /t\n/f/:x /t\n"

    rules, problems = found({"_redirects": text}, limits=RuleLimits(exact=2, dynamic=2))

    assert [rule.path for rule in rules.redirects] == ["/a", "/b", "/d/*", "/e/*"]
    assert [one.line for one in problems] == [3, 6]
    assert "redirect_rules)" in problems[0].message
    assert "redirect_rules_dynamic)" in problems[1].message


def test_the_cloudflare_dialect_counts_an_exact_rule_below_a_dynamic_one_as_dynamic() -> None:
    text = "".join(f"/d{n}/* /t\n" for n in range(99)) + "/x /t\n/y /t\n"

    rules, problems = read({"_redirects": text}, dialect="cloudflare")

    assert len(rules.redirects) == 100
    assert problems == [("rule_limit", 101)]


def test_rules_of_one_path_are_as_many_as_dynamic_ones() -> None:
    text = "".join(f"/a /t 302 Cookie=c{n}\n" for n in range(4))

    rules, problems = read({"_redirects": text + "/b /t\n"}, limits=RuleLimits(dynamic=3))

    assert [rule.line for rule in rules.redirects] == [1, 2, 3, 5]
    assert problems == [("rule_limit", 4)]


@pytest.mark.parametrize("second", ["/a /c", "/a/ /c", "/a /c 302 Cookie=d", "site.example/a /c"])
def test_nothing_comes_after_a_rule_that_takes_all(second: str) -> None:
    rules, problems = read({"_redirects": f"/a /b 302 Cookie=c\n/a /b\n{second}"})

    assert [rule.line for rule in rules.redirects] == [1, 2]
    assert problems == [("rule_shadowed", 3)]


def test_the_cloudflare_dialect_ignores_what_stands_twice() -> None:
    rules, problems = read({"_redirects": "/a /b\n/a /c\n/d/* /e\n/d/* /f"}, dialect="cloudflare")

    assert [(rule.path, rule.to) for rule in rules.redirects] == [("/a", "/b"), ("/d/*", "/e")]
    assert problems == [("rule_twice", 2), ("rule_twice", 4)]


def test_what_nothing_here_can_tell_is_kept_and_reported_as_inert() -> None:
    rules, problems = read({"_redirects": "/a /b 302 Country=de\n/a /c 302 Role=admin"})

    assert len(rules.redirects) == 2
    assert problems == [("rule_inert", 1), ("rule_inert", 2)]


def test_a_flood_of_problems_is_counted_instead_of_listed() -> None:
    _, problems = found({"_redirects": "bad\n" * (MOST_REPORTED + 50)})

    assert len(problems) == MOST_REPORTED + 1
    _, one_more = found({"_redirects": "bad\n" * (MOST_REPORTED + 1)})
    assert one_more[-1].message == "_redirects has 1 more problem."
    assert (problems[-1].code, problems[-1].count) == ("more_problems", 50)


def test_what_is_quoted_from_a_file_is_short_and_printable() -> None:
    _, problems = found({"_redirects": "/a /b 301 \x1b" + "x" * 500})

    assert len(problems[0].message) < 200
    assert problems[0].message.isprintable()


CIRCLES: list[tuple[str, str, list[tuple[str, int]], list[str]]] = [
    # dialect, rules, problems, what is kept
    ("netlify", "/a /a", [("rule_same", 1)], []),
    ("netlify", "/a /a/", [("rule_same", 1)], []),
    ("cloudflare", "/a /a/", [], ["/a"]),
    ("netlify", "/a /b\n/b /a", [("rule_loop", 1)], ["/b"]),
    ("netlify", "/a /b\n/b /c\n/c /a", [("rule_loop", 1)], ["/b", "/c"]),
    ("cloudflare", "/* /home", [("rule_same", 1)], []),
    ("netlify", "/* /app/:splat", [("rule_same", 1)], ["/*"]),
    ("cloudflare", "/* /app/:splat", [("rule_same", 1)], []),
    ("netlify", "/* /index.html 301", [], ["/*"]),
    ("netlify", "/* /index.html 301!", [("rule_same", 1)], []),
    ("netlify", "/* /index.html 200", [], ["/*"]),
    ("cloudflare", "/* /index.html 200", [], ["/*"]),
    ("netlify", "/a /b 302 Language=de\n/b /a", [], ["/a", "/b"]),
    ("netlify", "/a https://site.example/a", [], ["/a"]),
    ("cloudflare", "/docs/ /docs", [("rule_loop", 1)], []),
    ("cloudflare", "/docs /docs/", [], ["/docs"]),
    ("netlify", "/docs/x /docs", [], ["/docs/x"]),
    ("netlify", "/a /b\n/b /about 200!", [], ["/a", "/b"]),
    (
        "netlify",
        "/old/* /new/:splat\n/new/* /old/:splat 302",
        [("rule_loop", 1), ("rule_loop", 2)],
        ["/old/*", "/new/*"],
    ),
]


@pytest.mark.parametrize("case", CIRCLES, ids=lambda case: f"{case[0]} {case[1]!r}")
def test_what_would_send_visitors_in_circles_is_left_out(
    case: tuple[str, str, list[tuple[str, int]], list[str]],
) -> None:
    dialect, text, expected, kept = case

    rules, problems = read({"_redirects": text, "index.html": "home", "docs/index.html": "docs"}, dialect=dialect)

    assert problems == expected
    assert [rule.path for rule in rules.redirects] == kept


SHADOWS: list[tuple[str, str, list[int]]] = [
    ("netlify", "/index.html /b", [1]),
    ("netlify", "/ /b", [1]),
    ("netlify", "/docs /b", [1]),
    ("netlify", "/index.html /b 301!", []),
    ("cloudflare", "/index.html /b", []),
    ("netlify", "/missing /b", []),
    ("netlify", "/a/* /b\n/a/x /c\n/a/:n /d\n/a /e\n/b /f", [2, 3, 4]),
    ("netlify", "/a/:x /b\n/a/* /c", []),
    ("netlify", "/:x/* /b 404\n/* https://c.example/", []),
    ("netlify", "/* /b 302 Language=de\n/* https://c.example/", []),
    ("cloudflare", "/a/* /x\n/a/b/* /y\n/a /z", [2]),
]


@pytest.mark.parametrize("case", SHADOWS, ids=lambda case: f"{case[0]} {case[1]!r}")
def test_what_is_never_reached_is_reported_and_kept(case: tuple[str, str, list[int]]) -> None:
    dialect, text, lines = case

    rules, problems = read({"_redirects": text, "index.html": "home", "docs/index.html": "docs"}, dialect=dialect)

    assert problems == [("rule_shadowed", line) for line in lines]
    assert len(rules.redirects) == text.count("\n") + 1


def test_a_look_at_ten_thousand_rules_ends() -> None:
    exact = "".join(f"/old-{n} /new-{n}\n" for n in range(10_000))
    dynamic = "".join(f"/:a/x{n} /y{n}\n" for n in range(500))

    rules, problems = read({"_redirects": exact + dynamic})

    assert len(rules.redirects) == 10_500
    assert problems == []

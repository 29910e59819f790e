"""What visitors get from a site with redirects: an outcome for each request, in both dialects."""

from pathlib import Path
from typing import Any

import pytest

from appliance.serving.rules.conditions import hold, language
from tests.serving.ruled import ask, outcome, ruled

FILES = {
    "index.html": "home",
    "a.html": "a",
    "docs/index.html": "docs",
    "blog/7.html": "seven",
    "fr/index.html": "accueil",
    "gone.html": "gone",
    "shop/item.html": "item",
    "404.html": "nothing",
}
NOTHING = "404 404.html"
Case = tuple[str, str, str, str]
CASES: list[Case] = [
    # rules, target, outcome in the Netlify dialect, in the Cloudflare dialect ("" where the rule is not valid)
    ("/x /y", "/x", "301 /y", "302 /y"),
    ("/x /y", "/x/", "301 /y", NOTHING),
    ("/x/ /y", "/x", "301 /y", NOTHING),
    ("/x /y", "//x", "301 /y", "302 /y"),
    ("/x /y", "/%78", "301 /y", "302 /y"),
    ("/x /y", "/z/../x", "301 /y", "302 /y"),
    ("/x /y 308", "/x?a=1&b=?", "308 /y?a=1&b=?", "308 /y?a=1&b=?"),
    ("/x /y?own 302", "/x?a=1", "302 /y?own", "302 /y?own"),
    ("/x /y#part 302", "/x?a=1", "302 /y?a=1#part", "302 /y?a=1#part"),
    ("/x https://e.example 302", "/x?a", "302 https://e.example/?a", "302 https://e.example/?a"),
    ("/x /caf\u00e9%20x 302", "/x", "302 /caf%C3%A9%20x", "302 /caf%C3%A9%20x"),
    ("/a /y", "/a", "200 a.html", "302 /y"),
    ("/a /y 301!", "/a", "301 /y", "301 /y"),
    ("/docs /y", "/docs", "301 /docs/", "302 /y"),
    ("/docs/ /y 302!", "/docs/", "302 /y", "302 /y"),
    ("/news/* /blog/:splat 302", "/news", "302 /blog/", NOTHING),
    ("/news/* /blog/:splat 302", "/news/a/b?q", "302 /blog/a/b?q", "302 /blog/a/b?q"),
    ("/news/* /blog/:splat 302", "/news/a/", "302 /blog/a/", "302 /blog/a/"),
    ("/:y/:m /b/c/:m-:y 302", "/2020/05", "302 /b/c/05-2020", "302 /b/c/05-2020"),
    ("/:y/:m /b/c/:mm 302", "/2020/05", "302 /b/c/:mm", "302 /b/c/:mm"),
    ("/p/* /q?x=:splat 302", "/p/a&b=c/d", "302 /q?x=a%26b%3Dc%2Fd", "302 /q?x=a%26b%3Dc%2Fd"),
    ("/p/* /q/:splat 302", "/p/%C3%A9%20%25%2F", "302 /q/%C3%A9%20%25%2F", "302 /q/%C3%A9%20%25%2F"),
    ("/s id=:id /b/:id 302", "/s?id=7", "302 /b/7?id=7", ""),
    ("/s id=:id /blog/:id 200", "/s?id=7", "200 blog/7.html", ""),
    ("/s id=:id /b/:id 302", "/s?id=7&more=1", NOTHING, ""),
    ("/s id=:id /b/:id 302", "/s", NOTHING, ""),
    ("/s id=1 /b 302", "/s?id=2", NOTHING, ""),
    ("/s id=1 /b 302", "/s?id=1&id=2&&", "302 /b?id=1&id=2&&", ""),
    ("/s id=1 /b 302", "/s?" + "id=1&" * 11, NOTHING, ""),
    ("/s id=a+b /b 302", "/s?id=a%2Bb", "302 /b?id=a%2Bb", ""),
    ("/x /a 200", "/x", "200 a.html", "200 a.html"),
    ("/x /a.html 200", "/x", "200 a.html", "200 a.html"),
    ("/x /docs 200", "/x", "200 docs/index.html", "200 docs/index.html"),
    ("/x /none 200", "/x", NOTHING, NOTHING),
    ("/x /y 200\n/y /a 200", "/x", NOTHING, NOTHING),
    ("/* /index.html 200", "/deep/link", "200 index.html", "200 index.html"),
    ("/* /index.html 200", "/app.js", "200 index.html", "200 index.html"),
    ("/* /index.html 200", "/a", "200 a.html", "200 a.html"),
    ("/blog/* /blog/:splat 200", "/blog/7", "200 blog/7.html", "200 blog/7.html"),
    ("/shop/* /shop/item 200!", "/shop/other", "200 shop/item.html", "200 shop/item.html"),
    ("/x /gone 410", "/x", "410 gone.html", ""),
    ("/x /gone 451", "/x", "451 gone.html", ""),
    ("/x /gone 403", "/x", "403 gone.html", ""),
    ("/x /gone 404", "/x", "404 gone.html", ""),
    ("/a /gone 410!", "/a", "410 gone.html", ""),
    ("/x /none 410", "/x", NOTHING, ""),
    ("/x/1 /one 302\n/x/* /many 302", "/x/1", "302 /one", "302 /one"),
    ("/x/* /many 302\n/x/1 /one 302", "/x/1", "302 /many", "302 /many"),
    ("/x/:id /id 302\n/:x/1 /one 302", "/x/1", "302 /id", "302 /id"),
    ("/* /fr/:splat 302", "/index", "200 index.html", "200 index.html"),
    ("/* /fr/:splat 302", "/x", NOTHING, NOTHING),
    ("/* /docs/:splat 302", "/index.htm", NOTHING, NOTHING),
    ("/:x/* /fr/:splat 302", "/en/", "302 /fr/", NOTHING),
    ("/*/z /w/:splat 302", "/x/y/z", "", "302 /w/x/y"),
    ("https://other.example/x /y 302", "/x", NOTHING, NOTHING),
    ("https://site.localhost/x /y 302", "/x", "302 /y", "302 /y"),
    ("site.localhost/x /y 302", "/x", "302 /y", "302 /y"),
    ("http://:who.localhost/x /y/:who 302", "/x", "302 /y/site", "302 /y/site"),
    ("/x /y 302 Country=de\n/x /z 302", "/x", "302 /z", ""),
    ("/x /y 302 Role=admin", "/x", NOTHING, ""),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]!r} {case[1]}")
@pytest.mark.parametrize("dialect", ["netlify", "cloudflare"])
def test_a_request_has_its_outcome(tmp_path: Path, dialect: str, case: Case) -> None:
    rules, target, netlify, cloudflare = case
    expected = netlify if dialect == "netlify" else cloudflare
    files = {**FILES, "_redirects": rules}
    release = ruled(tmp_path, files, dialect=dialect, html="natural")

    outcomes = [outcome(ask(release, target), files) for _ in range(2)]

    assert not expected or outcomes == [expected] * 2


@pytest.mark.parametrize(
    ("rules", "target"),
    [
        ("/* /:splat 302!", "/%5Cevil.example"),
        ("/x/* /:splat 302", "/x/%5C%5Cevil.example"),
        ("/x/* /:splat 302", "/x/%2Fevil.example"),
        ("/x/* /:splat 302", "/x/%252Fevil.example"),
        ("/x/* //:splat 302", "/x/evil.example"),
        ("/x/* /\\:splat 302", "/x/evil.example"),
        ("/x/* /%2f:splat 302", "/x/evil.example"),
        ("/x/:a /:a 302", "/x/%2F%2Fevil.example"),
    ],
)
def test_a_captured_path_is_no_way_out_of_the_site(tmp_path: Path, rules: str, target: str) -> None:
    location = dict(ask(ruled(tmp_path, {"_redirects": rules}), target).fields).get(b"location", b"/")

    assert not location.startswith((b"//", b"/\\", b"/%2F", b"/%2f", b"/%5C"))


def test_a_redirect_is_checked_again_by_caches_and_says_what_every_answer_says(tmp_path: Path) -> None:
    reply = ask(ruled(tmp_path, {"_redirects": "/x /y"}, preview=True), "/x")

    fields = dict(reply.fields)
    assert fields[b"cache-control"] == b"public, max-age=0, must-revalidate"
    assert fields[b"x-content-type-options"] == b"nosniff"
    assert fields[b"x-robots-tag"] == b"noindex"
    assert b"vary" not in fields


VISITORS: list[tuple[str, dict[str, str], str, str]] = [
    # rules, request headers, outcome at /x, what the answer varies by
    ("/x /fr 302 Language=fr", {"Accept-Language": "fr"}, "302 /fr", "accept-language, cookie"),
    ("/x /fr 302 Language=fr", {"Accept-Language": "fr-CA"}, "302 /fr", "accept-language, cookie"),
    ("/x /fr 302 Language=fr-ca", {"Accept-Language": "fr"}, NOTHING, "accept-language, cookie"),
    ("/x /fr 302 Language=en,fr", {"Accept-Language": "de;q=0.5, fr;q=0.9"}, "302 /fr", "accept-language, cookie"),
    ("/x /fr 302 Language=fr", {"Accept-Language": "de, fr"}, NOTHING, "accept-language, cookie"),
    ("/x /fr 302 Language=fr", {}, NOTHING, "accept-language, cookie"),
    (
        "/x /fr 302 Language=fr",
        {"Accept-Language": "de", "Cookie": "a=b; nf_lang=fr"},
        "302 /fr",
        "accept-language, cookie",
    ),
    ("/x /in 302 Cookie=seen,other", {"Cookie": "a=1; seen=0"}, "302 /in", "cookie"),
    ("/x /in 302 Cookie=seen", {"Cookie": "unseen=1"}, NOTHING, "cookie"),
    ("/x /a 200 Cookie=seen", {"Cookie": "seen=1"}, "200 a.html", "cookie"),
    ("/x /in 302 Cookie=seen\n/x /out 302", {}, "302 /out", "cookie"),
    ("/x /out 302\n/x /in 302 Cookie=seen", {}, "302 /out", ""),
    ("/x /in 302 Cookie=seen Language=fr", {"Cookie": "seen=1"}, NOTHING, "cookie, accept-language"),
]


@pytest.mark.parametrize("case", VISITORS, ids=lambda case: f"{case[0]!r} {case[1]}")
def test_conditions_look_at_the_visitor_and_answers_say_so(
    tmp_path: Path, case: tuple[str, dict[str, str], str, str]
) -> None:
    rules, headers, expected, vary = case
    files = {**FILES, "_redirects": rules}

    reply = ask(ruled(tmp_path, files), "/x", headers)

    fields = dict(reply.fields)
    assert outcome(reply, files) == expected
    assert fields.get(b"vary", b"").decode() == vary
    private = b"no-store" if reply.status == 404 else b"private, max-age=0, must-revalidate"
    assert not vary or fields[b"cache-control"] == private


def test_a_file_before_which_a_rule_may_go_is_never_ready(tmp_path: Path) -> None:
    files = {**FILES, "_redirects": "/a /in 302! Cookie=seen\n/docs/* /in 302 Cookie=seen\n/ l=:l /:l 302!"}
    release = ruled(tmp_path, files)

    outcomes = [
        outcome(ask(release, target, {"Cookie": cookie}), files)
        for target in ("/a", "/docs/", "/", "/?l=fr")
        for cookie in ("none=1", "seen=1", "none=1")
    ]

    assert outcomes[:3] == ["200 a.html", "302 /in", "200 a.html"]
    assert outcomes[3:6] == ["200 docs/index.html"] * 3
    assert outcomes[6:] == ["200 index.html"] * 3 + ["302 /fr?l=fr"] * 3
    assert set(release.ready) == {b"/docs/"}
    assert dict(ask(release, "/a").fields)[b"vary"] == b"cookie"
    assert b"vary" not in dict(ask(release, "/docs/").fields)


def test_a_ready_page_has_the_headers_of_its_own_path(tmp_path: Path) -> None:
    release = ruled(tmp_path, {**FILES, "_headers": "/a\n X-A: 1\n/a.html\n X-A: 2"})

    sent = [[dict(ask(release, path).fields).get(b"x-a") for _ in range(3)] for path in ("/a", "/a.html", "/a/")]

    assert sent == [[b"1"] * 3, [b"2"] * 3, [b"1"] * 3]
    assert {b"/a", b"/a.html"} <= set(release.ready)


def test_headers_are_matched_on_the_path_that_was_asked_for(tmp_path: Path) -> None:
    release = ruled(tmp_path, {**FILES, "_redirects": "/x /a 200", "_headers": "/x\n X-A: asked\n/a*\n X-A: file"})

    assert dict(ask(release, "/x").fields)[b"x-a"] == b"asked"


def test_a_rewritten_page_keeps_conditions_and_ranges(tmp_path: Path) -> None:
    release = ruled(tmp_path, {**FILES, "_redirects": "/* /index.html 200"})
    etag = dict(ask(release, "/x").fields)[b"etag"].decode()

    assert ask(release, "/y", {"If-None-Match": etag}).status == 304
    assert ask(release, "/y", {"Range": "bytes=0-1"}).status == 206


# --- single-page applications

APP = {"index.html": "app", "app.js": "js", "404.html": "nothing"}
BARE = {"index.html": "app", "app.js": "js"}
OWN = {**APP, "200.html": "shell"}
FALLBACKS: list[tuple[dict[str, str], dict[str, Any], str, dict[str, str], str]] = [
    # files, options, target, request headers, outcome
    (APP, {}, "/deep", {}, NOTHING),
    (APP, {"spa": True}, "/deep", {}, "200 index.html"),
    (APP, {"spa": True}, "/deep/er/", {}, "200 index.html"),
    (APP, {"spa": True}, "/user/jo.smith", {}, "200 index.html"),
    (APP, {"spa": True}, "/v1.2", {}, "200 index.html"),
    (APP, {"spa": True}, "/js", {}, "200 index.html"),
    (APP, {"spa": True}, "/old-app.js", {}, NOTHING),
    (APP, {"spa": True}, "/deep/LOGO.PNG", {}, NOTHING),
    (APP, {"spa": True}, "/app.js", {}, "200 app.js"),
    (APP, {"spa": True}, "/deep", {"Sec-Fetch-Mode": "navigate"}, "200 index.html"),
    (APP, {"spa": True}, "/deep", {"Sec-Fetch-Mode": "cors"}, NOTHING),
    (OWN, {}, "/deep", {}, "200 200.html"),
    (OWN, {"spa": True}, "/deep", {}, "200 200.html"),
    (BARE, {"dialect": "cloudflare"}, "/deep", {}, "200 index.html"),
    (BARE, {"dialect": "cloudflare"}, "/deep.js", {}, "404"),
    (APP, {"dialect": "cloudflare"}, "/deep", {}, NOTHING),
    (BARE, {}, "/deep", {}, "404"),
    ({"a.html": "a"}, {"spa": True}, "/deep", {}, "404"),
    ({"index.htm": "app"}, {"spa": True}, "/deep", {}, "200 index.htm"),
    ({**APP, "_redirects": "/* /index.html 200"}, {}, "/missing.js", {"Sec-Fetch-Mode": "cors"}, "200 index.html"),
    ({**APP, "_redirects": "/old /new"}, {"spa": True}, "/old", {}, "301 /new"),
]


@pytest.mark.parametrize("case", FALLBACKS, ids=lambda case: f"{[*case[0]]} {case[1]} {case[2]} {case[3]}")
def test_an_application_answers_for_its_own_addresses_only(
    tmp_path: Path, case: tuple[dict[str, str], dict[str, Any], str, dict[str, str], str]
) -> None:
    files, options, target, headers, expected = case

    assert outcome(ask(ruled(tmp_path, files, **options), target, headers), files) == expected


def test_a_fallback_says_that_it_depends_on_who_asks_and_is_never_ready(tmp_path: Path) -> None:
    release = ruled(tmp_path, APP, spa=True)

    reply = ask(release, "/deep")

    assert dict(reply.fields)[b"vary"] == b"sec-fetch-mode"
    assert release.ready == {}
    assert ask(release, "/deep") is reply


@pytest.mark.parametrize(
    ("value", "best"),
    [
        ("", ""),
        ("de", "de"),
        ("de;q=0.5, EN-us", "en-us"),
        ("de;q=0", ""),
        ("de;q=x, fr;q=0.1", "fr"),
        ("de;q=2,fr", "de"),
        ("a;b=c, d", "a"),
        (",;q=,;;==,", ""),
    ],
)
def test_the_language_is_the_heaviest_tag(value: str, best: str) -> None:
    assert language({b"accept-language": value.encode()}) == best


def test_a_condition_that_nothing_can_tell_never_holds() -> None:
    assert not hold((("Country", ("de",)),), {})
    assert hold((), {})

"""`_headers`: blocks, refused names, values that use the path, locks; in each dialect."""

from pathlib import Path
from typing import Any

import pytest

from appliance.serving.addresses import ROOT
from appliance.serving.rules.compiled import Compiled
from appliance.serving.rules.edits import NO_EDIT, Edit
from appliance.serving.rules.headers import MOST_USERS, REFUSED
from appliance.serving.rules.reading import Unlockable
from appliance.serving.rules.report import RuleLimits
from appliance.storage.rules import HeaderBlock, Lock, Rules
from tests.serving.ruled import ask, found, hashed, read, ruled

FILES = {"index.html": "home", "a/b.js": "js", "404.html": "none"}
BASIC = "Basic-Auth"


def fields(folder: Path, headers: str, target: str, *, host: str = "site.localhost", **options: Any) -> dict[str, str]:
    release = ruled(folder, {**FILES, "_headers": headers}, **options)
    return {name.decode(): value.decode() for name, value in ask(release, target, host=host).fields}


def test_a_block_is_a_path_and_the_lines_below_it() -> None:
    text = "# all\n/*\n  X-A: 1\n\tX-B:2: 3\n\n/a/*\n# less\n  X-A:   4  \n"

    rules, problems = read({"_headers": text})

    assert rules.headers == (
        HeaderBlock("/*", (("x-a", "1"), ("x-b", "2: 3")), line=2),
        HeaderBlock("/a/*", (("x-a", "4"),), line=6),
    )
    assert problems == []


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_the_servers_to_send_is_refused_and_reported(name: str) -> None:
    rules, problems = read({"_headers": f"/*\n  {name.title()}: x\n  X-Fine: y"})

    assert rules.headers[0].fields == (("x-fine", "y"),)
    assert problems == [("header_refused", 2)]


def test_a_deploy_made_before_they_were_refused_gives_no_orders_to_a_server_in_front() -> None:
    block = HeaderBlock("/*", (("x-accel-redirect", "/private"), ("x-fine", "y")))

    edit, _ = Compiled(Rules(headers=(block,)), "netlify").edit(ROOT, b"site.localhost")

    assert edit.fields == ((b"x-fine", b"y"),)


@pytest.mark.parametrize(
    "line", ["no colon", ": value", "X Y: 1", "X-\u00e9: 1", "X-A:", "X-A: a\x00b", "X-A: \x7f", "X-A: a\x0bb"]
)
def test_a_line_that_is_no_header_is_reported_with_its_number(line: str) -> None:
    rules, problems = read({"_headers": "/*\n  X-Fine: y\n  " + line})

    assert rules.headers[0].fields == (("x-fine", "y"),)
    assert problems == [("bad_header", 3)]


def test_a_header_without_a_path_and_a_path_that_is_none_are_reported() -> None:
    rules, problems = read({"_headers": "X-A: 1\n/*/*\n  X-B: 2\n/ok\n  X-C: 3\nhttps://-/x\n  X-D: 4"})

    assert [block.path for block in rules.headers] == ["/ok"]
    assert problems == [("bad_header", 1), ("bad_rule", 2), ("bad_header", 3), ("bad_rule", 6), ("bad_header", 7)]


def test_blocks_and_lines_beyond_the_limits_are_left_out() -> None:
    text = "/a\n X-A: 1\n/b\n X-B: 2\n/c\n X-C: 3\n"

    rules, problems = read({"_headers": text + " X-Long: " + "x" * 99}, limits=RuleLimits(headers=2, line=50))

    assert [block.path for block in rules.headers] == ["/a", "/b"]
    assert problems == [("rule_limit", 5), ("bad_header", 6), ("rule_limit", 7)]


def test_every_matching_block_applies_in_order(tmp_path: Path) -> None:
    headers = "/*\n X-A: all\n X-B: all\n/a/*\n X-A: a\n/other\n X-A: other"

    assert fields(tmp_path, headers, "/a/b.js").items() >= {"x-a": "a", "x-b": "all"}.items()


def test_the_same_name_twice_is_joined_inside_a_block_and_replaced_by_a_later_one(tmp_path: Path) -> None:
    headers = "/*\n X-A: 1\n X-A: 2\n/a/*\n X-A: 3\n X-A: 4"

    assert fields(tmp_path, headers, "/")["x-a"] == "1, 2"
    assert fields(tmp_path, headers, "/a/b.js")["x-a"] == "3, 4"


def test_the_cloudflare_dialect_joins_across_blocks_and_takes_off(tmp_path: Path) -> None:
    headers = "/*\n X-A: 1\n X-B: 2\n/a/*\n X-A: 3\n ! X-B\n ! X-Never\n"

    sent = fields(tmp_path, headers, "/a/b.js", dialect="cloudflare")

    assert sent["x-a"] == "1, 3"
    assert "x-b" not in sent
    assert fields(tmp_path, headers, "/", dialect="cloudflare")["x-b"] == "2"


def test_taking_off_is_for_the_cloudflare_dialect_and_for_names() -> None:
    assert read({"_headers": "/*\n ! X-A"})[1] == [("bad_header", 2)]
    assert read({"_headers": "/*\n ! X A"}, dialect="cloudflare")[1] == [("bad_header", 2)]


def test_values_may_use_what_the_path_captured_and_cannot_inject(tmp_path: Path) -> None:
    headers = '/:a/*\n X-P: :a and :splat, :b\n Link: </:a>; rel="x:y"'
    release = ruled(tmp_path, {**FILES, "_headers": headers})

    sent = dict(ask(release, '/caf%C3%A9"/d%2Fe f').fields)

    assert sent[b"x-p"] == b"caf%C3%A9%22 and d%2Fe%20f, :b"
    assert sent[b"link"] == b'</caf%C3%A9%22>; rel="x:y"'
    assert ask(release, "/a%0d%0aX:y/b").status == 400


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("https://one.example/*", "one.example", True),
        ("https://one.example/*", "ONE.example.:443", True),
        ("https://one.example/*", "two.example", False),
        ("https://:x.one.example/*", "two.one.example", True),
        ("https://*.one.example/*", "a.b.one.example", False),
        ("http://*.example/*", "b.other", False),
    ],
)
def test_an_absolute_path_is_for_its_host_only(tmp_path: Path, pattern: str, host: str, matches: bool) -> None:
    release = ruled(tmp_path, {**FILES, "_headers": f"{pattern}\n X-A: 1"})

    for _ in range(2):
        assert (b"x-a" in dict(ask(release, "/", host=host).fields)) == matches
        assert b"x-a" not in dict(ask(release, "/", host="elsewhere.test").fields)


def test_a_label_of_the_host_may_be_used_in_a_value(tmp_path: Path) -> None:
    assert fields(tmp_path, "https://:x.example/*\n X-A: is :x", "/", host="me.example")["x-a"] == "is me"


def test_our_own_headers_give_way_except_what_keeps_a_preview_out_of_indexes(tmp_path: Path) -> None:
    headers = "/*\n Referrer-Policy: no-referrer\n X-Robots-Tag: all\n Cache-Control: max-age=9\n Content-Type: a/b"
    files = {**FILES, "_headers": headers}

    live, preview = (dict(ask(ruled(tmp_path, files, preview=kind), "/").fields) for kind in (False, True))

    assert live[b"referrer-policy"] == b"no-referrer"
    assert live[b"cache-control"] == b"max-age=9"
    assert live[b"content-type"] == b"a/b"
    assert preview[b"referrer-policy"] == b"no-referrer"
    assert (live[b"x-robots-tag"], preview[b"x-robots-tag"]) == (b"all", b"noindex")


@pytest.mark.parametrize(
    ("target", "headers", "status", "caching"),
    [
        ("/", {}, 200, True),
        ("/", {"Range": "bytes=0-1"}, 206, True),
        ("/", {"If-None-Match": "*"}, 304, True),
        ("/old", {}, 301, True),
        ("/a/none", {}, 404, False),
        ("/gone", {}, 410, False),
    ],
)
def test_headers_go_with_every_answer_of_the_site(
    tmp_path: Path, target: str, headers: dict[str, str], status: int, caching: bool
) -> None:
    own = "/*\n X-Frame-Options: DENY\n Cache-Control: public, max-age=60\n Expires: never\n Content-Type: text/x"
    release = ruled(tmp_path, {**FILES, "_headers": own, "_redirects": "/old /new\n/gone /404.html 410"})

    reply = ask(release, target, headers)

    sent = dict(reply.fields)
    assert reply.status == status
    assert sent[b"x-frame-options"] == b"DENY"
    assert (sent.get(b"expires") == b"never") == caching
    assert sent[b"cache-control"] == (b"public, max-age=60" if caching else b"no-store")
    assert (sent.get(b"content-type") == b"text/x") == (status in {200, 206})


def test_our_own_page_for_what_is_missing_has_the_sites_headers(tmp_path: Path) -> None:
    reply = ask(ruled(tmp_path, {"a": "a", "_headers": "/*\n X-A: 1\n Cache-Control: public"}), "/none")

    assert reply.status == 404
    assert dict(reply.fields)[b"x-a"] == b"1"
    assert dict(reply.fields)[b"cache-control"] == b"no-store"
    assert dict(reply.fields)[b"content-length"] == b"%d" % len(reply.body)


@pytest.mark.parametrize("target", ["/_headers", "/_redirects", "/netlify.toml", "/.git/config"])
def test_rule_files_are_never_served(tmp_path: Path, target: str) -> None:
    files = {"_headers": "/*\n X: 1", "_redirects": "/x /y", "netlify.toml": "", ".git/config": ""}

    assert ask(ruled(tmp_path, files), target).status == 404


def test_an_edit_joins_what_answers_vary_by() -> None:
    edit = Edit(((b"vary", b"X-A, Accept-Encoding"),)).depends_on((b"cookie",))

    applied = dict(edit.apply(200, ((b"vary", b"accept-encoding"), (b"cache-control", b"public"))))

    assert applied[b"vary"] == b"Accept-Encoding, X-A, cookie"
    assert applied[b"cache-control"] == b"private, max-age=0, must-revalidate"
    assert dict(Edit(((b"vary", b"*"),)).depends_on((b"cookie",)).apply(200, ()))[b"vary"] == b"*"


def test_an_edit_leaves_alone_what_it_has_nothing_to_say_of() -> None:
    own = ((b"cache-control", b"no-store"),)

    assert NO_EDIT.apply(200, own) is own
    assert NO_EDIT.depends_on(()) is NO_EDIT
    assert dict(NO_EDIT.depends_on((b"cookie",)).apply(404, own))[b"cache-control"] == b"no-store"


# --- locks


def test_basic_auth_becomes_a_lock_and_no_header() -> None:
    rules, problems = read({"_headers": f"/in/*\n  {BASIC}: ann:secret bob:pa:ss\n  X-A: 1"})

    assert rules.locks == (Lock("/in/*", (f"ann:{hashed('secret')}", f"bob:{hashed('pa:ss')}")),)
    assert rules.headers[0].fields == (("x-a", "1"),)
    assert problems == []


@pytest.mark.parametrize("value", ["", "ann", "ann:", ":secret", "ann:secret bob"])
def test_a_slip_in_basic_auth_is_reported_without_its_text_and_locks_all_the_same(value: str) -> None:
    rules, problems = found({"_headers": f"/in/*\n  {BASIC}: {value}"})

    assert [lock.path for lock in rules.locks] == ["/in/*"]
    assert [(one.code, one.line) for one in problems] == [("bad_lock", 2)]
    assert "secret" not in problems[0].message
    assert "ann" not in problems[0].message


def test_no_more_passwords_are_hashed_than_a_deploy_can_bear() -> None:
    users = " ".join(f"u{n}:p" for n in range(MOST_USERS + 5))

    rules, problems = read({"_headers": f"/in/*\n  {BASIC}: {users}"})

    assert len(rules.locks[0].users) == MOST_USERS
    assert problems == [("bad_lock", 2)]


@pytest.mark.parametrize(
    "text",
    [
        f"{BASIC}: a:b",
        f"/*/*\n {BASIC}: a:b",
        f"/ok\n X-A: 1\n//[\x00 *?\n {BASIC.lower()}: a:b",
        f"/one\n X: 1\n/two\n {BASIC}: a:b",
    ],
)
def test_a_lock_below_a_path_that_cannot_be_used_stops_the_deploy(text: str) -> None:
    with pytest.raises(Unlockable, match="Nothing was published"):
        read({"_headers": text}, limits=RuleLimits(headers=1))


def test_a_line_of_passwords_may_be_longer_than_others() -> None:
    rules, _ = read({"_headers": f"/in\n {BASIC}: a:{'x' * 99}"}, limits=RuleLimits(line=50))

    assert len(rules.locks[0].users) == 1

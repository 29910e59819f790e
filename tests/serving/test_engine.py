import time
from pathlib import Path

import pytest

from appliance.serving.engine import Request, answer
from appliance.serving.release import Release, compile_release
from appliance.serving.replies import UNKNOWN_HOST, Reply
from appliance.storage.manifest import Entry, Manifest
from tests.serving.lanes import etag, release


def ask(served: Release, target: str, method: bytes = b"GET", **headers: str) -> Reply:
    sent = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return answer(Request(method, target.encode(), sent), served)


def test_rule_files_and_repositories_are_never_served(tmp_path: Path) -> None:
    files = {"_redirects": b"r", "_headers": b"h", "netlify.toml": b"t", ".git/config": b"g", "a/_redirects": b"mine"}
    served = release(tmp_path, files)

    statuses = {name: ask(served, "/" + name).status for name in files}

    assert statuses == {**dict.fromkeys(files, 404), "a/_redirects": 200}


def test_a_name_in_another_unicode_form_is_found(tmp_path: Path) -> None:
    served = release(tmp_path, {"e\u0301.html": b"nfd"})

    assert ask(served, "/%C3%A9.html").status == 200
    assert ask(served, "/e%CC%81.html").status == 200


def test_only_canonical_spellings_are_remembered(tmp_path: Path) -> None:
    served = release(tmp_path, {"a b/index.html": b"x", "c.html": b"c"})

    for target in (
        "/a%20b/",
        "/%61%20b/",
        "//a%20b/",
        "/a%20b/?q=1",
        "/a%20b/./",
        "/c",
        "/c.html",
        "/c/",
        "/%63",
        "/zzz",
    ):
        ask(served, target)

    assert set(served.ready) == {b"/a%20b/", b"/c", b"/c.html", b"/c/"}
    assert ask(served, "/a%20b/") is ask(served, "/%61%20b/")


def test_the_query_does_not_matter_to_files_and_goes_along_on_a_move(tmp_path: Path) -> None:
    served = release(tmp_path, {"d/index.html": b"d"})

    assert ask(served, "/d/?a=1&b=?").status == 200
    assert dict(ask(served, "/d?a=1&b=?").fields)[b"location"] == b"/d/?a=1&b=?"


def test_a_folder_whose_name_looks_like_a_host_is_no_way_out(tmp_path: Path) -> None:
    served = release(tmp_path, {"evil.example/index.html": b"x", "\\evil.example/index.html": b"x"})

    locations = [
        dict(ask(served, t).fields)[b"location"] for t in ("//evil.example", "/%5Cevil.example", "/.//evil.example")
    ]

    assert locations == [b"/evil.example/"] * 3


def test_head_ignores_ranges(tmp_path: Path) -> None:
    served = release(tmp_path, {"a.txt": b"0123456789"})

    assert ask(served, "/a.txt", b"HEAD", range="bytes=0-0").status == 200


def test_an_empty_file_is_sent_without_a_look_at_the_disk(tmp_path: Path) -> None:
    reply = ask(release(tmp_path, {"empty.txt": b""}), "/empty.txt")

    assert (reply.status, reply.part, reply.body) == (200, None, b"")


def test_a_not_modified_answer_says_what_caches_need_and_no_more(tmp_path: Path) -> None:
    reply = ask(release(tmp_path, {"a.txt": b"a"}, preview=True), "/a.txt", if_none_match="*")

    assert {name for name, _ in reply.fields} == {
        b"etag",
        b"cache-control",
        b"x-content-type-options",
        b"referrer-policy",
        b"x-robots-tag",
    }


@pytest.mark.parametrize(
    ("target", "method", "headers"),
    [
        ("/", b"GET", {}),
        ("/zzz", b"GET", {}),
        ("/d", b"GET", {}),
        ("/%00", b"GET", {}),
        ("/", b"POST", {}),
        ("/", b"OPTIONS", {}),
        ("/", b"GET", {"range": "bytes=0-0"}),
        ("/", b"GET", {"range": "bytes=9-"}),
        ("/", b"GET", {"if_match": '"x"'}),
        ("/", b"GET", {"if_none_match": "*"}),
    ],
)
def test_every_answer_of_a_preview_keeps_robots_away(
    tmp_path: Path, target: str, method: bytes, headers: dict[str, str]
) -> None:
    files = {"index.html": b"x", "d/index.html": b"d"}

    preview, live = (ask(release(tmp_path, files, preview=p), target, method, **headers) for p in (True, False))

    assert (b"x-robots-tag", b"noindex") in preview.fields
    assert b"x-robots-tag" not in dict(live.fields)
    assert preview.status == live.status


def test_an_unknown_html_mode_is_served_as_natural(tmp_path: Path) -> None:
    assert ask(release(tmp_path, {"x.html": b"x"}, html="of-the-future"), "/x").status == 200


def test_the_entity_tag_is_half_the_hash(tmp_path: Path) -> None:
    reply = ask(release(tmp_path, {"a.txt": b"a"}), "/a.txt")

    assert dict(reply.fields)[b"etag"].decode() == etag(b"a")


def test_ten_thousand_entries_are_compiled_in_no_time(tmp_path: Path) -> None:
    entries = {f"docs/page-{n}.html": Entry(f"{n:064x}", 10, "text/html", 0) for n in range(10_000)}
    manifest = Manifest(entries=entries)

    started = time.process_time()
    served = compile_release(site="s", deploy="d", preview=False, manifest=manifest, blob_path=tmp_path.joinpath)

    assert time.process_time() - started < 0.5  # takes a few milliseconds; this only catches another order
    assert served.entries is entries


def test_the_unknown_host_page_gives_nothing_away() -> None:
    assert UNKNOWN_HOST.status == 404
    assert (b"cache-control", b"no-store") in UNKNOWN_HOST.fields
    assert b"<title>There is no site here</title>" in UNKNOWN_HOST.body
    assert b"http" not in UNKNOWN_HOST.body.lower()  # it loads nothing from anywhere

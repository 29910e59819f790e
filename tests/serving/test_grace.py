"""Assets of earlier deploys still answer: which, for how long, and how they are sent."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.serving import grace
from appliance.serving.grace import Former, find, look_back
from appliance.serving.release import compile_release
from appliance.storage.manifest import Entry, Manifest
from tests.serving.lanes import LANES, Lane, Plane, entry, etag, running

LATER = time.time() + 3600
OLD = b"console.log('old')"


def files(**contents: bytes) -> dict[str, Entry]:
    return {path: entry(content, path) for path, content in contents.items()}


def former(*paths: str, until: float = LATER, content: bytes = OLD) -> Former:
    return Former({path: entry(content, path) for path in paths}, until)


@pytest.mark.parametrize(
    "path",
    ["app.js", "a/b.CSS", "x.mjs", "logo.png", "f.woff2", "v.mp4", "d.json", "app.js.map", "app.wasm.br", "d.svgz"],
)
def test_what_a_page_loads_is_kept(path: str) -> None:
    assert path in look_back({}, [former(path)])


@pytest.mark.parametrize(
    "path",
    ["index.html", "x.htm", "page", "robots.txt", "feed.xml", "a.pdf", "a.zip", "a.tar.gz", ".js", "js", "x.js/readme"],
)
def test_pages_and_what_people_ask_for_by_name_are_not(path: str) -> None:
    assert look_back({}, [former(path)]) == {}


def test_html_under_the_name_of_an_asset_is_not_kept() -> None:
    page = replace(entry(OLD, "x.js"), type="text/html; charset=utf-8")

    assert look_back({}, [Former({"x.js": page}, LATER)]) == {}


def test_what_is_there_now_hides_what_was_and_the_newer_hides_the_older() -> None:
    kept = look_back(
        {"now.js": entry(b"now")}, [former("now.js", "was.js", content=b"newer"), former("was.js", "first.js")]
    )

    assert {path: each.entry.sha256 for path, each in kept.items()} == {
        "was.js": entry(b"newer").sha256,
        "first.js": entry(OLD).sha256,
    }


def test_a_site_keeps_a_bounded_number_and_reads_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grace, "MOST", 2)

    def deploys() -> Iterator[Former]:
        yield former("a.js", "b.js", "c.js")
        raise AssertionError("was read")

    assert list(look_back({}, deploys())) == ["a.js", "b.js"]


def test_its_time_ends_while_the_release_is_in_use() -> None:
    kept = look_back({}, [former("over.js", until=time.time() - 1), former("good.js")])

    assert find(kept, "over.js") is None
    assert find(kept, "good.js") is not None
    assert find(kept, "never.js") is None


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    folder: Path = tmp_path_factory.mktemp("blobs")
    for content in (b"home", OLD):
        (folder / entry(content).sha256).write_bytes(content)
    release = compile_release(
        site="site",
        deploy="d2",
        preview=False,
        manifest=Manifest(entries={"index.html": entry(b"home", "index.html")}),
        blob_path=folder.joinpath,
    )
    kept = look_back(release.entries, [former("app.js", "b c.js"), former("over.js", until=0)])
    with running() as plane:
        plane.put("site.localhost", replace(release, grace=kept))
        yield plane


@pytest.mark.parametrize("path", [b"/app.js", b"/app.js?v=1", b"//app.js", b"/b%20c.js"])
@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_an_old_asset_answers_and_is_not_indexed(plane: Plane, lane: Lane, path: bytes) -> None:
    with lane(plane.port) as visitor:
        answer = visitor.get(path)
        same = visitor.get(path, (b"If-None-Match", etag(OLD).encode()))
        part = visitor.get(path, (b"Range", b"bytes=0-6"))

    assert (answer.status, answer.body, answer.headers["x-robots-tag"]) == (200, OLD, "noindex")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert (same.status, same.headers["x-robots-tag"]) == (304, "noindex")
    assert (part.status, part.body) == (206, b"console")


@pytest.mark.parametrize("path", [b"/over.js", b"/never.js", b"/app.js/", b"/app"])
@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_other_missing_paths_stay_missing(plane: Plane, lane: Lane, path: bytes) -> None:
    with lane(plane.port) as visitor:
        assert visitor.get(path).status == 404

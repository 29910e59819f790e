"""How long browsers may keep what they get: the classes of Cache-Control, over every lane."""

from collections.abc import Iterator

import pytest

from appliance.serving.release import compile_release
from appliance.storage.history import gather, weigh
from appliance.storage.manifest import Manifest
from tests.serving.lanes import LANES, Lane, Plane, entry, running

ASKED_AGAIN = "public, max-age=0, must-revalidate"
FOR_EVER = "public, max-age=31536000, immutable"
FILES = {
    "index.html": b"home",
    "plain.js": b"plain",
    "app.3f2a1b9c.js": b"app",
    "changed.0a1b2c3d.js": b"new",
    "404.html": b"lost",
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    folder = tmp_path_factory.mktemp("blobs")
    for content in FILES.values():
        (folder / entry(content).sha256).write_bytes(content)
    before = weigh(Manifest(entries={"changed.0a1b2c3d.js": entry(b"old", "x.js")}), gather(()))
    manifest = weigh(
        Manifest(entries={path: entry(content, path) for path, content in FILES.items()}), gather([("1", before)])
    )
    release = compile_release(site="site", deploy="d2", preview=False, manifest=manifest, blob_path=folder.joinpath)
    preview = compile_release(site="site", deploy="d2", preview=True, manifest=manifest, blob_path=folder.joinpath)
    with running() as plane:
        plane.put("site.localhost", release)
        plane.put("preview.localhost", preview)
        yield plane


CASES = [
    (b"/", ASKED_AGAIN),
    (b"/plain.js", ASKED_AGAIN),
    (b"/app.3f2a1b9c.js", FOR_EVER),
    (b"/changed.0a1b2c3d.js", ASKED_AGAIN),
    (b"/nowhere.0a1b2c3d.js", "no-store"),
]


@pytest.mark.parametrize(("path", "kept"), CASES)
@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_only_evidence_makes_a_file_immutable(plane: Plane, lane: Lane, path: bytes, kept: str) -> None:
    with lane(plane.port) as visitor:
        answer = visitor.get(path)

    assert answer.headers["cache-control"] == kept
    assert "x-robots-tag" not in answer.headers


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_a_304_and_a_part_repeat_how_long(plane: Plane, lane: Lane) -> None:
    with lane(plane.port) as visitor:
        whole = visitor.get(b"/app.3f2a1b9c.js")
        same = visitor.get(b"/app.3f2a1b9c.js", (b"If-None-Match", whole.headers["etag"].encode()))
        part = visitor.get(b"/app.3f2a1b9c.js", (b"Range", b"bytes=0-0"))

    assert [(a.status, a.headers["cache-control"]) for a in (same, part)] == [(304, FOR_EVER), (206, FOR_EVER)]


@pytest.mark.parametrize(("path", "kept"), CASES)
@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_a_preview_is_kept_as_long_and_not_indexed(plane: Plane, lane: Lane, path: bytes, kept: str) -> None:
    with lane(plane.port) as visitor:
        answer = visitor.get(path, host=b"preview.localhost")

    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == (kept, "noindex")

"""Work that begins while an upload is still being unpacked: at once, only where it is of use, with the same end."""

import dataclasses
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from appliance.storage.blobs import Blobs, StagedBlobs
from builds import ahead, pipeline
from builds.ahead import Ahead
from builds.errors import BuildError
from builds.order import Order
from builds.presses import BATCH_FILES, LARGE_UPLOAD
from builds.recipe import AUTO, STATIC, Choice
from builds.spaces import Spaces
from builds.values import Limits, Plan, StoredFile, Transforms, Unpacked
from builds.watcher import Watcher
from tests.builders import Files, zip_of
from tests.presses import presses

PATIENCE = 30.0  # seconds for a press to have written something
PAGE = "<!doctype html><html><head><title>t</title></head><body>   <p class=%s>word</p>\n\n   <p>%s</p></body></html>"
PAGES: dict[str, str | bytes] = {
    f"{name}/index.html": PAGE % (name, name * 400) for name in ("one", "two", "three", "four")
}
SITES: Mapping[str, Files] = {
    "plain": {"index.html": PAGE % ("x", "home" * 400), "a.css": "a {  color: red }", "b.svg": "<svg>  </svg>" * 99},
    "in a folder": {"top/index.html": PAGE % ("x", "home"), "top/a.js": "let a  =  1", "top/.hidden.js": "let b  =  2"},
    "with headers of its own": {"_headers": "/*\n  Content-Security-Policy: script-src 'sha256-x'\n"},
    "that shows its spaces": {"a.css": ".two { white-space: pre }"},
    "with a source map": {
        "a.js": "let a  =  1\n//# sourceMappingURL=a.js.map",
        "a.js.map": "{}",
        "b.min.js": "b  =  1",
    },
    "with the same twice": {"copy/index.html": PAGES["one/index.html"], "copy.min.js": "b  =  1", "b.js": "b  =  1"},
}


class Upload:
    """An upload on its way: what looks on, and the staging beside it."""

    def __init__(self, folder: Path, **of_the_plan: object) -> None:
        self.blobs = Blobs(folder / "blobs")
        self.blobs.create()
        self.staging: StagedBlobs = self.blobs.stage(folder / "work")
        wanted = Transforms(minify=True, compress=("html", "svg"))
        plan = Plan("d1", folder / "upload", folder / "work", Limits(), transforms=wanted)
        self.plan = dataclasses.replace(plan, **of_the_plan)  # type: ignore[arg-type]  # by name
        self.ahead = Ahead(self.plan, self.staging, presses(), lambda *_: None)

    def put(self, path: str, content: bytes) -> StoredFile:
        file = StoredFile(path, *self.staging.put([content]))
        self.ahead.stored(file)
        return file

    def made(self) -> set[Path]:
        """What presses have written, by the folder that each of them has in the inbox."""
        written = (path for path in Path(self.staging.inbox).glob("p*/*") if path.is_file())
        return {path for path in written if path.parent.name != f"p{os.getpid()}"}


@pytest.fixture
def upload(tmp_path: Path) -> Iterator[Upload]:
    begun = Upload(tmp_path)
    yield begun
    begun.ahead.close()


def test_presses_work_on_what_is_there_while_the_rest_is_missing(upload: Upload) -> None:
    upload.ahead.expect({f"{number}.html": LARGE_UPLOAD for number in range(99)})

    for number in range(BATCH_FILES):
        upload.put(f"{number}.html", (PAGE % ("x", number)).encode())

    until = time.monotonic() + PATIENCE
    while len(upload.made()) < BATCH_FILES and time.monotonic() < until:
        time.sleep(0.01)
    assert len(upload.made()) == BATCH_FILES


def test_what_the_store_has_already_is_left_to_the_cache(upload: Upload) -> None:
    upload.blobs.put(b"<p>  known  </p>")
    upload.ahead.expect({"index.html": 2 * LARGE_UPLOAD})

    known = upload.put("index.html", b"<p>  known  </p>")
    upload.ahead.bench(Unpacked((known,))).forms([])

    assert upload.made() == set()


@pytest.mark.parametrize(
    ("paths", "order", "begins"),
    [
        (["index.html"], None, True),
        (["index.html", "package.json"], None, True),
        (["index.html"], Order(), True),
        (["index.html", "site/package.json"], Order(), False),
        (["index.html", "site/package.json"], Order(Choice(generator=STATIC)), True),
        (["index.html"], Order(Choice(generator="hugo")), False),
        (["index.html"], Order(Choice(generator=AUTO)), True),
    ],
)
def test_what_may_be_a_source_is_not_begun(tmp_path: Path, paths: list[str], order: Order | None, begins: bool) -> None:
    upload = Upload(tmp_path, order=order)

    upload.ahead.expect(dict.fromkeys([*paths, "a.css"], LARGE_UPLOAD + 1))

    assert upload.ahead.comes_first("a.css") is begins
    upload.ahead.close()


def test_small_uploads_and_those_of_which_nothing_is_made_are_not_begun(tmp_path: Path, upload: Upload) -> None:
    as_it_is = Upload(tmp_path / "other", transforms=Transforms())

    upload.ahead.expect({"a.css": LARGE_UPLOAD})
    as_it_is.ahead.expect({"a.css": LARGE_UPLOAD + 1})

    assert not upload.ahead.comes_first("a.css")
    assert not as_it_is.ahead.comes_first("a.css")


@pytest.mark.parametrize("kind", SITES)
def test_a_site_comes_out_the_same_whether_it_was_begun_or_not(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for name, large in (("begun", -1), ("after all is there", LARGE_UPLOAD)):
        monkeypatch.setattr(ahead, "LARGE_UPLOAD", large)
        outcomes.append(run(tmp_path / name, PAGES | dict(SITES[kind])))

    assert outcomes[0] == outcomes[1]


def test_what_was_begun_of_an_upload_that_is_refused_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "LARGE_UPLOAD", -1)
    many: dict[str, str | bytes] = {f"{number}.html": PAGE % ("x", number) for number in range(3 * BATCH_FILES)}
    last = bytearray(zip_of(many | {"z.html": "the end"}))
    last[last.rindex(b"PK\1\2") + 16] ^= 1  # the checksum that the directory has of it (APPNOTE.TXT 4.3.12)

    with pytest.raises(BuildError, match="CRC"):
        run_upload(tmp_path, bytes(last))

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "upload"]
    assert run(tmp_path / "next", many).cache_misses > 0  # the presses are as good as before


def run(folder: Path, files: Files) -> Unpacked:
    return run_upload(folder, zip_of(files))


def run_upload(folder: Path, upload: bytes) -> Unpacked:
    folder.mkdir(exist_ok=True)
    (folder / "upload").write_bytes(upload)
    blobs = Blobs(folder / "blobs")
    blobs.create()
    wanted = Transforms(minify=True, compress=("html", "svg", "js"), cache=folder / "cache")
    plan = Plan("d1", folder / "upload", folder / "work", Limits(), transforms=wanted)
    unpacked = pipeline.run(plan, blobs.stage(folder / "work"), Watcher(lambda *_: None), presses())
    assert isinstance(unpacked, Unpacked)
    return unpacked


@pytest.mark.parametrize(
    ("path", "content"),
    [("a.css", b".x { white-space: pre }"), ("_headers", b"/*\n  Content-Security-Policy: script-src 'sha256-x'\n")],
)
def test_pages_wait_for_what_says_that_they_stay_as_they_are(tmp_path: Path, path: str, content: bytes) -> None:
    upload = Upload(tmp_path, aside=("_headers",))
    names = [f"{number}.html" for number in range(BATCH_FILES)]
    upload.ahead.expect(dict.fromkeys([*names, path], LARGE_UPLOAD))
    assert [name for name in [*names, path] if upload.ahead.comes_first(name)] == [path]

    files = [upload.put(path, content), *(upload.put(name, (PAGE % ("x", name)).encode()) for name in names)]
    upload.ahead.bench(Unpacked(tuple(files))).forms([])  # which waits for all that was begun

    assert len(upload.made()) == (path == "a.css")


def test_a_page_is_read_once_to_see_whether_it_shows_spaces(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    blobs.create()
    staging = blobs.stage(tmp_path / "work")
    page, _ = staging.put([b'<p class="two">'])
    spaces = Spaces([".two"], staging)

    assert spaces.are_shown_in(page)
    staging.discard()
    assert spaces.are_shown_in(page)
    assert not Spaces([], staging).are_shown_in(page)

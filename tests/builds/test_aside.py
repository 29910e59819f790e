"""What may hold secrets is left beside the store."""

from pathlib import Path

from appliance.storage.blobs import Blobs
from builds import aside, pipeline
from builds.values import Limits, Plan, Unpacked
from builds.watcher import Watcher
from tests.builders import zip_of
from tests.presses import presses


def run(folder: Path, files: dict[str, str]) -> Unpacked:
    upload, work, blobs = folder / "upload", folder / "work", Blobs(folder / "blobs")
    blobs.create()
    upload.write_bytes(zip_of(files))
    plan = Plan("d1", upload, work, Limits(), aside=("_headers", "netlify.toml"), read=("_redirects",))
    unpacked = pipeline.run(plan, blobs.stage(work), Watcher(lambda *_: None), presses())
    assert isinstance(unpacked, Unpacked)
    return unpacked


def stored(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in (folder / "blobs").rglob("*") if path.is_file())


def test_a_file_that_is_wanted_aside_is_not_in_the_store(tmp_path: Path) -> None:
    unpacked = run(tmp_path, {"site/index.html": "home", "site/_headers": "secret"})

    assert [file.path for file in unpacked.files] == ["index.html"]
    assert stored(tmp_path) == [b"home"]
    apart = tmp_path / "work" / aside.FOLDER / "_headers"
    assert (apart.read_text(), apart.stat().st_mode & 0o777) == ("secret", 0o600)


def test_it_is_when_another_file_has_the_same_content(tmp_path: Path) -> None:
    unpacked = run(tmp_path, {"index.html": "home", "_headers": "same", "copy.txt": "same", "docs/_headers": "other"})

    assert [file.path for file in unpacked.files] == ["copy.txt", "docs/_headers", "index.html"]
    assert stored(tmp_path) == [b"home", b"other", b"same"]


def test_a_file_that_is_to_be_read_is_at_hand_and_stays(tmp_path: Path) -> None:
    unpacked = run(tmp_path, {"index.html": "home", "_redirects": "/old /new", "docs/_redirects": "other"})

    assert [file.path for file in unpacked.files] == ["_redirects", "docs/_redirects", "index.html"]
    assert [path.name for path in (tmp_path / "work" / aside.FOLDER).iterdir()] == ["_redirects"]
    assert (tmp_path / "work" / aside.FOLDER / "_redirects").read_text() == "/old /new"

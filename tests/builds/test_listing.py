"""A site that is listed by path holds what an archive of the same files would, dot files of a source, too."""

import json
from pathlib import Path

import pytest

from appliance.storage.blobs import Blobs
from builds import listing
from builds.errors import BuildError
from builds.values import Limits, Plan, Unpacked

SOURCE = {
    "package.json": "{}",
    "docs/.vitepress/config.mts": "export default {}",
    ".nvmrc": "22",
    "docs/index.md": "# A",
}


def taken(folder: Path, files: dict[str, str]) -> Unpacked:
    """What comes of a listing of these files, whose content waits where it was sent to."""
    pending = folder / "pending"
    pending.mkdir()
    staging = Blobs(folder / "blobs").stage(folder / "stage")
    try:
        rows = [(path, *staging.put([text.encode()])) for path, text in files.items()]
        for (_, sha256, _), text in zip(rows, files.values(), strict=True):
            (pending / sha256).write_text(text)
        (folder / "listing.json").write_text(json.dumps({"files": rows}))
        plan = Plan(
            "d1", folder / "upload", folder / "work", Limits(), listing=folder / "listing.json", pending=pending
        )
        return listing.take(plan, staging, lambda _step, _done, _total: None)
    finally:
        staging.discard()


def test_dot_files_that_a_source_is_built_from_are_wanted_and_there(tmp_path: Path) -> None:
    rows = [(path, "0" * 64, len(text)) for path, text in SOURCE.items()]

    unpacked = taken(tmp_path, SOURCE)

    assert listing.kept(rows, Limits()) == set(SOURCE)
    assert [file.path for file in unpacked.files] == ["docs/index.md", "package.json"]
    assert [file.path for file in unpacked.hidden] == [".nvmrc", "docs/.vitepress/config.mts"]


def test_junk_is_neither_wanted_nor_there(tmp_path: Path) -> None:
    junk = dict.fromkeys(("node_modules/a/index.js", ".git/config", "docs/.DS_Store"), "x")
    rows = [(path, "0" * 64, 1) for path in (*junk, "index.html")]

    unpacked = taken(tmp_path, junk | {"index.html": "x"})

    assert listing.kept(rows, Limits()) == {"index.html"}
    assert [file.path for file in (*unpacked.files, *unpacked.hidden)] == ["index.html"]


def test_dot_files_alone_are_no_site() -> None:
    with pytest.raises(BuildError, match="holds no file of a site"):
        listing.kept([(".nvmrc", "0" * 64, 2)], Limits())

"""Since when each file of a site has been as it is, as its visitors are told."""

from pathlib import Path

import pytest

from appliance.composing import compose
from appliance.data_folder import DataFolder
from appliance.storage.manifest import Entry, Manifest, Options
from builds.values import StoredFile, Unpacked
from tests.builders import appliance, deployed, page, zip_of
from tests.cast import ALICE, OLGA


async def test_unchanged_files_keep_their_last_modified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((1_600_000_000, 1_700_000_000))

    def composed(unpacked: Unpacked, options: Options, previous: Manifest | None, _: int) -> Manifest:
        return compose(unpacked, options, previous, next(clock))

    monkeypatch.setattr("appliance.composing.compose", composed)
    async with appliance(tmp_path / "data", (OLGA, ALICE)) as server, server.client(ALICE) as client:
        await deployed(client, "shop", zip_of({"index.html": "same", "changed.html": "one"}))
        await deployed(client, "shop", zip_of({"index.html": "same", "changed.html": "two", "new.html": "same"}))

        modified = {
            path: (await server.fetch("shop.localhost", path)).headers["last-modified"]
            for path in ("/index.html", "/changed.html", "/new.html")
        }

    assert modified["/index.html"] == "Sun, 13 Sep 2020 12:26:40 GMT"
    assert modified["/changed.html"] == modified["/new.html"] == "Tue, 14 Nov 2023 22:13:20 GMT"


async def test_an_unreadable_manifest_of_what_is_live_costs_only_last_modified(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ALICE)) as server, server.client(ALICE) as client:
        await deployed(client, "shop", zip_of({"index.html": page("one")}))
        for manifest in DataFolder(tmp_path / "data").manifests.iterdir():
            manifest.unlink()

        facts = await deployed(client, "shop", zip_of({"index.html": page("two")}))

        assert (facts["state"], facts["live"]) == ("ready", True)
        assert (await server.fetch("shop.localhost")).text == page("two")


def test_a_manifest_says_since_when_each_file_has_been_there() -> None:
    unpacked = Unpacked((StoredFile("a.html", "1" * 64, 1), StoredFile("b.html", "2" * 64, 2)))
    before = Manifest(
        entries={"a.html": Entry("1" * 64, 1, "text/html", 100), "b.html": Entry("9" * 64, 9, "text/html", 100)}
    )

    manifest = compose(unpacked, Options(spa=True), before, 200)

    assert {path: entry.modified for path, entry in manifest.entries.items()} == {"a.html": 100, "b.html": 200}
    assert manifest.entries["a.html"].type == "text/html; charset=utf-8"
    assert manifest.options == Options(spa=True)
    assert manifest.size == 3

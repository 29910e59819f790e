"""A manifest is composed while its content is made durable: of the store it needs nothing."""

from pathlib import Path

from appliance.composing import Composer, Composing
from appliance.data_folder import DataFolder
from appliance.deploys import Work
from appliance.settings import Settings
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Options, decode
from builds import aside
from builds.values import StoredFile, Unpacked

RULES = b"/old /new\n"


def test_rules_are_read_before_the_store_has_them(tmp_path: Path) -> None:
    folder, workspace = DataFolder(tmp_path), tmp_path / "work"
    Blobs(folder.blobs).create()
    (workspace / aside.FOLDER).mkdir(parents=True)
    (workspace / aside.FOLDER / "_redirects").write_bytes(RULES)
    work = Work("d1", "shop", "site.zip", Options(), None)
    composing = Composing(Composer(Settings(data=tmp_path), folder), work, None, workspace)

    composing.begin(Unpacked((StoredFile("_redirects", "1" * 64, len(RULES)),)))
    manifest, encoded = composing.result()

    assert [rule.line for rule in manifest.rules.redirects] == [1]
    assert list(manifest.entries) == ["_redirects"]
    assert decode(encoded) == manifest

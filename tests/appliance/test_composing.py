"""A manifest is composed while its content is made durable; what is not in the store until then is read afterwards."""

from pathlib import Path

from appliance.composing import Composer, Composing
from appliance.data_folder import DataFolder
from appliance.deploys import Work
from appliance.settings import Settings
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Options, decode
from builds.values import StoredFile, Unpacked

RULES = b"/old /new\n"


def test_rules_that_come_into_the_store_last_are_read_then(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    blobs, elsewhere = Blobs(folder.blobs), Blobs(tmp_path / "elsewhere")
    blobs.create()
    elsewhere.create()
    unpacked = Unpacked((StoredFile("_redirects", elsewhere.put(RULES), len(RULES)),))
    work = Work("d1", "shop", "site.zip", Options(), None)
    composing = Composing(Composer(Settings(data=tmp_path), folder), work, None, tmp_path / "work")

    composing.begin(unpacked)
    blobs.put(RULES)
    manifest, encoded = composing.result(unpacked)

    assert [rule.line for rule in manifest.rules.redirects] == [1]
    assert decode(encoded) == manifest

"""Stored content that was damaged on the disk is never served; other sites and the admin do not notice."""

import hashlib
import json
from pathlib import Path

import httpx
import pytest

from appliance.data_folder import DataFolder
from appliance.storage.blobs import Blobs
from tests.appliance.crashes import API, client_of, ended
from tests.builders import Served, page, served, zip_of
from tests.faults.campaign import operator

ZIP = {"content-type": "application/zip"}
TEXT = page("the pages of the shop")


def visit(server: Served, site: str) -> tuple[int, str]:
    headers = {"host": f"{site}.localhost:{server.port}"}
    with httpx.Client(timeout=30) as client:
        try:
            answer = client.get(f"http://127.0.0.1:{server.port}/", headers=headers)
        except httpx.RemoteProtocolError as error:  # it was cut off: that is no page either
            return 0, str(error)
    return answer.status_code, answer.text


def deploy(client: httpx.Client, site: str, text: str) -> None:
    if not client.get(f"{API}/sites/{site}").is_success:
        client.post(f"{API}/sites", json={"name": site}).raise_for_status()
    made = client.post(f"{API}/sites/{site}/deploys", content=zip_of({"index.html": text}), headers=ZIP)
    made.raise_for_status()
    assert ended(client, made.json()["id"])["live"]


def rewrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def damage(folder: DataFolder, kind: str) -> None:
    blob = Blobs(folder.blobs).path(hashlib.sha256(TEXT.encode()).hexdigest())
    if kind == "another byte":
        rewrite(blob, blob.read_bytes().replace(b"shop", b"shup"))
    elif kind == "cut short":
        rewrite(blob, blob.read_bytes()[:10])
    else:
        (manifest,) = [one for one in folder.manifests.iterdir() if blob.name in one.read_text()]
        assert json.loads(manifest.read_bytes())
        rewrite(manifest, manifest.read_bytes()[:100] if kind == "a manifest cut short" else b"")


RARER = [
    pytest.param(kind, marks=pytest.mark.long) for kind in ("cut short", "a manifest cut short", "an empty manifest")
]


@pytest.mark.parametrize("kind", ["another byte", *RARER])
def test_damage_is_not_served_and_another_deploy_mends_it(tmp_path: Path, kind: str) -> None:
    data = tmp_path / "data"
    token = operator(data)
    with served(data) as server, client_of(server, token) as client:
        deploy(client, "shop", TEXT)
        deploy(client, "blog", page("the blog"))
    damage(DataFolder(data), kind)

    with served(data) as server, client_of(server, token) as client:
        status, text = visit(server, "shop")

        assert status != 200
        assert "the pages of the" not in text
        assert visit(server, "blog") == (200, page("the blog"))
        deploy(client, "shop", page("the shop again"))
        assert visit(server, "shop") == (200, page("the shop again"))

"""A disk that is full or cannot be written to stops deploys, with a reason, and no site; it leaves nothing behind."""

import hashlib
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.data_folder import NOT_THERE, DataFolder
from tests.appliance.crashes import API, BYTES, client_of, emptied, ended, old_site
from tests.builders import SOURCE, page, served, zip_of
from tests.faults.campaign import operator
from tests.faults.disks import ORDINARY, SmallDisk, forbidden, small_disk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is mounted here is Linux's")

MEGABYTES = 32
LOCKED = 35.0  # seconds: the server has given up several times by then (`db.PRAGMAS`)
ZIP = {"content-type": "application/zip"}
LARGE = os.urandom(1_500_000)
NEW = zip_of({"index.html": page("new"), "large.bin": LARGE})
LEFT = [0, 8_192, 40_960, 300_000, 1_400_000, 1_700_000, 2_500_000, 3_030_000]  # from nothing at all to nearly enough
REFUSED = {"storage_failed", "database_failed"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "data", MEGABYTES) as mounted:
        yield mounted


@pytest.fixture
def client(disk: SmallDisk) -> Iterator[httpx.Client]:
    token = operator(disk.root)
    with served(disk.root) as running, client_of(running, token) as made:
        old_site(made)
        yield made


def port_of(client: httpx.Client) -> int:
    assert client.base_url.port
    return client.base_url.port


def visit(client: httpx.Client) -> tuple[int, str]:
    answer = httpx.get(
        f"http://127.0.0.1:{port_of(client)}/", headers={"host": f"shop.localhost:{port_of(client)}"}, timeout=30
    )
    return answer.status_code, answer.text


def refusal(client: httpx.Client) -> str:
    """Deploy, and say by which code that was refused, at once or once it was worked on; "" if it was not."""
    answer = client.post(f"{API}/sites/shop/deploys", content=NEW, headers=ZIP)
    if answer.status_code == 503:
        return str(answer.json()["code"])
    facts = ended(client, answer.raise_for_status().json()["id"])
    return "" if facts["state"] == "ready" else str(facts["error"]["code"])


def test_a_full_disk_stops_deploys_with_a_reason_and_no_site(disk: SmallDisk, client: httpx.Client) -> None:
    folder = DataFolder(disk.root)
    codes = []

    for left in LEFT:
        with disk.filled(left):
            codes.append(refusal(client))
            assert visit(client) == (200, page("old")), f"with {left} bytes left"
            assert emptied(folder.incoming), f"with {left} bytes left"
            assert emptied(folder.work), f"with {left} bytes left"

    assert set(codes) <= REFUSED, dict(zip(LEFT, codes, strict=True))
    assert refusal(client) == ""
    assert visit(client) == (200, page("new"))


CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a site": ("POST", "sites", {"json": {"name": "other"}}),
    "an alias": ("PUT", "sites/shop/aliases/staging", {"json": {"deploy": "1"}}),
    "a token": ("POST", "tokens", {"json": {"name": "more"}}),
    "a lock": ("PUT", "sites/shop/lock", {"json": {"reason": "because"}}),
    "content": ("PUT", f"contents/{hashlib.sha256(LARGE).hexdigest()}", {"content": LARGE, "headers": BYTES}),
    "a listing": ("POST", "sites/shop/listings", {"json": {"files": [["index.html", "0" * 64, 5]]}}),
}


def test_every_change_says_that_the_disk_is_full(disk: SmallDisk, client: httpx.Client) -> None:
    with disk.filled(0):
        answers = {what: client.request(verb, f"{API}/{path}", **sent) for what, (verb, path, sent) in CHANGES.items()}
        seen = {what: (answer.status_code, answer.json()["code"]) for what, answer in answers.items()}

    told = {code for _, code in seen.values()}
    assert {status for status, _ in seen.values()} == {503}, seen
    assert told <= REFUSED, seen
    for what, (verb, path, sent) in CHANGES.items():
        assert client.request(verb, f"{API}/{path}", **sent).is_success, what


def test_a_disk_gone_read_only_stops_deploys_with_a_reason_and_no_site(disk: SmallDisk, client: httpx.Client) -> None:
    with disk.read_only():
        assert refusal(client) == "storage_failed"
        assert visit(client) == (200, page("old"))

    assert refusal(client) == ""
    assert visit(client) == (200, page("new"))


def test_a_disk_that_is_unmounted_stops_changes_and_nothing_is_written_in_its_place(
    disk: SmallDisk, client: httpx.Client
) -> None:
    with disk.unmounted():
        answers = {what: client.request(verb, f"{API}/{path}", **sent) for what, (verb, path, sent) in CHANGES.items()}
        refused = refusal(client)
        ready = client.get("/readyz").json()["checks"]["data_folder"]
        found = list(disk.root.iterdir())

    assert {what: answer.json()["code"] for what, answer in answers.items()} == dict.fromkeys(CHANGES, "storage_failed")
    assert (refused, ready, found) == ("storage_failed", NOT_THERE, [])
    assert refusal(client) == ""
    assert visit(client) == (200, page("new"))


def test_permission_that_is_lost_stops_deploys_with_a_reason_and_no_site(tmp_path: Path) -> None:
    """The folders of uploads, workspaces and content may not be written to any more; no more than that is needed."""
    folder = DataFolder(tmp_path / "data")
    token = operator(folder.root)
    with served(folder.root, program=(*ORDINARY, *SOURCE)) as server, client_of(server, token) as client:
        old_site(client)
        for place in (folder.incoming, folder.work, folder.blobs):
            with forbidden(place, 0o500):
                assert refusal(client) == "storage_failed", place
                assert visit(client) == (200, page("old"))

        assert refusal(client) == ""
        assert visit(client) == (200, page("new"))
        assert emptied(folder.incoming)
        assert emptied(folder.work)


@pytest.mark.long
def test_a_database_that_another_process_locks_stops_changes_and_no_site(disk: SmallDisk, client: httpx.Client) -> None:
    with sqlite3.connect(DataFolder(disk.root).database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        code = refusal(client)
        seen = visit(client)
        other.execute("ROLLBACK")
    other.close()

    assert (code, seen) == ("database_failed", (200, page("old")))
    assert refusal(client) == ""
    assert visit(client) == (200, page("new"))


@pytest.mark.long
def test_a_deploy_at_work_comes_to_its_end_although_the_database_was_locked(
    disk: SmallDisk, client: httpx.Client
) -> None:
    accepted = client.post(f"{API}/sites/shop/deploys", content=NEW, headers=ZIP).raise_for_status().json()
    with sqlite3.connect(DataFolder(disk.root).database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(LOCKED)
        other.execute("ROLLBACK")
    other.close()

    facts = ended(client, accepted["id"])

    assert (facts["state"], facts["live"]) == ("ready", True) or facts["error"]["retry"]
    assert emptied(DataFolder(disk.root).incoming)
    assert refusal(client) == ""

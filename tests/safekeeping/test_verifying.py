"""Damage is found by site and path, taken out of the way, and mended from a backup."""

import re
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from appliance.data_folder import DataFolder
from appliance.safekeeping import records
from appliance.safekeeping.examining import Damage, Pace, Stopped, examine
from appliance.safekeeping.records import Verified, last_verification
from appliance.safekeeping.sources import source_of
from appliance.safekeeping.standing import findings
from appliance.safekeeping.verifying import verify
from tests.builders import page, served
from tests.safekeeping.conftest import BLOG, SHOP, visit
from tests.safekeeping.places import FORMS, MEANS, SERVED, back_up, blob_of, damage
from tests.test_journeys import run

Contents = Callable[[Path], dict[str, bytes]]
PAGE = SHOP["index.html"]


def found(folder: DataFolder) -> list[Damage]:
    return list(examine(folder, Pace()))


def damages(folder: DataFolder) -> list[str]:
    return [str(each) for each in found(folder)]


def manifest_of(folder: DataFolder, site: str, number: int) -> Path:
    query = "SELECT manifest FROM deploy JOIN site ON site.id = site_id WHERE name = ? AND number = ?"
    with sqlite3.connect(folder.database) as connection:
        (name,) = connection.execute(query, (site, number)).fetchone()
    connection.close()
    return folder.manifests / str(name)


def test_all_is_well_in_a_folder_that_is_whole(folder: DataFolder, contents: Contents) -> None:
    before = contents(folder.root)

    done = run("verify", "--data", str(folder.root))

    assert (done.returncode, "0 damages" in done.stdout) == (0, True)
    after = contents(folder.root)
    assert after.keys() - before.keys() == {"verified.json"}
    blobs = [path for path in folder.blobs.rglob("*") if path.is_file()]
    result = last_verification(folder)
    assert result is not None
    assert (result.files, result.bytes, result.damaged) == (len(blobs), sum(b.stat().st_size for b in blobs), 0)


def test_damaged_content_is_told_by_site_deploy_and_path(folder: DataFolder) -> None:
    blob = blob_of(PAGE)
    damage(folder.root / blob)

    assert damages(folder) == [f"shop, deploy 2: index.html ({blob}) has other bytes than its name says"]


def test_content_that_is_shared_is_told_for_each_who_has_it(folder: DataFolder) -> None:
    (folder.root / blob_of(BLOG["big.css"])).unlink()

    assert {(each.site, each.path, each.how) for each in found(folder)} == {
        ("shop", "big.css", "is not there"),
        ("blog", "big.css", "is not there"),
    }


def test_content_that_is_cut_short_is_told_once(folder: DataFolder) -> None:
    damage(folder.root / blob_of(PAGE), PAGE.encode()[:-1])

    assert [each.how for each in found(folder)] == [f"has {len(PAGE) - 1} bytes instead of {len(PAGE)}"]


def test_a_damaged_or_missing_manifest_is_told(folder: DataFolder) -> None:
    damage(manifest_of(folder, "shop", 1))
    manifest_of(folder, "shop", 3).unlink()

    told = [(each.kind, each.site, each.deploy, each.how.split(" (")[0]) for each in found(folder)]
    assert sorted(told) == [("manifest", "shop", 1, "cannot be read"), ("manifest", "shop", 3, "is not there")]


def test_damaged_content_that_nobody_names_is_told_too(folder: DataFolder) -> None:
    (folder.root / blob_of("stray")).write_text("other")

    assert [each.how for each in found(folder)] == ["has other bytes than its name says (no deploy names it)"]


def test_a_damaged_database_is_told_with_the_way_to_go(folder: DataFolder) -> None:
    stored = bytearray(folder.database.read_bytes())
    stored[8192:12288] = b"\1" * 4096
    folder.database.write_bytes(stored)

    done = run("verify", "--data", str(folder.root))

    assert done.returncode == 1
    assert re.search(r"^dropdock\.db", done.stdout)
    assert "dropdock restore" in done.stderr


def test_what_is_deleted_while_it_looks_is_no_damage(folder: DataFolder) -> None:
    looking = examine(folder, Stepped(folder))

    assert list(looking) == []


class Stepped(Pace):
    """Deletes a site, content and all, once half of the bytes are read."""

    def __init__(self, folder: DataFolder) -> None:
        super().__init__()
        self._folder = folder

    def spent(self, count: int) -> None:
        super().spent(count)
        if self.files == 5:
            with sqlite3.connect(self._folder.database) as connection:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("DELETE FROM live")
                connection.execute("DELETE FROM site WHERE name = 'blog'")
            connection.close()
            (self._folder.root / blob_of(BLOG["index.html"])).unlink(missing_ok=True)


def test_damaged_content_is_taken_out_of_the_store_and_never_served(folder: DataFolder) -> None:
    damage(folder.root / blob_of(PAGE))

    done = run("verify", "--data", str(folder.root))

    assert (done.returncode, "damaged or missing still" in done.stderr) == (1, True)
    assert not (folder.root / blob_of(PAGE)).exists()
    assert (folder.damaged / blob_of(PAGE).rpartition("/")[2]).is_file()
    with served(folder.root) as server:
        answer = httpx.get(f"http://127.0.0.1:{server.port}/", headers={"host": f"shop.localhost:{server.port}"})
    assert answer.status_code >= 500


@pytest.mark.parametrize("form", SERVED)
def test_a_backup_puts_back_what_is_damaged_or_missing(
    folder: DataFolder, tmp_path: Path, form: str, seen: dict[object, object]
) -> None:
    back_up(folder, tmp_path / form)
    damage(folder.root / blob_of(PAGE))
    (folder.root / blob_of(BLOG["big.css"])).unlink()
    damage(folder.root / blob_of(BLOG["index.html"]), b"")
    manifest_of(folder, "shop", 2).unlink()  # it names what is damaged: that is seen once it is back

    done = run("verify", "--data", str(folder.root), "--repair-from", str(tmp_path / form))

    assert (done.returncode, done.stdout.splitlines()[-1].split(", ")[-1]) == (0, "4 files put back."), done.stdout
    assert found(folder) == []
    assert visit(folder.root) == seen


def test_what_a_backup_has_mended_is_said_by_check_and_no_longer_warned_of(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backups")
    (folder.root / blob_of(BLOG["big.css"])).unlink()

    verify(folder, Pace(), lambda _: None)
    [before] = [finding for finding in findings(folder, 0.0) if finding.code in {"damaged", "verified"}]
    verify(folder, Pace(), lambda _: None, source_of(str(tmp_path / "backups"), MEANS))
    [after] = [finding for finding in findings(folder, 0.0) if finding.code in {"damaged", "verified"}]

    assert (before.severity, before.message.partition(" was ")[0]) == ("warning", "1 file")
    assert (after.severity, "once a backup had put back what was damaged or missing" in after.message) == ("note", True)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (0, "Nothing was stored when all was verified (2026-11-27 02:00 UTC)."),
        (1, "The only stored file was well on 2026-11-27 02:00 UTC."),
        (2, "All 2 stored files were well on 2026-11-27 02:00 UTC."),
    ],
)
def test_check_says_how_many_files_were_well_as_people_do(folder: DataFolder, files: int, said: str) -> None:
    records.keep(folder.verified, Verified(datetime(2026, 11, 27, 2, tzinfo=UTC), 1.0, files, 500, damaged=0))

    assert said in [finding.message for finding in findings(folder, 0.0)]


def test_a_backup_that_is_damaged_itself_spoils_nothing(folder: DataFolder, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    back_up(folder, place)
    blob = blob_of(PAGE)
    (folder.root / blob).unlink()
    damage(place / blob.replace("blobs", "objects"))

    done = run("verify", "--data", str(folder.root), "--repair-from", str(place))

    assert (done.returncode, "1 file is damaged" in done.stderr) == (1, True)
    assert not (folder.root / blob).exists()
    assert list((folder.root / blob).parent.glob(".*")) == []


def test_it_reads_no_faster_than_it_is_told(folder: DataFolder) -> None:
    size = sum(path.stat().st_size for path in folder.blobs.rglob("*") if path.is_file())
    began = time.monotonic()

    verify(folder, Pace(rate=size * 2), print)

    assert time.monotonic() - began >= 0.45


def test_it_ends_when_it_is_told_to(folder: DataFolder) -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(Stopped):
        verify(folder, Pace(rate=1, stop=stop), print)

    assert last_verification(folder) is None


def test_a_deploy_of_the_same_files_brings_back_what_was_taken_out(folder: DataFolder, tmp_path: Path) -> None:
    data = ("--data", str(folder.root))
    damage(folder.root / blob_of(PAGE))
    assert run("verify", *data).returncode == 1
    (tmp_path / "index.html").write_text(PAGE)
    token = run("token", "create", "--account", "olga@example.org", "--name", "again", *data).stdout.strip()

    with served(folder.root) as server:
        again = run("deploy", str(tmp_path / "index.html"), "--site", "shop", "--server", server.url, "--token", token)

    assert again.returncode == 0, again.stderr
    assert (folder.root / blob_of(PAGE)).read_text() == page("shop")
    assert found(folder) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_backup_is_checked_where_it_lies(folder: DataFolder, tmp_path: Path, form: str) -> None:
    back_up(folder, tmp_path / form)
    before = sorted(tmp_path.rglob("*"))

    done = run("verify", "--backup", str(tmp_path / form))

    assert (done.returncode, "0 damages" in done.stdout) == (0, True), done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_all_that_is_damaged_in_a_backup_is_named(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backups")
    damage(tmp_path / "backups" / blob_of(PAGE).replace("blobs", "objects"))
    (tmp_path / "backups" / blob_of(BLOG["big.css"]).replace("blobs", "objects")).unlink()

    done = run("verify", "--backup", str(tmp_path / "backups"))

    assert done.returncode == 1
    assert f"{blob_of(PAGE)} has other bytes" in done.stdout
    assert f"{blob_of(BLOG['big.css'])} is missing" in done.stdout
    assert "2 damages" in done.stdout
    assert "new place" in done.stderr


def test_a_file_that_holds_other_bytes_than_it_lists_is_named(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backup.tar")
    whole = (tmp_path / "backup.tar").read_bytes()
    (tmp_path / "backup.tar").write_bytes(whole.replace(PAGE.encode(), PAGE.encode().swapcase()))

    done = run("verify", "--backup", str(tmp_path / "backup.tar"))

    assert (done.returncode, f"{blob_of(PAGE)} is missing or has other bytes" in done.stdout) == (1, True)

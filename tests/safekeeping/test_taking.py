"""A backup holds what the database names at one moment, whole, whatever happens meanwhile; or there is none."""

import asyncio
import errno
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.data_folder import DataFolder
from appliance.file_lock import FileLock
from appliance.safekeeping.backups import NAMED
from appliance.safekeeping.copying import Hashed
from appliance.safekeeping.items import Item, Refused
from appliance.safekeeping.records import last_backup
from appliance.safekeeping.sources import source_of
from appliance.safekeeping.taking import take
from tests.builders import appliance, deployed, page, zip_of
from tests.cast import OLGA
from tests.faults.disks import small_disk
from tests.safekeeping.conftest import SHOP, visit
from tests.safekeeping.places import FORMS, MEANS, SERVED, BackupFolder, back_up, blob_of, damage, restored, run_killed
from tests.test_journeys import run

Contents = Callable[[Path], dict[str, bytes]]
LATER = {"index.html": page("later"), "later.txt": "made while a backup ran"}


class Slow(BackupFolder):
    """Waits before the first blob is put, until it is told to go on."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.there, self.go_on = threading.Event(), threading.Event()

    def put(self, path: str, source: Hashed) -> Item:
        if path.startswith("blobs/"):
            self.there.set()
            assert self.go_on.wait(60)
        return super().put(path, source)


@pytest.mark.parametrize("form", SERVED)
def test_visitors_get_the_same_bytes_from_what_is_restored_elsewhere(
    folder: DataFolder, tmp_path: Path, form: str, seen: dict[object, object]
) -> None:
    back_up(folder, tmp_path / form)

    assert visit(restored(tmp_path / form, tmp_path / "elsewhere" / "data").root) == seen


@pytest.mark.parametrize("form", FORMS)
def test_a_place_that_is_full_is_named_and_not_the_database(folder: DataFolder, tmp_path: Path, form: str) -> None:
    with (
        small_disk(tmp_path / "disk", 1) as disk,
        disk.filled(64 * 1024),
        pytest.raises(OSError, match="No space left") as refused,
    ):
        back_up(folder, disk.root / form)

    assert refused.value.errno == errno.ENOSPC
    assert str(disk.root) in str(refused.value.filename)


@pytest.mark.parametrize("form", FORMS)
def test_it_holds_everything_that_is_needed_and_nothing_else(
    folder: DataFolder, tmp_path: Path, form: str, contents: Contents
) -> None:
    folder.root.joinpath(blob_of("stray")).write_text("stray")
    folder.incoming.joinpath("upload").write_text("half an upload")
    before = contents(folder.root)

    back_up(folder, tmp_path / form)

    after = contents(restored(tmp_path / form, tmp_path / "new").root)
    left_out = before.keys() - after.keys()
    assert blob_of("stray") in left_out
    made_anew = {"queue.db", "usage.db", "cache", "blobs.guard", "manifests.guard"}
    scratch = {"blobs", "incoming", "backups", "work", *made_anew}
    assert {name.split("/")[0] for name in left_out} <= scratch
    assert {name: after[name] for name in after if name != "dropdock.db"} == {
        name: before[name] for name in after if name != "dropdock.db"
    }


@pytest.mark.parametrize("form", FORMS)
def test_it_holds_the_operators_themes(folder: DataFolder, tmp_path: Path, form: str) -> None:
    mine = folder.themes / "mine"
    mine.mkdir(parents=True)
    for name in ("theme.toml", "logo.svg", "not:of a theme"):
        (mine / name).write_text(name)

    back_up(folder, tmp_path / form)

    again = restored(tmp_path / form, tmp_path / "new").themes / "mine"
    assert {path.name: path.read_text() for path in again.iterdir()} == {
        "theme.toml": "theme.toml",
        "logo.svg": "logo.svg",
    }


async def test_a_deploy_and_the_deletion_of_a_site_while_it_runs_do_not_show_in_it(tmp_path: Path) -> None:
    target = Slow(tmp_path / "backups")
    async with appliance(tmp_path / "data") as server, server.client(OLGA) as client:
        await deployed(client, "shop", zip_of(SHOP))
        await deployed(client, "blog", zip_of({"index.html": page("blog")}))
        taking = asyncio.create_task(asyncio.to_thread(take, DataFolder(tmp_path / "data"), target))
        assert await asyncio.to_thread(target.there.wait, 60)

        await deployed(client, "blog", zip_of(LATER))
        (await client.delete("/api/v1/sites/shop")).raise_for_status()
        target.go_on.set()
        await taking

    again = restored(tmp_path / "backups", tmp_path / "again")
    async with appliance(again.root, [], before=server) as server:
        assert (await server.fetch("shop.localhost", "/big.css")).text == SHOP["big.css"]
        assert (await server.fetch("blog.localhost")).text == page("blog")
        assert (await server.fetch("blog.localhost", "/later.txt")).status_code == 404


def test_nothing_may_be_swept_while_it_runs(folder: DataFolder, tmp_path: Path) -> None:
    target = Slow(tmp_path / "backups")
    taking = threading.Thread(target=take, args=(folder, target))
    taking.start()
    assert target.there.wait(60)

    held = FileLock(folder.content_lock).holder()
    with pytest.raises(Refused, match="Another backup"):
        take(folder, BackupFolder(tmp_path / "others"), patience=0)

    target.go_on.set()
    taking.join()
    assert held
    assert FileLock(folder.content_lock).holder() is None


async def test_the_next_one_writes_only_what_is_new(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data") as server, server.client(OLGA) as client:
        await deployed(client, "shop", zip_of(SHOP))
        data = DataFolder(tmp_path / "data")
        first = await asyncio.to_thread(back_up, data, tmp_path / "backups")
        await deployed(client, "shop", zip_of({**SHOP, "new.txt": "new"}))
        second = await asyncio.to_thread(back_up, data, tmp_path / "backups")

    assert second.files > first.files
    assert second.new_files < first.new_files  # the database, logs, one manifest, one page
    assert (tmp_path / "backups/objects" / blob_of("new").removeprefix("blobs/")).read_text() == "new"


@pytest.mark.parametrize("form", FORMS)
def test_it_is_for_its_owner_only(folder: DataFolder, tmp_path: Path, form: str) -> None:
    back_up(folder, tmp_path / form)

    made = [tmp_path / form, *(tmp_path / form).rglob("*")] if form == "backups" else [tmp_path / form]
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


@pytest.mark.parametrize("form", FORMS)
def test_secrets_can_be_left_out(folder: DataFolder, tmp_path: Path, form: str, contents: Contents) -> None:
    back_up(folder, tmp_path / form, secrets=False)

    held = contents(restored(tmp_path / form, tmp_path / "new").root)
    assert {name for name in held if name.startswith(("secret", "certs"))} == set()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("missing", [False, True])
def test_damaged_content_makes_no_backup(folder: DataFolder, tmp_path: Path, form: str, *, missing: bool) -> None:
    blob = folder.root / blob_of(SHOP["index.html"])
    blob.unlink() if missing else damage(blob)

    with pytest.raises(Refused, match="dropdock verify"):
        back_up(folder, tmp_path / form)

    assert not (tmp_path / form).is_file()
    assert list((tmp_path / form / "snapshots").glob("*")) == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_an_earlier_backup_has_is_not_spoiled_by_later_damage(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backups")
    damage(folder.root / blob_of(SHOP["index.html"]))

    back_up(folder, tmp_path / "backups")

    again = restored(tmp_path / "backups", tmp_path / "new")
    assert (again.root / blob_of(SHOP["index.html"])).read_text() == SHOP["index.html"]


def test_only_the_newest_are_kept_and_what_they_share_stays(folder: DataFolder, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    back_up(folder, place)
    folder.traffic.write_text("only in the second\n")
    back_up(folder, place)
    only_in_second = BackupFolder(place).object(blob_of("only in the second\n").rpartition("/")[2])
    assert only_in_second.exists()
    folder.traffic.unlink()

    back_up(folder, place)
    with BackupFolder(place) as held:
        held.prune(1)

    assert not only_in_second.exists()
    assert len(BackupFolder(place).snapshots()) == 1
    restored(place, tmp_path / "new")


def test_a_folder_with_something_else_in_it_is_refused(folder: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()

    with pytest.raises(Refused, match="holds no backups"):
        back_up(folder, tmp_path / "photos")

    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.jpg"]


@pytest.mark.parametrize("place", ["ftp://host/backups", "backup.zip", "/x/backup.tar.gz"])
def test_a_name_that_means_no_backup_is_refused(place: str) -> None:
    with pytest.raises(Refused, match=r"folder"):
        source_of(place, MEANS)


@pytest.mark.parametrize(
    "point", ["backup.sync", "backup.finish", pytest.param("backup.settle", marks=pytest.mark.long)]
)
def test_one_that_is_killed_is_none_and_the_next_is_whole(
    folder: DataFolder, tmp_path: Path, point: str, contents: Contents
) -> None:
    place = tmp_path / "backups"
    assert killed_backup(tmp_path, place, point) == -9
    assert BackupFolder(place).snapshots() == []
    with pytest.raises(Refused, match="holds no backup"):
        restored(place, tmp_path / "new")

    back_up(folder, place)

    assert not BackupFolder(place).scratch.exists()
    assert contents(restored(place, tmp_path / "new").root).keys() >= {"dropdock.db", "secret.key"}


def test_an_archive_that_is_killed_leaves_the_one_before(folder: DataFolder, tmp_path: Path) -> None:
    place = tmp_path / "backup.tar.zst"
    back_up(folder, place)
    before = place.read_bytes()

    assert killed_backup(tmp_path, place, "backup.archive") == -9

    assert place.read_bytes() == before
    back_up(folder, place)
    assert {path.name for path in tmp_path.iterdir() if "backup.tar" in path.name} == {place.name}


def killed_backup(tmp_path: Path, place: Path, point: str) -> int:
    """`dropdock backup`, ended without warning at a step; its exit status."""
    return run_killed(["backup", str(place), "--data", str(tmp_path / "data")], point, tmp_path / "now")


def test_the_command_says_what_it_made(folder: DataFolder, tmp_path: Path) -> None:
    done = run("backup", str(tmp_path / "backup.tar"), "--data", str(folder.root))

    assert (done.returncode, done.stdout.split(":")[0]) == (0, str(tmp_path / "backup.tar"))
    assert "keep it where nobody else can read it" in done.stderr


@pytest.mark.parametrize("form", FORMS)
def test_one_that_was_rehearsed_is_the_last_good_one(folder: DataFolder, tmp_path: Path, form: str) -> None:
    done = run("backup", str(tmp_path / form), "--rehearse", "--data", str(folder.root))

    last = last_backup(folder)
    assert done.returncode == 0, done.stderr
    assert last is not None
    assert (last.rehearsed, last.place.startswith(str(tmp_path / form))) == (True, True)
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert not (tmp_path / form / "incoming").exists()


def test_one_that_cannot_be_restored_is_not_the_last_good_one(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backups")
    damage(BackupFolder(tmp_path / "backups").object(blob_of(SHOP["index.html"]).rpartition("/")[2]))

    done = run("backup", str(tmp_path / "backups"), "--rehearse", "--data", str(folder.root))

    assert (done.returncode, "other bytes" in done.stderr) == (1, True)
    assert last_backup(folder) is None


def test_a_data_folder_without_a_database_is_refused(tmp_path: Path) -> None:
    done = run("backup", str(tmp_path / "backups"), "--data", str(tmp_path / "nothing"))

    assert (done.returncode, "nothing to back up" in done.stderr) == (1, True)
    assert not (tmp_path / "backups").exists()


def test_a_backup_is_the_newest_also_after_the_clock_was_set_back(folder: DataFolder, tmp_path: Path) -> None:
    backups = BackupFolder(tmp_path / "backups")
    back_up(folder, backups.root)
    (first,) = backups.snapshots()
    ahead = first.rename(first.with_name(f"{datetime.now(UTC) + timedelta(hours=1):{NAMED}}.list"))

    back_up(folder, backups.root)

    assert backups.snapshots()[0] == ahead
    with backups:
        assert backups.prune(1) == 1
    assert backups.snapshots() != [ahead]

"""A backup is restored whole into an empty folder, or refused with nothing restored."""

import os
import random
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.data_folder import DataFolder, Unusable
from appliance.safekeeping.items import Damaged, Refused
from appliance.safekeeping.restoring import rehearse, restore
from appliance.safekeeping.sources import source_of
from tests.safekeeping.conftest import SHOP
from tests.safekeeping.places import (
    FORMS,
    MEANS,
    BackupFolder,
    archive_of,
    back_up,
    blob_of,
    damage,
    members_of,
    restored,
    run_killed,
)
from tests.test_journeys import run

Contents = Callable[[Path], dict[str, bytes]]
FLIPS = 25  # places in an archive where a byte is changed
NOBODY = 65_534  # a user id that owns nothing here


@pytest.fixture(scope="module")
def backups(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder as a backup in each form, not to be changed."""
    root = tmp_path_factory.mktemp("backups")
    for form in FORMS:
        back_up(DataFolder(original), root / form)
    return root


def test_it_goes_into_a_folder_that_is_missing_or_empty(backups: Path, tmp_path: Path, contents: Contents) -> None:
    (tmp_path / "empty").mkdir()

    into_empty = restored(backups / "backup.tar", tmp_path / "empty")
    into_new = restored(backups / "backups", tmp_path / "deep" / "new")

    names = contents(into_empty.root).keys()
    assert names == contents(into_new.root).keys()
    assert names >= {"dropdock.db", "secret.key", "certs/site.pem", blob_of(SHOP["index.html"])}


def test_what_is_private_is_so_again(backups: Path, tmp_path: Path) -> None:
    folder = restored(backups / "backup.tar", tmp_path / "new")

    readable = [path for path in folder.root.rglob("*") if path.stat().st_mode & 0o077]
    assert {path.relative_to(folder.root).parts[0] for path in readable} == {"blobs"}
    assert [path for path in readable if path.is_dir()] == []
    assert folder.secret_key.stat().st_mode & 0o777 == 0o600


def test_a_folder_with_something_in_it_is_refused(
    backups: Path, folder: DataFolder, tmp_path: Path, contents: Contents
) -> None:
    before = contents(folder.root)

    done = run("restore", str(backups / "backup.tar"), "--data", str(folder.root))

    assert (done.returncode, "is not empty" in done.stderr) == (1, True)
    assert contents(folder.root) == before


def test_a_folder_in_use_is_refused(backups: Path, folder: DataFolder) -> None:
    with folder.claim(), pytest.raises(Refused, match="stop it first"):
        restore(source_of(str(backups / "backup.tar"), MEANS), folder)


@pytest.mark.parametrize("form", ["backup.tar", "backup.tar.zst"])
def test_an_archive_with_a_changed_byte_is_refused_or_restores_the_same(
    backups: Path, tmp_path: Path, form: str, contents: Contents
) -> None:
    whole = (backups / form).read_bytes()
    right = contents(restored(backups / form, tmp_path / "right").root)
    refused = 0
    for place in random.Random(7).sample(range(len(whole)), FLIPS):
        changed = tmp_path / form
        changed.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        target = tmp_path / f"new{place}"
        try:
            assert contents(restored(changed, target).root) == right  # it was padding
        except Refused:
            refused += 1
            assert not target.exists()
    assert refused > FLIPS / 2


@pytest.mark.parametrize("form", ["backup.tar", "backup.tar.zst"])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9])
def test_an_archive_that_was_cut_short_is_refused(backups: Path, tmp_path: Path, form: str, part: float) -> None:
    whole = (backups / form).read_bytes()
    (tmp_path / form).write_bytes(whole[: int(len(whole) * part)])

    with pytest.raises(Damaged):
        restored(tmp_path / form, tmp_path / "new")

    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("hurt", ["object", "gone", "listing", "end"])
def test_a_damaged_folder_of_backups_is_refused(backups: Path, tmp_path: Path, hurt: str) -> None:
    place = tmp_path / "backups"
    shutil.copytree(backups / "backups", place)
    listing = BackupFolder(place).snapshots()[0]
    shop = BackupFolder(place).object(blob_of(SHOP["index.html"]).rpartition("/")[2])
    lines = listing.read_bytes().splitlines(keepends=True)
    match hurt:
        case "object":
            damage(shop)
        case "gone":
            shop.unlink()
        case "listing":
            listing.write_bytes(b"".join(lines[:4] + lines[5:]))
        case "end":
            listing.write_bytes(b"".join(lines[:-1]))

    with pytest.raises(Damaged):
        restored(place, tmp_path / "new")

    assert not (tmp_path / "new").exists()


NAMES = ["../escaped", "/escaped", "blobs/../../escaped", "certs/../escaped", "certs/a/../../escaped", "queue.db"]
NAMES += ["blobs/ab/escaped", "certs/.", "logs/builds/../x.jsonl", "C:\\escaped", "certs\\escaped", "dropdock.db/x"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, backups: Path, name: str) -> None:
    forged = [*members_of(backups / "backup.tar"), (tarfile.TarInfo(name), b"x")]
    place = archive_of(forged, tmp_path / "backup.tar", listed=[info.name for info, _ in forged])
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(Damaged):
        restored(place, tmp_path / "new" / "data")

    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before and path.name != "new"] == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_anything_but_plain_files_is_refused(tmp_path: Path, backups: Path, kind: bytes) -> None:
    link = tarfile.TarInfo("certs/link")
    link.type, link.linkname = kind, "dropdock.db"
    forged = [(link, b""), *members_of(backups / "backup.tar")]

    with pytest.raises(Damaged, match="no plain file"):
        restored(archive_of(forged, tmp_path / "backup.tar"), tmp_path / "new")


@pytest.mark.parametrize("forgery", ["twice", "not listed", "not there", "other bytes"])
def test_an_archive_that_does_not_fit_its_listing_is_refused(tmp_path: Path, backups: Path, forgery: str) -> None:
    members = members_of(backups / "backup.tar")
    names = [info.name for info, _ in members]
    forged, listed = members, names
    match forgery:
        case "twice":
            forged = [*members, members[0]]
        case "not listed":
            listed = [name for name in names if name != "secret.key"]
        case "not there":
            forged = [(info, content) for info, content in members if not info.name.startswith("manifests/")]
        case "other bytes":
            forged = [(i, content if not i.name.startswith("blobs/") else content + b"x") for i, content in members]

    with pytest.raises(Damaged):
        restored(archive_of(forged, tmp_path / "backup.tar", listed), tmp_path / "new")

    assert not (tmp_path / "new").exists()


def test_a_database_that_does_not_hold_together_is_refused(tmp_path: Path, backups: Path) -> None:
    members = members_of(backups / "backup.tar")
    forged = [
        (i, content if i.name != "dropdock.db" else content[:8192] + b"\1" * 4096 + content[12288:])
        for i, content in members
    ]
    names = [info.name for info, _ in members]

    with pytest.raises(Damaged, match=r"dropdock\.db"):
        restored(archive_of(forged, tmp_path / "backup.tar", names), tmp_path / "new")


def test_a_forged_archive_that_is_right_is_restored(tmp_path: Path, backups: Path) -> None:
    members = members_of(backups / "backup.tar")

    restored(archive_of(members, tmp_path / "backup.tar", [info.name for info, _ in members]), tmp_path / "new")

    assert (tmp_path / "new" / "dropdock.db").is_file()


@pytest.mark.parametrize(
    "point", ["restore.move", *(pytest.param(p, marks=pytest.mark.long) for p in ("restore.check", "restore.open"))]
)
def test_one_that_is_killed_is_not_served_and_can_be_done_again(
    backups: Path, tmp_path: Path, point: str, contents: Contents
) -> None:
    target = tmp_path / "new"
    order = ["restore", str(backups / "backup.tar"), "--data", str(target)]
    assert run_killed(order, point, tmp_path / "now") == -9

    with pytest.raises(Unusable, match="dropdock restore"):
        DataFolder(target).create()
    assert run("serve", "--data", str(target), "--listen", "127.0.0.1:0").returncode == 1
    assert run(*order).returncode == 0

    DataFolder(target).create()
    whole = contents(restored(backups / "backup.tar", tmp_path / "other").root)
    assert contents(target) == whole


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root becomes another user")
def test_another_user_restores_it_for_themselves(backups: Path) -> None:
    with tempfile.TemporaryDirectory() as given:  # pytest's own folders are closed to others
        place = Path(given)
        shutil.copy(backups / "backup.tar", place / "backup.tar")
        for path in (place, place / "backup.tar"):
            os.chown(path, NOBODY, NOBODY)
        child = os.fork()
        if child == 0:
            try:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                restore(source_of(str(place / "backup.tar"), MEANS), DataFolder(place / "data"))
                os._exit(0)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)

        assert status == 0
        assert {path.stat().st_uid for path in (place / "data").rglob("*")} == {NOBODY}


def test_a_rehearsal_leaves_nothing_and_finds_what_is_wrong(backups: Path, tmp_path: Path) -> None:
    rehearse(source_of(str(backups / "backups"), MEANS), tmp_path / "scratch")
    place = tmp_path / "backups"
    shutil.copytree(backups / "backups", place)
    damage(BackupFolder(place).object(blob_of(SHOP["index.html"]).rpartition("/")[2]))

    with pytest.raises(Damaged):
        rehearse(source_of(str(place), MEANS), tmp_path / "scratch")

    assert list((tmp_path / "scratch").iterdir()) == []


def test_the_command_says_what_it_restored(backups: Path, tmp_path: Path) -> None:
    listing = BackupFolder(backups / "backups").snapshots()[0]

    done = run("restore", str(listing), "--data", str(tmp_path / "new"))

    assert (done.returncode, str(tmp_path / "new") in done.stdout) == (0, True)
    assert (tmp_path / "new" / "dropdock.db").is_file()


@pytest.mark.parametrize("place", ["nothing", "photos"])
def test_what_is_no_backup_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "photos").mkdir()

    done = run("restore", str(tmp_path / place), "--data", str(tmp_path / "new"))

    assert (done.returncode, "holds no backup" in done.stderr) == (1, True)
    assert not (tmp_path / "new").exists()

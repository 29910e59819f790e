"""The server has its content verified and itself backed up, by processes beside it, and says how that went."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest

from appliance.chores import Chore, Doing, chores_of
from appliance.data_folder import DataFolder
from appliance.safekeeping.records import BackedUp, Verified, keep, last_backup
from appliance.safekeeping.standing import findings
from appliance.settings import Settings
from appliance.settings_sources import BadSettings, load
from appliance.units import Span
from tests.builders import Served, served
from tests.safekeeping.conftest import SHOP
from tests.safekeeping.places import BackupFolder, blob_of, damage
from tests.test_journeys import run


def wait_for(what: Callable[[], object]) -> None:
    give_up = time.monotonic() + 60
    while not what():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def figures(server: Served) -> dict[str, float]:
    lines = httpx.get(f"{server.url}/metrics", timeout=30).text.splitlines()
    return {line.split()[0]: float(line.split()[1]) for line in lines if not line.startswith("#")}


def test_a_server_finds_damage_by_itself(folder: DataFolder) -> None:
    damage(folder.root / blob_of("only in the first deploy"))
    with served(folder.root, environment={"DROPDOCK_VERIFY_EVERY": "100ms"}) as server:
        wait_for(folder.verified.exists)
        damaged = figures(server)["dropdock_damaged_files"]
        log = Path(f"{folder.root}.log")
        wait_for(lambda: "chore_failed" in log.read_text())

    assert damaged == 1
    assert "gone.txt" in log.read_text()


def test_a_server_makes_backups_that_can_be_restored(folder: DataFolder, tmp_path: Path) -> None:
    backups = BackupFolder(tmp_path / "backups")
    environment = {
        "DROPDOCK_BACKUP_EVERY": "100ms",
        "DROPDOCK_BACKUP_TO": str(backups.root),
        "DROPDOCK_BACKUP_KEEP": "1",
    }
    began = time.time()
    with served(folder.root, environment=environment) as server:
        wait_for(folder.backed_up.exists)
        made_at = figures(server)["dropdock_backup_timestamp_seconds"]

    last = last_backup(folder)
    assert last is not None
    assert last.rehearsed
    assert began <= made_at <= last.at.timestamp()
    assert backups.object(blob_of(SHOP["index.html"]).rpartition("/")[2]).exists()


def test_a_server_backs_up_as_the_file_says_that_it_was_started_with(folder: DataFolder, tmp_path: Path) -> None:
    passphrase, file, place = tmp_path / "passphrase", tmp_path / "my.toml", tmp_path / "backups"
    passphrase.write_text("correct horse battery staple\n")
    file.write_text(f'backup_every = "100ms"\nbackup_to = "{place}"\nbackup_passphrase_file = "{passphrase}"\n')

    with served(folder.root, "--config", str(file)):
        wait_for(folder.backed_up.exists)

    assert (place / "identity.age").exists()  # what opens backups that are encrypted


async def test_what_is_under_way_ends_with_the_server(tmp_path: Path) -> None:
    started = tmp_path / "started"
    script = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(60)"
    doing = Doing(Chore("sleep", ("-c", script), 0.01, lambda: None), [sys.executable])
    await doing.start()
    async with asyncio.timeout(60):
        while not started.exists():  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.02)

    await doing.stop()

    assert [child for child in psutil.Process().children() if script in child.cmdline()] == []


def test_what_is_under_way_ends_with_a_server_that_is_killed(folder: DataFolder) -> None:
    environment = {"DROPDOCK_VERIFY_EVERY": "100ms", "DROPDOCK_VERIFY_RATE": "1B"}  # it takes hours
    with served(folder.root, environment=environment) as server:
        wait_for(lambda: verifying(server))
        (child,) = verifying(server)
        server.kill()

        child.wait(30)


def verifying(server: Served) -> list[psutil.Process]:
    """The children of a server that verify."""
    return [child for child in psutil.Process(server.process.pid).children() if "verify" in child.cmdline()]


async def test_nothing_is_done_while_the_folder_is_not_there(folder: DataFolder, tmp_path: Path) -> None:
    done, asked, aside = tmp_path / "done", threading.Event(), folder.root.with_name("aside")
    (kept,) = chores_of(Settings(data=folder.root), folder)

    def is_there() -> bool:
        found = kept.is_there()
        asked.set()
        return found

    script = f"import pathlib; pathlib.Path({str(done)!r}).touch()"
    doing = Doing(
        replace(kept, words=("-c", script), every=0.01, last=lambda: None, is_there=is_there), [sys.executable]
    )
    folder.root.rename(aside)
    folder.root.mkdir()  # where its disk was mounted
    await doing.start()
    await asyncio.to_thread(asked.wait, 30)
    begun = done.exists()
    folder.root.rmdir()
    aside.rename(folder.root)
    async with asyncio.timeout(60):
        while not done.exists():  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.02)
    await doing.stop()

    assert not begun


def test_nothing_is_due_before_its_time() -> None:
    now = datetime.now(UTC)
    due = Doing(Chore("x", (), 3600.0, lambda: now), [])._wait()
    never_done = Doing(Chore("x", (), 3600.0, lambda: None), [])._wait()

    assert (3590 < due <= 3600, never_done) == (True, 600.0)


def test_a_chore_is_only_what_the_settings_ask_for(tmp_path: Path) -> None:
    usual = chores_of(Settings(data=tmp_path), DataFolder(tmp_path))
    none = chores_of(Settings(data=tmp_path, verify_every=Span(0)), DataFolder(tmp_path))

    assert ([chore.name for chore in usual], none) == (["verification"], [])


def test_backups_need_a_folder(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="backup_to"):
        load(given={"data": tmp_path, "backup_every": "1d"})


def test_a_failure_is_not_kept_where_the_folder_is_not_there(folder: DataFolder) -> None:
    backup = chores_of(Settings(data=folder.root, backup_every=Span(60), backup_to="/mnt/backups"), folder)[-1]
    aside = folder.root.with_name("aside")
    folder.root.rename(aside)
    folder.root.mkdir()

    backup.failed("There is nothing in it.")

    assert list(folder.root.iterdir()) == []


def test_a_backup_that_fails_is_told_until_one_is_good_again(folder: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    environment = {"DROPDOCK_BACKUP_EVERY": "100ms", "DROPDOCK_BACKUP_TO": str(tmp_path / "taken")}
    with served(folder.root, environment=environment):
        wait_for(folder.backup_failed.exists)

    (told, *_) = findings(folder, 60.0)
    keep(folder.backed_up, BackedUp(datetime.now(UTC), "/mnt/backups", 5, 500, rehearsed=True))
    (good, *_) = findings(folder, 60.0)

    assert (told.severity, told.code) == ("warning", "backup_failed")
    assert str(tmp_path / "taken") in told.message
    assert good.code == "backup"


def test_check_says_which_backup_is_the_last_good_one_and_warns_when_it_is_old(folder: DataFolder) -> None:
    def codes(every: float) -> list[tuple[str, str]]:
        return [(finding.severity, finding.code) for finding in findings(folder, every)]

    assert (codes(0.0), codes(60.0)) == ([("note", "no_backup")], [("warning", "no_backup")])
    made = datetime.now(UTC) - timedelta(hours=3)
    keep(folder.backed_up, BackedUp(made, "/mnt/backups", 5, 500, rehearsed=True))
    keep(folder.verified, Verified(made, 1.0, 5, 500, damaged=2))

    assert codes(7200.0) == [("note", "backup"), ("warning", "damaged")]
    assert findings(folder, 0.0, 3600.0)[0].code == "backup_old"
    assert findings(folder, 3600.0, 4 * 3600.0)[0].code == "backup"
    assert codes(3600.0) == [("warning", "backup_old"), ("warning", "damaged")]
    assert "/mnt/backups" in run("check", "--data", str(folder.root)).stdout

"""Two machines never write into one bucket at a time, and what one wrote is never written over."""

from pathlib import Path

import obstore
import pytest

from appliance.data_folder import DataFolder
from appliance.safekeeping import leases
from appliance.safekeeping.items import Refused
from tests.safekeeping.store import Store, back_up
from tests.safekeeping.test_chores import wait_for


def test_two_machines_do_not_write_at_a_time(
    folder: DataFolder, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LOOK", 0.01)
    monkeypatch.setattr(leases, "RENEWED", 0.02)
    back_up(folder, store)

    with store.backups(tmp_path / "other"), pytest.raises(Refused, match="is under way"):
        back_up(folder, store)

    back_up(folder, store)


def test_one_whose_machine_died_is_taken_over(
    folder: DataFolder, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LOOK", 0.01)
    monkeypatch.setattr(leases, "GONE", 0.2)
    obstore.put(store.client(), leases.NAME, b'{"token": "of another", "who": "elsewhere"}')

    back_up(folder, store)

    assert leases.NAME not in store.objects()


def test_one_that_was_taken_over_meanwhile_is_given_up(
    folder: DataFolder, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEWED", 0.01)
    backups = store.backups(tmp_path / "scratch")
    with backups:
        obstore.put(store.client(), leases.NAME, b"{}")
        wait_for(lambda: backups.place._lease._version is None)  # type: ignore[attr-defined]
        (backups.scratch / "x").write_text("x")
        with pytest.raises(Refused, match="given up"):
            backups.place.create("snapshots/x.list", backups.scratch / "x")

    assert store.objects().keys() == {leases.NAME}


def test_the_same_name_is_never_written_twice(store: Store, tmp_path: Path) -> None:
    with store.backups(tmp_path / "scratch") as backups:
        for text in ("first", "second"):
            (backups.scratch / text).write_text(text)
        backups.place.create("snapshots/x.list", backups.scratch / "first")
        with pytest.raises(FileExistsError):
            backups.place.create("snapshots/x.list", backups.scratch / "second")

        (backups.scratch / "again").write_text("first")
        backups.place.create("snapshots/x.list", backups.scratch / "again")  # it came; the answer did not

    assert store.objects() == {"snapshots/x.list": b"first"}

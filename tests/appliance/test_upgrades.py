"""Databases of every version are upgraded whole; what would not fit, or has no room, is left as it was."""

from pathlib import Path
from typing import Any

import pytest
from tortoise.connection import get_connection
from tortoise.migrations.operations import RunSQL

from appliance import db, drift, migrations, schema, upgrade
from appliance.data_folder import DataFolder, Unusable
from appliance.models.account import Account
from tests.appliance import fixtures
from tests.appliance.scratch_migrations import with_migration
from tests.appliance.test_db import rows
from tests.fresh import lay_database
from tests.test_journeys import run

NEAREST = (*fixtures.kept()[:1], *fixtures.kept()[-3:])  # the oldest, which takes every step, and the newest


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.create()
    return made


def test_the_outcome_of_every_migration_but_the_newest_is_kept() -> None:
    """`python -m tests.appliance.fixtures` makes what is missing."""
    assert set(migrations.NAMES[:-1]) <= set(fixtures.kept())


@pytest.mark.parametrize(
    "name", [name if name in NEAREST else pytest.param(name, marks=pytest.mark.long) for name in fixtures.kept()]
)
async def test_a_database_of_every_version_is_upgraded_with_all_its_rows(folder: DataFolder, name: str) -> None:
    fixtures.lay(name, folder.database)
    before = fixtures.counts(folder.database)

    async with await db.open(folder):
        beyond = await db.check_drift()
        accounts = await Account.all().count()

    after = fixtures.counts(folder.database)
    assert set(before.values()) == {fixtures.ROWS}
    assert {table: after[table] for table in before} == before
    assert (beyond, accounts) == ([], fixtures.ROWS)


async def test_a_migration_that_makes_less_than_the_models_describe_is_undone(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await db.open(folder):
        pass
    before = rows(folder, "SELECT sql FROM sqlite_master")
    dropping = RunSQL("DROP INDEX idx_deploy_state_f5d92f")

    with monkeypatch.context() as newer:
        with_migration(newer, "9999_loses", [dropping])
        with pytest.raises(Unusable, match=r"it would lack index deploy\.state\. It is unchanged"):
            await db.open(folder)

    assert rows(folder, "SELECT sql FROM sqlite_master") == before
    assert schema.look(folder.database).current


async def test_without_room_nothing_is_migrated(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    fixtures.lay(migrations.NAMES[0], folder.database)
    before = folder.database.read_bytes()
    monkeypatch.setattr(upgrade, "free_space", lambda _: upgrade.ROOM)

    with pytest.raises(Unusable, match=r"was not migrated: that needs [\d,]+ bytes .* and 20,000,000 are free"):
        await db.open(folder)

    assert folder.database.read_bytes() == before
    assert list(folder.backups.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ("ALTER TABLE site DROP COLUMN spa", "column site.spa"),
        ("DROP TABLE alias", "table alias"),
        ("DROP INDEX idx_deploy_state_f5d92f", "index deploy.state"),
    ],
)
async def test_a_database_that_lacks_something_is_not_used(folder: DataFolder, change: str, lacks: str) -> None:
    async with await db.open(folder):
        await get_connection("default").execute_query(change)

        with pytest.raises(Unusable, match=rf"lacks {lacks}.*restore a backup"):
            await db.check_drift()

    (found,) = await drift.findings(folder, db.APPS)
    assert (found.severity, found.code) == ("error", "schema_lacking")
    assert lacks in found.message


async def test_what_somebody_added_is_told_and_harms_nothing(folder: DataFolder) -> None:
    async with await db.open(folder):
        await get_connection("default").execute_query("CREATE TABLE of_mine (id INTEGER)")
        await get_connection("default").execute_query("CREATE INDEX mine ON site (dialect)")
        beyond: list[Any] = await db.check_drift()

    (found,) = await drift.findings(folder, db.APPS)
    assert beyond == ["index site.dialect", "table of_mine"]
    assert (found.severity, found.code) == ("note", "schema_beyond")


def test_check_ends_with_an_error_where_the_database_lacks_something(folder: DataFolder) -> None:
    lay_database(folder.root)
    rows(folder, "DROP TABLE alias")

    checked = run("check", "--data", str(folder.root))

    assert checked.returncode == 1
    assert "error: The database lacks table alias" in checked.stdout

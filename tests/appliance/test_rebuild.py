"""A column changes on SQLite, and rows, indexes, triggers and ids given stay."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.migrations.operations import AlterField, Operation, RemoveField

from appliance import db, drift, migrations, upgrade
from appliance.data_folder import DataFolder
from appliance.models.account import Account
from appliance.models.deploy import Deploy, Live
from appliance.models.site import Site
from appliance.rebuild import Rebuild
from tests.appliance.postgres import postgres_server
from tests.appliance.scratch_migrations import with_migration
from tests.fresh import lay_database

WIDER = AlterField("Site", "html", fields.CharField(default="natural", max_length=40))


@pytest.fixture
async def folder(tmp_path: Path) -> DataFolder:
    """A site with a deploy that is live, another site that is gone, and what an operator added by hand."""
    made = DataFolder(tmp_path)
    made.create()
    lay_database(made.root)
    async with await db.open(made):
        alice = await Account.create(email="alice@example.org", role="user")
        site = await Site.create(name="docs", owner=alice)
        deploy = await Deploy.create(id="d1", site=site, number=1, state="ready")
        await Live.create(site=site, deploy=deploy)
        await (await Site.create(name="gone", owner=alice)).delete()
    with closing(sqlite3.connect(made.database)) as connection:
        connection.executescript(
            "CREATE INDEX by_hand ON site (html) WHERE spa = 1;"
            "CREATE UNIQUE INDEX once ON site (owner_id, name);"
            "CREATE INDEX on_minify ON site (minify);"
            "CREATE TRIGGER said AFTER UPDATE ON site BEGIN UPDATE account SET role = 'admin'; END;"
        )
    return made


async def rebuild(folder: DataFolder, monkeypatch: pytest.MonkeyPatch, operations: Sequence[Operation]) -> None:
    with_migration(monkeypatch, "0002_change", operations)
    await upgrade.upgrade(folder, db.config(folder, foreign_keys="OFF"))


async def schema_of(folder: DataFolder) -> dict[str, Any]:
    async with TortoiseContext() as context:
        await context.init(config=db.config(folder))
        return await drift.schema_of(context.db())


def all_rows(folder: DataFolder, *tables: str) -> list[Any]:
    return [rows(folder, f"SELECT * FROM {table}") for table in tables]  # noqa: S608 - our own names


def rows(folder: DataFolder, query: str) -> list[Any]:
    with closing(sqlite3.connect(folder.database)) as connection:
        return connection.execute(query).fetchall()


async def test_a_changed_column_is_all_that_changes(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await schema_of(folder)
    triggers = rows(folder, "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")

    await rebuild(folder, monkeypatch, [Rebuild(WIDER)])

    before["site"]["columns"]["html"] = ("VARCHAR(40)", 1, None, 0)
    assert await schema_of(folder) == before
    assert rows(folder, "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'") == triggers


async def test_rows_and_their_children_stay(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = all_rows(folder, "deploy", "live", "account")
    sites = rows(folder, "SELECT id, name, owner_id, html, last_number FROM site")

    await rebuild(folder, monkeypatch, [Rebuild(WIDER)])

    assert all_rows(folder, "deploy", "live", "account") == before
    assert rows(folder, "SELECT id, name, owner_id, html, last_number FROM site") == sites


async def test_an_id_of_a_row_that_is_gone_is_not_given_again(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rebuild(folder, monkeypatch, [Rebuild(WIDER)])

    async with await db.open(folder):
        site = await Site.create(name="next", owner_id=1)

    assert site.id == 3


async def test_a_removed_column_takes_its_indexes_along_and_nothing_else(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await schema_of(folder)

    await rebuild(folder, monkeypatch, [Rebuild(RemoveField("Site", "minify"))])

    del before["site"]["columns"]["minify"]
    indexes = before["site"]["indexes"]
    before["site"]["indexes"] = {index: rest for index, rest in indexes.items() if index[0] != "on_minify"}
    assert await schema_of(folder) == before


async def test_a_column_of_a_composite_key_can_change(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await schema_of(folder)

    await rebuild(folder, monkeypatch, [Rebuild(AlterField("Deploy", "number", fields.BigIntField()))])

    before["deploy"]["columns"]["number"] = ("BIGINT", 1, None, 0)
    assert await schema_of(folder) == before
    assert rows(folder, "SELECT id, number FROM deploy") == [("d1", 1)]


async def test_a_column_may_be_filled_from_the_old_row(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    filled = AlterField("Account", "password", fields.CharField(max_length=255))

    await rebuild(folder, monkeypatch, [Rebuild(filled, fill={"password": "coalesce(password, email || '!')"})])

    assert rows(folder, "SELECT password FROM account") == [("alice@example.org!",)]
    assert (await schema_of(folder))["account"]["columns"]["password"] == ("VARCHAR(255)", 1, None, 0)


def test_it_is_called_what_it_does() -> None:
    assert Rebuild(WIDER).describe() == "Alter field html on Site"


@pytest.mark.needs("postgresql")
async def test_on_postgresql_the_table_is_altered_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    names = with_migration(monkeypatch, "0002_change", [Rebuild(WIDER)])

    with postgres_server() as socket:
        async with TortoiseContext() as context:
            url = {"host": str(socket), "port": 5432, "user": "postgres", "password": "", "database": "postgres"}
            engine = {"engine": "tortoise.backends.asyncpg", "credentials": url}
            await context.init(config={"connections": {"default": engine}, "apps": db.APPS})
            await upgrade.run(context.db(), migrations.NAMES)
            await upgrade.run(context.db(), names)
            (column,) = await context.db().execute_query_dict(
                "SELECT character_maximum_length FROM information_schema.columns "
                "WHERE table_name = 'site' AND column_name = 'html'"
            )

    assert column["character_maximum_length"] == 40

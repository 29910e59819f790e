"""Migrations make the schema the models describe, and keep what was there."""

import ast
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import pytest
from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.operations import AlterModelOptions

from appliance import db, migrations, upgrade
from appliance.data_folder import DataFolder
from appliance.drift import schema_of
from tests.appliance.postgres import postgres_server
from tests.appliance.schemas import postgres_schema

FOLDER = Path(migrations.__file__).parent
FILES = sorted(path.stem for path in FOLDER.glob("[0-9]*.py"))


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path)


@pytest.fixture
async def generated(tmp_path: Path) -> AsyncIterator[TortoiseContext]:
    """A database that Tortoise made from the models, without migrations."""
    (tmp_path / "generated").mkdir()
    async with TortoiseContext() as context:
        await context.init(config=db.config(DataFolder(tmp_path / "generated")))
        await context.generate_schemas()
        yield context


# ── the files


def test_the_list_names_every_migration_in_order() -> None:
    assert list(migrations.NAMES) == FILES


def test_each_migration_depends_on_the_one_before_it() -> None:
    before = [[("appliance", name)] for name in FILES[:-1]]

    assert [import_module(f"appliance.migrations.{name}").Migration.dependencies for name in FILES] == [[], *before]


@pytest.mark.parametrize("name", FILES)
def test_no_migration_loses_rows_or_indexes_on_sqlite(name: str) -> None:
    assert bare_changes((FOLDER / f"{name}.py").read_text()) == []


def test_a_change_through_rebuild_is_allowed() -> None:
    assert bare_changes("operations = [Rebuild(ops.AlterField('Site', 'html', field))]") == []
    assert bare_changes("operations = [ops.AlterField('Site', 'html', f), RemoveField('a', 'b')]") == [
        "AlterField",
        "RemoveField",
    ]


@pytest.mark.parametrize("name", FILES)
def test_every_migration_is_all_or_nothing(name: str) -> None:
    assert import_module(f"appliance.migrations.{name}").Migration.atomic is True


@pytest.mark.parametrize("name", FILES)
def test_no_migration_carries_descriptions(name: str) -> None:
    """They come from docstrings, mean nothing to the schema, and Tortoise splits statements at their semicolons."""
    source = (FOLDER / f"{name}.py").read_text()

    assert "description" not in source
    assert "AlterModelOptions" not in source


def bare_changes(source: str) -> list[str]:
    """AlterField and RemoveField that are not given to Rebuild (see `appliance.rebuild`)."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    wrapped = {id(call.args[0]) for call in calls if called(call) == "Rebuild" and call.args}
    return [called(call) for call in calls if called(call) in {"AlterField", "RemoveField"} and id(call) not in wrapped]


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


# ── the schema


async def test_the_models_have_no_change_without_a_migration(generated: TortoiseContext) -> None:
    assert generated.apps is not None
    found = await MigrationAutodetector(generated.apps, db.APPS).changes()

    changes = [operation for writer in found for operation in writer.operations]

    assert [change.describe() for change in changes if not isinstance(change, AlterModelOptions)] == []


async def test_migrations_make_on_sqlite_what_the_models_describe(
    folder: DataFolder, generated: TortoiseContext
) -> None:
    described = await schema_of(generated.db())
    async with await db.open(folder):
        pass
    async with TortoiseContext() as context:
        await context.init(config=db.config(folder))
        migrated = await schema_of(context.db())

    assert migrated == described
    assert "deploy" in migrated


@pytest.mark.needs("postgresql")
async def test_migrations_make_on_postgresql_what_the_models_describe() -> None:
    with postgres_server() as socket:
        schemas = []
        for name in ("described", "migrated"):
            async with TortoiseContext() as context:
                url = {"host": str(socket), "port": 5432, "user": "postgres", "password": "", "database": name}
                engine = {"engine": "tortoise.backends.asyncpg", "credentials": url}
                await context.init(config={"connections": {"default": engine}, "apps": db.APPS}, _create_db=True)
                if name == "described":
                    await context.generate_schemas()
                else:
                    await upgrade.run(context.db(), migrations.NAMES)
                    await upgrade.run(context.db(), migrations.NAMES)
                schemas.append(await postgres_schema(context.db()))

    described, migrated = schemas

    assert migrated == described
    assert migrated["columns"]

"""Change or remove a column without losing rows or indexes on SQLite, where that means building the table anew."""

from collections.abc import Mapping

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.migrations.operations import AlterField, RemoveField, TortoiseOperation
from tortoise.migrations.schema_editor import BaseSchemaEditor, SqliteSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.models import Model

NEW = "rebuilt__"  # before the table's name, until the new table takes the old one's place
STORED = "SELECT name, sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL"


class Rebuild(TortoiseOperation):
    """Does what an AlterField or RemoveField says; migrations use those two through this only.

    Tortoise's own way on SQLite keeps no index and no uniqueness of several columns. This follows the procedure of
    https://www.sqlite.org/lang_altertable.html#otheralter: the new table and its indexes are those of a new database,
    indexes and triggers made by hand are made again, and ids given once are not given again. `fill` maps a column to
    the SQL expression that gives its value from the old row: `{"html": "coalesce(html, 'natural')"}`. It is for SQLite
    alone; for others let a `RunSQL` before this one do the same.

    The connection must not enforce foreign keys, as in `appliance.upgrade.run`.
    """

    reversible = False

    def __init__(self, change: AlterField | RemoveField, fill: Mapping[str, str] | None = None) -> None:
        self.change = change
        self.fill = dict(fill or {})

    def describe(self) -> str:
        """What `tortoise sqlmigrate` calls it."""
        return self.change.describe()

    def state_forward(self, app_label: str, state: State) -> None:
        """The same change of the models as without a rebuild."""
        self.change.state_forward(app_label, state)

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Rebuild on SQLite; let Tortoise alter the table in place on others."""
        if isinstance(state_editor, SqliteSchemaEditor):
            model = new_state.apps.get_model(f"{app_label}.{self.change.model_name}")
            await _rebuild(state_editor.client, model, self.fill)
        else:
            await self.change.database_forward(app_label, old_state, new_state, state_editor)


async def _rebuild(client: BaseDBAsyncClient, model: type[Model], fill: Mapping[str, str]) -> None:
    table = model._meta.db_table  # noqa: SLF001 - Tortoise's documented place for it
    stored = await client.execute_query_dict(STORED, [table])
    create, *indexes = await _statements(client, model)
    await client.execute_query(create.replace(f'CREATE TABLE "{table}"', f'CREATE TABLE "{NEW}{table}"', 1))
    await _copy(client, table, fill)
    obsolete = await _indexes_on_removed_columns(client, table)
    await client.execute_query(f'DROP TABLE "{table}"')
    await client.execute_query("PRAGMA legacy_alter_table=ON")  # others' triggers may name the table, missing just now
    await client.execute_query(f'ALTER TABLE "{NEW}{table}" RENAME TO "{table}"')
    await client.execute_query("PRAGMA legacy_alter_table=OFF")
    kept = [row["sql"] for row in stored if row["name"] not in obsolete and row["sql"] not in indexes]
    for statement in (*indexes, *kept):
        await client.execute_query(statement)


async def _statements(client: BaseDBAsyncClient, model: type[Model]) -> list[str]:
    """The table as a new database would have it: CREATE TABLE, then an index each."""
    editor = SqliteSchemaEditor(client, collect_sql=True)
    await editor.create_model(model)
    return [stripped for part in "".join(editor.collected_sql).split(";") if (stripped := part.strip())]


async def _copy(client: BaseDBAsyncClient, table: str, fill: Mapping[str, str]) -> None:
    old, new = await _columns(client, table), await _columns(client, NEW + table)
    names = sorted(name for name in new if name in old or name in fill)
    into = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(fill.get(name, f'"{name}"') for name in names)
    # Names come from our own models, expressions from our own migrations.
    await client.execute_query(f'INSERT INTO "{NEW}{table}" ({into}) SELECT {values} FROM "{table}"')  # noqa: S608
    await client.execute_query("DELETE FROM sqlite_sequence WHERE name = ?", [NEW + table])
    await client.execute_query(
        "INSERT INTO sqlite_sequence (name, seq) SELECT ?, seq FROM sqlite_sequence WHERE name = ?",
        [NEW + table, table],
    )


async def _indexes_on_removed_columns(client: BaseDBAsyncClient, table: str) -> set[str]:
    kept = await _columns(client, NEW + table)
    found = set()
    for index in await client.execute_query_dict("SELECT name FROM pragma_index_list(?)", [table]):
        columns = await client.execute_query_dict("SELECT name FROM pragma_index_info(?)", [index["name"]])
        if any(column["name"] is not None and column["name"] not in kept for column in columns):
            found.add(index["name"])
    return found


async def _columns(client: BaseDBAsyncClient, table: str) -> set[str]:
    rows = await client.execute_query_dict("SELECT name FROM pragma_table_info(?)", [table])
    return {row["name"] for row in rows}

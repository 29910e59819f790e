"""Holds a database's schema against what the models describe: what somebody changed by hand, or a migration left out.

SQLite only. On PostgreSQL the tests hold what migrations make against the models.
"""

import sqlite3
from typing import Any, Protocol

from tortoise.context import TortoiseContext

from appliance import schema
from appliance.data_folder import DataFolder, Finding

Schema = dict[str, dict[str, Any]]
"""Table → its columns, references and indexes."""


class Database(Protocol):
    """What can be asked: Tortoise's connections and transactions can."""

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """The rows, each a value by column."""
        ...


OURS = "tortoise_migrations"  # which migrations were applied; no model describes it
KINDS = {"columns": "column", "references": "reference", "indexes": "index"}


async def schema_of(connection: Database) -> Schema:
    """Tables with their columns, keys, indexes and references; names of indexes, but not of constraints."""
    tables = await connection.execute_query_dict(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> ?", [OURS]
    )
    return {table["name"]: await _table(connection, table["name"], table["sql"]) for table in tables}


async def findings(folder: DataFolder, apps: dict[str, Any]) -> list[Finding]:
    """How the folder's database differs from the models, which is only looked at; nothing unless it is current."""
    try:
        if not schema.look(folder.database).current:
            return []
        with schema.reading(folder.database) as connection:
            live = await schema_of(_ReadOnly(connection))
    except (schema.Unreadable, sqlite3.Error):
        return []  # the data folder's own look at it says so
    models = await described(apps)
    found = []
    if missing := lacking(live, models):
        said = f"The database lacks {', '.join(missing)}, which Dropdock needs: restore a backup (dropdock restore)."
        found.append(Finding("error", "schema_lacking", said))
    if extra := beyond(live, models):
        said = f"The database has what Dropdock did not make: {', '.join(extra)}."
        found.append(Finding("note", "schema_beyond", said))
    return found


async def described(apps: dict[str, Any]) -> Schema:
    """What the models describe, made in memory; `apps` are Tortoise's."""
    async with TortoiseContext() as context:
        await context.init(config={"connections": {"default": "sqlite://:memory:"}, "apps": apps})
        await context.generate_schemas()
        return await schema_of(context.db())


def lacking(live: Schema, models: Schema) -> list[str]:
    """What the models describe and the database has not, or has otherwise; none where this program can use it."""
    missing = [f"table {name}" for name in models.keys() - live.keys()]
    for name in models.keys() & live.keys():
        for part, kind in KINDS.items():
            has = live[name][part]
            missing += [
                f"{kind} {name}.{_told(each)}" for each, value in models[name][part].items() if has.get(each) != value
            ]
    return sorted(missing)


def beyond(live: Schema, models: Schema) -> list[str]:
    """What the database has and no model describes: of somebody else, and in nobody's way."""
    extra = [f"table {name}" for name in live.keys() - models.keys()]
    for name in models.keys() & live.keys():
        for part, kind in KINDS.items():
            extra += [f"{kind} {name}.{_told(each)}" for each in live[name][part].keys() - models[name][part].keys()]
    return sorted(extra)


async def _table(connection: Database, name: str, sql: str) -> dict[str, Any]:
    columns = await connection.execute_query_dict("SELECT * FROM pragma_table_info(?)", [name])
    references = await connection.execute_query_dict("SELECT * FROM pragma_foreign_key_list(?)", [name])
    indexes = await connection.execute_query_dict("SELECT * FROM pragma_index_list(?)", [name])
    return {
        "autoincrement": "AUTOINCREMENT" in sql,
        "columns": {c["name"]: (c["type"], c["notnull"], c["dflt_value"], c["pk"]) for c in columns},
        "references": {r["from"]: (r["table"], r["to"], r["on_delete"], r["on_update"]) for r in references},
        "indexes": dict([await _index(connection, index) for index in indexes]),
    }


async def _index(connection: Database, index: dict[str, Any]) -> tuple[tuple[Any, ...], int]:
    columns = await connection.execute_query_dict("SELECT name FROM pragma_index_info(?)", [index["name"]])
    named = index["name"] if index["origin"] == "c" else None
    return (named, index["unique"], *(column["name"] for column in columns)), index["partial"]


def _told(name: str | tuple[Any, ...]) -> str:
    """A column's name, or an index by its columns."""
    return name if isinstance(name, str) else ",".join(str(column) for column in name[2:])


class _ReadOnly:
    """A database file as `schema_of` asks it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._connection.row_factory = sqlite3.Row

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        return [dict(row) for row in self._connection.execute(query, values or [])]

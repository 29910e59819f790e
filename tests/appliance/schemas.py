"""What a database's schema is, as a value: for holding two databases against each other."""

from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

Schema = dict[str, Any]


async def sqlite_schema(connection: BaseDBAsyncClient) -> Schema:
    """Tables with their columns, keys, indexes and references; names of indexes, but not of constraints."""
    tables = await connection.execute_query_dict(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> ?",
        ["tortoise_migrations"],
    )
    return {table["name"]: await _sqlite_table(connection, table["name"], table["sql"]) for table in tables}


async def _sqlite_table(connection: BaseDBAsyncClient, name: str, sql: str) -> Schema:
    columns = await connection.execute_query_dict("SELECT * FROM pragma_table_info(?)", [name])
    references = await connection.execute_query_dict("SELECT * FROM pragma_foreign_key_list(?)", [name])
    indexes = await connection.execute_query_dict("SELECT * FROM pragma_index_list(?)", [name])
    return {
        "autoincrement": "AUTOINCREMENT" in sql,
        "columns": {c["name"]: (c["type"], c["notnull"], c["dflt_value"], c["pk"]) for c in columns},
        "references": sorted((r["from"], r["table"], r["to"], r["on_delete"], r["on_update"]) for r in references),
        "indexes": sorted([await _sqlite_index(connection, index) for index in indexes], key=str),
    }


async def _sqlite_index(connection: BaseDBAsyncClient, index: dict[str, Any]) -> tuple[Any, ...]:
    columns = await connection.execute_query_dict("SELECT name FROM pragma_index_info(?)", [index["name"]])
    named = index["name"] if index["origin"] == "c" else None
    return named, index["unique"], index["partial"], tuple(column["name"] for column in columns)


async def postgres_schema(connection: BaseDBAsyncClient) -> Schema:
    """The same for PostgreSQL, with constraints as it writes them."""
    columns = await connection.execute_query_dict(
        "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, is_identity "
        "FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'tortoise_migrations'"
    )
    constraints = await connection.execute_query_dict(
        "SELECT conrelid::regclass::text AS table_name, contype::text, pg_get_constraintdef(oid) AS definition "
        "FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> "
        "'tortoise_migrations'"
    )
    indexes = await connection.execute_query_dict(
        "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations' "
        "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    return {
        part: sorted(tuple(str(value) for value in dict(row).values()) for row in rows)
        for part, rows in {"columns": columns, "constraints": constraints, "indexes": indexes}.items()
    }

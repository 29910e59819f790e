"""What a database's schema is, as a value: for holding two databases against each other."""

from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

Schema = dict[str, Any]


async def postgres_schema(connection: BaseDBAsyncClient) -> Schema:
    """Columns, indexes and constraints of PostgreSQL, as it writes them (of SQLite: `appliance.drift`)."""
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

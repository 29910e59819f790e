"""Bring a database to this program's schema: one process at a time, after a backup, in one transaction.

Before its commit the database is checked whole, and its schema held against the models: what does not fit is undone.
"""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import structlog
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.migrations import Migration
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor, BaseSchemaEditor, SqliteSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.transactions import in_transaction

from appliance import drift, schema
from appliance.data_folder import DataFolder, Unusable, free_space
from appliance.file_lock import FileLock, Held
from appliance.storage.backups import Backups
from appliance.version import VERSION

COPIES = 3  # of the database: the backup, a table that is made anew, and the log of both
ROOM = 20_000_000  # bytes, for what goes on beside that
PATIENCE = 60.0  # seconds to wait for another process that is migrating the same database
EDITORS: dict[str, type[BaseSchemaEditor]] = {"sqlite": SqliteSchemaEditor, "postgres": AsyncpgSchemaEditor}

log = structlog.get_logger(__name__)


class Damaged(Exception):
    """The database does not hold together after a migration."""


async def upgrade(folder: DataFolder, config: dict[str, Any], models: drift.Schema | None = None) -> None:
    """Make the database, or migrate it to `models`; `config` is Tortoise's, without foreign keys. Raises Unusable.

    Several processes may call this at once: the first does the work, the others wait and find it done. When it fails
    the database is as it was before.
    """
    with FileLock(folder.migration_lock) as lock:
        await _take(lock, folder)
        state = schema.look(folder.database)
        if state.unknown or not state.pending:
            return
        await asyncio.to_thread(_prepare, folder, state)
        await _migrate(folder, config, state.applied + state.pending, models)
        log.info("database_migrated", applied=state.pending)


def check_room(folder: DataFolder) -> None:
    """Raise Unusable where the disk has too little room to migrate a database that has something in it."""
    beside = folder.database.with_name(f"{folder.database.name}-wal")
    size = sum(path.stat().st_size for path in (folder.database, beside) if path.exists())
    needed, free = COPIES * size + ROOM, free_space(folder)
    if free < needed:
        raise Unusable(
            f"The database was not migrated: that needs {needed:,} bytes on the disk of {folder.root}, and {free:,} "
            "are free. It is unchanged; free some, or run the version used before."
        )


async def run(connection: BaseDBAsyncClient, names: Sequence[str], models: drift.Schema | None = None) -> None:
    """Apply what is missing of these migrations, all of it or nothing, and record it.

    Nothing, too, where the outcome lacks something of `models`. Raises Damaged.

    Foreign keys must not be enforced on `connection`: SQLite changes a table by building it anew, and dropping the old
    one would take its children's rows along. They are checked, with everything else, before the commit.
    """
    editor = EDITORS[connection.capabilities.dialect]
    await MigrationRecorder(connection).ensure_schema(editor(connection))
    async with in_transaction(connection.connection_name) as transaction:
        recorder = MigrationRecorder(transaction)
        applied = {key.name for key in await recorder.applied_migrations() if key.app_label == schema.APP}
        state = State(models={}, apps=StateApps(default_connections={schema.APP: connection.connection_name}))
        for name in names:
            if name in applied:
                await _load(name).apply(state, dry_run=True)
            else:
                await _load(name).apply(state, schema_editor=editor(transaction))
                await recorder.record_applied(schema.APP, name)
        await _check(transaction)
        if models is not None and (lacking := drift.lacking(await drift.schema_of(transaction), models)):
            raise Damaged(f"it would lack {', '.join(lacking)}")


def _load(name: str) -> Migration:
    migration: Migration = import_module(f"appliance.migrations.{name}").Migration(name, schema.APP)
    return migration


async def _take(lock: FileLock, folder: DataFolder) -> None:
    try:
        await asyncio.to_thread(lock.take, PATIENCE)
    except Held as held:
        raise Unusable(
            f"Another process ({held.pid}) has been migrating {folder.database} for {PATIENCE:.0f} seconds: wait for "
            "it, or end it, then start again."
        ) from held


def _prepare(folder: DataFolder, state: schema.State) -> None:
    """A database with something in it is copied first; a new one is made readable by this user alone."""
    if state.applied:
        check_room(folder)
        try:
            copy = Backups(folder.backups).take(folder.database, VERSION)
        except (sqlite3.Error, OSError) as error:
            raise Unusable(
                f"The database was not migrated, because no backup could be made in {folder.backups}: {error}. "
                "It is unchanged."
            ) from error
        log.info("database_backed_up", path=str(copy))
    else:
        os.close(os.open(folder.database, os.O_CREAT | os.O_WRONLY, 0o600))


async def _migrate(
    folder: DataFolder, config: dict[str, Any], names: Sequence[str], models: drift.Schema | None
) -> None:
    context = TortoiseContext()
    try:
        with context:
            await context.init(config=config)
            await run(context.db(), names, models)
    except Exception as error:
        raise Unusable(
            f"{folder.database} could not be migrated to Dropdock {VERSION}: {error}. It is unchanged; the version "
            "used before still works with it."
        ) from error
    finally:
        await context.close_connections()


async def _check(transaction: BaseDBAsyncClient) -> None:
    if transaction.capabilities.dialect != "sqlite":
        return  # others enforce foreign keys while they change tables, and have no such check
    if orphans := await transaction.execute_query_dict("PRAGMA foreign_key_check"):
        raise Damaged(f"{len(orphans)} rows of {orphans[0]['table']} would lose what they belong to")
    faults = await transaction.execute_query_dict("PRAGMA integrity_check")
    if faults != [{"integrity_check": "ok"}]:
        raise Damaged(str(faults[0]["integrity_check"]))

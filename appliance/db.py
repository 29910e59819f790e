"""Open the database for Tortoise's models, current and durable, and close it again."""

import sqlite3
from typing import Any, Self

import structlog
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext, set_global_context
from tortoise.exceptions import OperationalError

from appliance import drift, schema
from appliance.data_folder import DataFolder, Unusable
from appliance.models import MODULES
from appliance.upgrade import upgrade

PRAGMAS = {
    "journal_mode": "WAL",  # readers never wait for the writer
    "synchronous": "FULL",  # what was committed survives a power cut: an answer that says "deployed" is durable
    "foreign_keys": "ON",
    "busy_timeout": 10_000,  # ms to wait for another process, such as the command line beside the server
    "journal_size_limit": 16 * 2**20,  # bytes of log kept on disk after a burst
    "trusted_schema": "OFF",  # a database from elsewhere cannot run functions through its views
}
log = structlog.get_logger(__name__)

APPS = {schema.APP: {"models": list(MODULES), "default_connection": "default", "migrations": "appliance.migrations"}}
_known: dict[str, drift.Schema] = {}
MAKING = {"connections": {"default": "sqlite://:memory:"}, "apps": APPS}  # for `tortoise makemigrations`


class Database:
    """An open database: the one that every query of this process goes to, until it is closed."""

    def __init__(self, context: TortoiseContext) -> None:
        self._context = context

    async def close(self) -> None:
        """Close the connection. Its thread keeps the process alive until then; closing twice does no harm."""
        await self._context.close_connections()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def open(folder: DataFolder) -> Database:  # noqa: A001 - `db.open` is what it does
    """Open the folder's database, made or migrated first where that is needed. Raises Unusable.

    Only the running event loop may use it. A process has one database: opening a second before the first is closed is
    an error. Works beside a running server.
    """
    await _bring_up_to_date(folder)
    context = TortoiseContext()
    database = Database(context)
    try:
        with context:
            await context.init(config=config(folder))
        set_global_context(context)  # requests run in tasks that did not inherit this one's context
        await ask()
    except BaseException as error:
        await database.close()
        if isinstance(error, sqlite3.Error | OperationalError):
            raise Unusable(f"{folder.database} cannot be used: {error}.") from error
        raise
    return database


async def check_drift() -> list[str]:
    """What the open database has that no model describes; raises Unusable where it lacks something that one does."""
    models = await _described()
    live = await drift.schema_of(get_connection("default"))
    if lacking := drift.lacking(live, models):
        raise Unusable(
            f"The database is not as Dropdock made it: it lacks {', '.join(lacking)}. Somebody changed it by hand, or "
            "a migration was cut: restore a backup (dropdock restore), or undo that change."
        )
    if beyond := drift.beyond(live, models):
        log.info("schema_beyond", has=beyond)
    return beyond


async def _described() -> drift.Schema:
    """The same for a whole process."""
    if "schema" not in _known:
        _known["schema"] = await drift.described(APPS)
    return _known["schema"]


async def ask() -> None:
    """Ask the open database something; raises what Tortoise raises."""
    await get_connection("default").execute_query("SELECT 1")


def config(folder: DataFolder, **pragmas: object) -> dict[str, Any]:
    """Tortoise's configuration for the folder's database; `pragmas` go before ours."""
    credentials = {"file_path": str(folder.database), **PRAGMAS, **pragmas}
    return {"connections": {"default": {"engine": "appliance.sqlite", "credentials": credentials}}, "apps": APPS}


async def _bring_up_to_date(folder: DataFolder) -> None:
    try:
        if schema.look(folder.database).pending:
            await upgrade(folder, config(folder, foreign_keys="OFF"), await _described())
        state = schema.look(folder.database)
    except schema.Unreadable as error:
        raise Unusable(
            f"{folder.database} cannot be read: {error}. If it is damaged, restore a backup from {folder.backups}."
        ) from error
    if state.unknown:
        raise Unusable(
            f"{folder.database} was made by a newer Dropdock ({state.unknown[-1]} is not known to this one): run that "
            f"version, or restore a backup from {folder.backups}."
        )

"""SQLite for Tortoise, with transactions that other processes and cancelled requests cannot spoil."""

import sqlite3
from typing import cast

from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError


class _Transaction(SqliteTransactionWrapper):
    """Takes the write lock at its beginning, not at its first write.

    One that reads first and writes later fails at once, whatever `busy_timeout` says, if another process wrote in
    between (SQLITE_BUSY_SNAPSHOT); the command line does that to a running server. Ours wait for their turn instead.
    """

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error

    async def commit(self) -> None:
        """Commit, or undo everything: on a full disk SQLite may leave the transaction open when it cannot commit it,
        and whoever used the connection next would commit what was said to have failed.
        """
        try:
            await super().commit()
        except sqlite3.Error as error:
            await self.rollback()
            raise OperationalError(error) from error


class _Context(SqliteTransactionContext):
    """Gives the connection back also when a transaction fails to begin, or its task is cancelled while it does."""

    __slots__ = ()

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self._begin()
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return cast(TransactionalDBClient, self.connection)

    async def _begin(self) -> None:
        try:
            await self.connection.begin()
        except BaseException:
            # If it was cancelled, the worker thread begins it all the same; the lock is held until it is undone.
            await self.connection.rollback()
            raise


class Client(SqliteClient):
    """One connection, on a thread of its own; credentials other than `file_path` are pragmas."""

    def _in_transaction(self) -> _Context:
        return _Context(_Transaction(self), self._lock)


client_class = Client  # the name Tortoise looks for in an engine's module

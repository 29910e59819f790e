"""Copies the database while it is in use, and reads what one names: without the ORM, a page at a time."""

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance import schema

PATIENCE = 30.0  # seconds to wait for a writer
PAGE = 500  # rows read at a time
_DEPLOYS = """
    SELECT deploy.id, site.name, deploy.number, deploy.manifest FROM deploy JOIN site ON site.id = deploy.site_id
    WHERE deploy.manifest IS NOT NULL AND deploy.id > ? ORDER BY deploy.id LIMIT ?
"""
_STILL = "SELECT 1 FROM deploy WHERE id = ? AND manifest = ?"
_WRITING = {sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE}
MOST_FAULTS = 20  # sentences of SQLite's about a damaged database


@dataclass(frozen=True, slots=True)
class Kept:
    """A deploy whose content is kept: its id, site, number in it, and the SHA-256 of its manifest."""

    id: str
    site: str
    number: int
    manifest: str


def snapshot(database: Path, copy: Path) -> None:
    """Copy a database as it is at one moment to a new file, for this user alone; a file without a log beside it.

    Readers and writers go on. Raises sqlite3.Error, OSError.
    """
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with reading(database) as source, contextlib.closing(sqlite3.connect(copy)) as target:
        source.backup(target)  # in one go: what is written meanwhile waits in the log, and nothing starts over
        target.execute("PRAGMA journal_mode = DELETE")


def reading(database: Path) -> contextlib.AbstractContextManager[sqlite3.Connection]:
    """The database, open to read; raises sqlite3.Error."""
    return schema.reading(database, PATIENCE)


def kept_deploys(database: Path) -> Iterator[Kept]:
    """Every deploy whose content is kept, in no order that means anything; raises sqlite3.Error."""
    last = ""
    while True:
        with reading(database) as connection:  # closed between pages: one long read would let the log grow
            rows = connection.execute(_DEPLOYS, (last, PAGE)).fetchall()
        yield from (Kept(*row) for row in rows)
        if len(rows) < PAGE:
            return
        last = rows[-1][0]


def is_kept(database: Path, deploy: Kept) -> bool:
    """Whether it is still there, with this manifest; raises sqlite3.Error."""
    with reading(database) as connection:
        return connection.execute(_STILL, (deploy.id, deploy.manifest)).fetchone() is not None


def not_written(error: sqlite3.Error) -> int | None:
    """What the system said (`errno`) where a database could not be written, as on a full disk; None where not that."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_FULL:
        return errno.ENOSPC
    return errno.EIO if code in _WRITING else None


def faults(database: Path) -> list[str]:
    """What SQLite finds wrong with it; empty where all is well."""
    try:
        with reading(database) as connection:
            found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({MOST_FAULTS})")]
            if found == ["ok"]:
                rows = connection.execute("PRAGMA foreign_key_check").fetchmany(MOST_FAULTS)
                found = [f"a row of {row[0]} belongs to a row of {row[2]} that is not there" for row in rows]
    except sqlite3.Error as error:
        return [str(error)]
    return found

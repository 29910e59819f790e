"""Databases as every migration left them, with rows in every table: kept in `databases/`, upgraded by the tests.

`python -m tests.appliance.fixtures` makes those that are missing; what is there is never made anew, for it is what
installations have. One is SQL in gzip, so that it is small and can be read.
"""

import asyncio
import gzip
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tortoise.context import TortoiseContext

from appliance import db, migrations, upgrade
from appliance.data_folder import DataFolder

DATABASES = Path(__file__).parent / "databases"
ROWS = 2  # in every table
MOMENT = "2026-11-{day:02} 12:00:00+00:00"


def kept() -> list[str]:
    """The migrations whose outcome is kept, oldest first."""
    return sorted(path.name.removesuffix(".sql.gz") for path in DATABASES.glob("*.sql.gz"))


def lay(name: str, database: Path) -> None:
    """Make the database as that migration left it, with its rows."""
    with closing(sqlite3.connect(database)) as made:
        made.executescript(gzip.decompress((DATABASES / f"{name}.sql.gz").read_bytes()).decode())


def counts(database: Path) -> dict[str, int]:
    """How many rows each table has."""
    with closing(sqlite3.connect(database)) as looked_at:
        found = {table: f'SELECT count(*) FROM "{table}"' for table in _tables(looked_at)}  # noqa: S608 - our own names
        return {table: looked_at.execute(query).fetchone()[0] for table, query in found.items()}


def _tables(database: sqlite3.Connection) -> list[str]:
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> ? ORDER BY rowid"
    )
    return [name for (name,) in database.execute(query, ("tortoise_migrations",))]


async def _make(name: str) -> None:
    names = migrations.NAMES[: migrations.NAMES.index(name) + 1]
    with tempfile.TemporaryDirectory() as scratch:
        folder = DataFolder(Path(scratch))
        async with TortoiseContext() as context:
            await context.init(config=db.config(folder, foreign_keys="OFF", journal_mode="DELETE"))
            await upgrade.run(context.db(), names)
        with closing(sqlite3.connect(folder.database)) as database:
            for number in range(1, ROWS + 1):
                for table in _tables(database):
                    _fill(database, table, number)
            database.commit()
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
            text = "\n".join(database.iterdump())
    (DATABASES / f"{name}.sql.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def _fill(database: sqlite3.Connection, table: str, number: int) -> None:
    """Add row `number`: what refers to another table refers to its row of that number."""
    refers = {row[3] for row in database.execute("SELECT * FROM pragma_foreign_key_list(?)", (table,))}
    texts = {
        row[3] for row in database.execute("SELECT * FROM pragma_foreign_key_list(?)", (table,)) if row[2] == "deploy"
    }
    columns = list(database.execute("SELECT name, type, pk FROM pragma_table_info(?)", (table,)))
    values = [_value(table, name, kind, number, refers=name in refers, text=name in texts) for name, kind, _ in columns]
    marks = ", ".join("?" * len(values))
    database.execute(f'INSERT INTO "{table}" VALUES ({marks})', values)  # noqa: S608


def _value(table: str, name: str, kind: str, number: int, *, refers: bool, text: bool) -> Any:
    kind = kind.upper()
    if refers:
        return f"deploy-{number}" if text else number
    if "TIMESTAMP" in kind:
        return MOMENT.format(day=19 + number)
    if "JSON" in kind:
        return "[]"
    if any(word in kind for word in ("INT", "REAL", "DOUBLE", "FLOAT", "NUMERIC")):
        return number
    return f"{name if name != 'id' else table}-{number}"


def _missing() -> Iterator[str]:
    yield from (name for name in migrations.NAMES if name not in kept())


if __name__ == "__main__":
    DATABASES.mkdir(exist_ok=True)
    for missing in _missing():
        asyncio.run(_make(missing))

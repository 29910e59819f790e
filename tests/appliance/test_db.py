"""The database: durable, current, refused when it is newer, closed whatever happens."""

import asyncio
import json
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tortoise import fields
from tortoise.connection import get_connection
from tortoise.exceptions import ConfigurationError, IntegrityError, OperationalError
from tortoise.migrations.operations import AddField, RunSQL
from tortoise.transactions import in_transaction

from appliance import db, migrations, schema, upgrade
from appliance.data_folder import DataFolder, Unusable
from appliance.file_lock import FileLock
from appliance.models.account import Account
from appliance.models.site import Site
from tests.appliance.scratch_migrations import with_migration
from tests.fresh import lay_database

ROOT = Path(__file__).parents[2]
OPEN = """
import asyncio, sys
from pathlib import Path
import structlog
from appliance import db
from appliance.data_folder import DataFolder
from appliance.models.account import Account
structlog.configure(processors=[structlog.processors.JSONRenderer()])
async def main():
    async with await db.open(DataFolder(Path(sys.argv[1]))):
        await Account.create(email=sys.argv[2], role="user")
        if sys.argv[2] == "crash":
            raise SystemExit(3)
asyncio.run(main())
"""
ADD_NICKNAME = AddField("Account", "nickname", fields.CharField(max_length=50, null=True))


@pytest.fixture
def empty(tmp_path: Path) -> DataFolder:
    """Before the first start."""
    made = DataFolder(tmp_path / "data")
    made.create()
    return made


@pytest.fixture
async def new(empty: DataFolder) -> AsyncIterator[DataFolder]:
    """Open for the first time: the database was made here."""
    async with await db.open(empty):
        yield empty


@pytest.fixture
def folder(empty: DataFolder) -> DataFolder:
    """After a first start."""
    lay_database(empty.root)
    return empty


@pytest.fixture
async def opened(folder: DataFolder) -> AsyncIterator[DataFolder]:
    async with await db.open(folder):
        yield folder


async def pragma(name: str) -> Any:
    (row,) = await get_connection("default").execute_query_dict(f"PRAGMA {name}")
    return next(iter(row.values()))


def connections() -> int:
    """Threads of SQLite connections that are not about to end; each would keep the process alive."""
    threads = [thread for thread in threading.enumerate() if "_connection_worker_thread" in thread.name]
    for thread in threads:
        thread.join(timeout=0.2)
    return sum(thread.is_alive() for thread in threads)


def start(folder: DataFolder, email: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", OPEN, str(folder.root), email]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def rows(folder: DataFolder, query: str) -> list[Any]:
    with closing(sqlite3.connect(folder.database)) as connection:
        return connection.execute(query).fetchall()


@contextmanager
def writing(folder: DataFolder) -> Iterator[None]:
    """Another process's transaction, as far as SQLite can tell."""
    with closing(sqlite3.connect(folder.database, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


# ── opening and closing


async def test_what_is_committed_is_durable_and_references_hold(new: DataFolder) -> None:
    settings = {name: await pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")}

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    with pytest.raises(IntegrityError):
        await Site.create(name="orphan", owner_id=99)


async def test_the_database_is_for_its_owner_alone(new: DataFolder) -> None:
    await Account.create(email="alice@example.org", role="user")

    assert {stat.S_IMODE(path.stat().st_mode) for path in new.root.glob("dropdock.db*")} == {0o600}


def test_tasks_that_inherit_nothing_find_the_database(folder: DataFolder) -> None:
    async def serve() -> int:
        async with await db.open(folder):
            loop = asyncio.get_running_loop()
            counted: asyncio.Future[int] = loop.create_future()
            thread = threading.Thread(
                target=lambda: asyncio.run_coroutine_threadsafe(count(counted), loop)  # a context of its own
            )
            thread.start()
            found = await counted
            thread.join()
            return found

    async def count(result: asyncio.Future[int]) -> None:
        result.set_result(await Account.all().count())

    assert asyncio.run(serve()) == 0


async def test_a_closed_database_leaves_no_thread_and_can_be_opened_again(folder: DataFolder) -> None:
    for email in ("alice@example.org", "bob@example.org"):
        database = await db.open(folder)
        await Account.create(email=email, role="user")
        await database.close()
        await database.close()

    assert connections() == 0
    assert rows(folder, "SELECT email FROM account") == [("alice@example.org",), ("bob@example.org",)]


async def test_a_second_database_is_refused_and_closed(opened: DataFolder, tmp_path: Path) -> None:
    other = DataFolder(tmp_path / "other")
    other.create()
    lay_database(other.root)

    with pytest.raises(ConfigurationError):
        await db.open(other)

    assert connections() == 1
    await db.ask()


async def test_a_database_that_cannot_be_used_is_closed_and_explained(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(db.PRAGMAS, "cache_size", "(")

    with pytest.raises(Unusable, match=r"dropdock\.db cannot be used: .*syntax error"):
        await db.open(folder)

    assert connections() == 0


def test_a_process_that_fails_at_start_does_not_hang(folder: DataFolder) -> None:
    with start(folder, "crash") as process:
        assert process.wait(timeout=20) == 3


# ── making and migrating


async def test_a_new_database_is_made_without_a_backup(new: DataFolder) -> None:
    assert schema.look(new.database).current
    assert list(new.backups.iterdir()) == []


async def test_an_older_database_is_backed_up_and_migrated(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    async with await db.open(folder):
        await Account.create(email="alice@example.org", role="user")
    with_migration(monkeypatch, "0002_nicknames", [ADD_NICKNAME])

    with capture_logs() as lines:
        async with await db.open(folder):
            assert await Account.all().count() == 1

    (backup,) = folder.backups.iterdir()
    assert [line["event"] for line in lines] == ["database_backed_up", "database_migrated"]
    assert rows(folder, "SELECT email, nickname FROM account") == [("alice@example.org", None)]
    with closing(sqlite3.connect(backup)) as copy:
        assert [row[0] for row in copy.execute("SELECT name FROM tortoise_migrations")] == list(migrations.NAMES[:-1])


async def test_a_current_database_is_not_migrated_again(folder: DataFolder) -> None:
    async with await db.open(folder):
        pass

    with capture_logs() as lines:
        await upgrade.upgrade(folder, db.config(folder))
        async with await db.open(folder):
            pass

    assert lines == []


@pytest.mark.parametrize(
    ("operations", "reason"),
    [
        ([ADD_NICKNAME, RunSQL("SELECT nonsense")], "nonsense"),
        ([ADD_NICKNAME, RunSQL("DELETE FROM account")], "1 rows of site would lose what they belong to"),
    ],
)
async def test_a_migration_that_fails_changes_nothing(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, operations: list[Any], reason: str
) -> None:
    async with await db.open(folder):
        alice = await Account.create(email="alice@example.org", role="user")
        await Site.create(name="docs", owner=alice)
    before = rows(folder, "SELECT sql FROM sqlite_master")

    with monkeypatch.context() as newer:
        with_migration(newer, "0002_broken", operations)
        with pytest.raises(Unusable, match=rf"could not be migrated to Dropdock .*: .*{reason}.*It is unchanged"):
            await db.open(folder)

    assert rows(folder, "SELECT sql FROM sqlite_master") == before
    assert connections() == 0
    async with await db.open(folder):
        assert await Site.all().count() == 1


async def test_without_a_backup_nothing_is_migrated(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.backups.rmdir()
    folder.backups.write_text("in the way")
    with_migration(monkeypatch, "0002_nicknames", [ADD_NICKNAME])

    with pytest.raises(Unusable, match="was not migrated, because no backup could be made"):
        await db.open(folder)

    assert schema.look(folder.database).pending == ("0002_nicknames",)


async def test_a_newer_database_is_refused_and_left_alone(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        with_migration(newer, "0002_nicknames", [ADD_NICKNAME])
        async with await db.open(folder):
            pass
    before = folder.database.read_bytes()

    with pytest.raises(Unusable, match=r"made by a newer Dropdock \(0002_nicknames is not known to this one\)"):
        await db.open(folder)
    await upgrade.upgrade(folder, db.config(folder))

    assert folder.database.read_bytes() == before


async def test_what_is_no_database_is_refused(empty: DataFolder) -> None:
    empty.database.write_bytes(b"not a database" * 100)

    with pytest.raises(Unusable, match="cannot be read: file is not a database"):
        await db.open(empty)


async def test_a_database_damaged_inside_is_not_migrated(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(folder.database)) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET rootpage = 3 WHERE name = 'idx_deploy_state_f5d92f'")
        connection.commit()
    with_migration(monkeypatch, "0002_nicknames", [ADD_NICKNAME])

    with pytest.raises(Unusable, match=r"could not be migrated|no backup could be made"):
        await db.open(folder)


def test_processes_that_start_at_once_share_the_work(empty: DataFolder) -> None:
    processes = [start(empty, f"{number}@example.org") for number in range(4)]

    said = b"".join(process.communicate(timeout=60)[0] for process in processes)

    events = [json.loads(line)["event"] for line in said.splitlines()]
    assert events == ["database_migrated"]
    assert [process.returncode for process in processes] == [0] * 4
    assert rows(empty, "SELECT count(*) FROM account") == [(4,)]


async def test_another_that_migrates_for_too_long_is_named(empty: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade, "PATIENCE", 0.1)
    lock = FileLock(empty.migration_lock)
    lock.take()

    with lock, pytest.raises(Unusable, match=r"Another process \(\d+\) has been migrating"):
        await db.open(empty)


# ── transactions


async def test_a_transaction_that_reads_first_is_not_overtaken(opened: DataFolder) -> None:
    async with in_transaction():
        found = await Account.all().count()
        with (
            pytest.raises(sqlite3.OperationalError, match="locked"),
            closing(sqlite3.connect(opened.database, timeout=0)) as other,
        ):
            other.execute("DELETE FROM account")
        await Account.create(email="alice@example.org", role="user")

    assert found == 0
    assert rows(opened, "SELECT email FROM account") == [("alice@example.org",)]


async def create_and_fail(email: str) -> None:
    async with in_transaction():
        await Account.create(email=email, role="user")
        raise LookupError


async def test_a_transaction_that_fails_is_undone(opened: DataFolder) -> None:
    with pytest.raises(LookupError):
        await create_and_fail("alice@example.org")

    assert await Account.all().count() == 0


async def test_a_transaction_in_another_is_part_of_it(opened: DataFolder) -> None:
    async with in_transaction():
        await Account.create(email="alice@example.org", role="user")
        with pytest.raises(LookupError):
            await create_and_fail("bob@example.org")

    assert [account.email for account in await Account.all()] == ["alice@example.org"]


async def test_a_transaction_that_cannot_begin_does_not_block_the_next(opened: DataFolder) -> None:
    await get_connection("default").execute_query("PRAGMA busy_timeout=50")
    with writing(opened), pytest.raises(OperationalError, match="locked"):
        async with in_transaction():
            pass

    async with in_transaction():
        await Account.create(email="alice@example.org", role="user")

    assert await Account.all().count() == 1


async def test_a_request_cancelled_while_it_begins_does_not_block_the_next(opened: DataFolder) -> None:
    async def change() -> None:
        async with in_transaction():
            await Account.create(email="never@example.org", role="user")

    with writing(opened):
        waiting = asyncio.create_task(change())
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.sleep(0.05)
    with pytest.raises(asyncio.CancelledError):
        await waiting

    async with asyncio.timeout(5), in_transaction():
        await Account.create(email="alice@example.org", role="user")

    assert [account.email for account in await Account.all()] == ["alice@example.org"]

"""Which content each site has, each counted once: what its deploys take of the disk.

A file of its own, made of the manifests and made again where it is gone: nothing depends on it but figures. A deploy
that came or went since the last look costs what its own manifest names, not what the site has.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from appliance.storage.private import keep_private

_VERSION = 2  # of the tables; another one's are made anew
_TABLES = """
CREATE TABLE counted (site INTEGER, manifest BLOB, times INTEGER, PRIMARY KEY (site, manifest)) WITHOUT ROWID;
CREATE TABLE held (site INTEGER, content BLOB, bytes INTEGER, times INTEGER, PRIMARY KEY (site, content)) WITHOUT ROWID;
CREATE INDEX held_by_content ON held (content, site);
"""
_ADD = (
    "INSERT INTO held VALUES (?, ?, ?, ?) ON CONFLICT (site, content) DO UPDATE SET times = times + excluded.times, "
    "bytes = excluded.bytes"
)
_TAKE = "UPDATE held SET times = times - ? WHERE site = ? AND content = ?"
_SEVERAL = 2  # how often a manifest counts that more deploys than one have: how many they are changes no figure

Named = Mapping[str, int]
"""Content by its SHA-256, with its bytes."""
Read = Callable[[str], Named | None]
"""What a manifest names, itself among it; None where that cannot be read."""


@dataclass(frozen=True, slots=True)
class Held:
    """What sites have: how many different contents, and their bytes, each counted once."""

    contents: int = 0
    bytes: int = 0


class Ledger:
    """The figures by site number. Blocks; usable from several threads, one at a time. Raises sqlite3.Error, OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Held while the figures are looked at."""
        self._lock.acquire()
        try:
            self._db()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Whoever comes next may look."""
        self._lock.release()

    def close(self) -> None:
        """Close the file; it is opened again when it is asked."""
        with self._lock:
            self._close()

    def begin_anew(self) -> None:
        """Forget everything, also a file that is damaged; while the figures are looked at."""
        self._close()
        _remove(self._path)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def settle(self, site: int, manifests: Mapping[str, int], read: Read) -> int:
        """Have these and no other manifests counted for a site, each with the number of deploys that have it.

        Returns how many of them cannot be read, and are left out.
        """
        db = self._db()
        wanted = {manifest: min(times, _SEVERAL) for manifest, times in manifests.items()}
        with db:
            rows = db.execute("SELECT manifest, times FROM counted WHERE site = ?", (site,))
            counted = {manifest.hex(): times for manifest, times in rows}
            if not self._take(site, dict(counted.items() - wanted.items()), read):
                self._forget(site)  # nobody can tell what a swept one named
                counted = {}
            return sum(not self._add(site, *new, read) for new in sorted(wanted.items() - counted.items()))

    def forget(self, site: int) -> None:
        """Count nothing for a site any more."""
        with self._db():
            self._forget(site)

    def _forget(self, site: int) -> None:
        db = self._db()
        for table in ("counted", "held"):
            db.execute(f"DELETE FROM {table} WHERE site = ?", (site,))  # noqa: S608 - the names above

    def sites(self) -> list[int]:
        """The sites that something is counted for."""
        return [row[0] for row in self._db().execute("SELECT DISTINCT site FROM counted")]

    def by_site(self, sites: Iterable[int]) -> dict[int, Held]:
        """What each of these sites has."""
        one = "SELECT count(*), coalesce(sum(bytes), 0) FROM held WHERE site = ?"
        return {site: Held(*self._db().execute(one, (site,)).fetchone()) for site in sites}

    def together(self, sites: Iterable[int]) -> Held:
        """What these sites have together: what several of them have counts once."""
        with self._of_interest(sites) as db:
            return Held(
                *db.execute(
                    "SELECT count(*), coalesce(sum(bytes), 0) FROM (SELECT max(bytes) AS bytes FROM held JOIN wanted "
                    "USING (site) GROUP BY content)"
                ).fetchone()
            )

    def alone(self, site: int, among: Iterable[int]) -> tuple[Held, Held]:
        """What no other of these sites has, and what of that only one of its deploys has."""
        with self._of_interest(among) as db:
            contents, size, contents_once, size_once = db.execute(
                "SELECT count(*), coalesce(sum(bytes), 0), coalesce(sum(times = 1), 0), "
                "coalesce(sum(bytes * (times = 1)), 0) FROM held AS one WHERE site = ? AND NOT EXISTS "
                "(SELECT 1 FROM held AS other JOIN wanted USING (site) "
                "WHERE other.content = one.content AND other.site <> one.site)",
                (site,),
            ).fetchone()
        return Held(contents, size), Held(contents_once, size_once)

    def added(self, sites: Iterable[int], named: Named) -> int:
        """Bytes of this content that none of these sites has."""
        with self._of_interest(sites) as db:
            known = "SELECT 1 FROM held JOIN wanted USING (site) WHERE content = ? LIMIT 1"
            rows = ((bytes.fromhex(content), size) for content, size in named.items())
            return sum(size for content, size in rows if db.execute(known, (content,)).fetchone() is None)

    @contextlib.contextmanager
    def _of_interest(self, sites: Iterable[int]) -> Iterator[sqlite3.Connection]:
        """The database with these sites in the table `wanted`, within the block."""
        db = self._db()
        try:
            db.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", [(site,) for site in sites])
            yield db
        finally:
            db.rollback()

    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _opened(self._path) or _made(self._path)
        return self._connection

    def _add(self, site: int, manifest: str, times: int, read: Read) -> bool:
        named = read(manifest)
        if named is None:
            return False
        db = self._db()
        db.executemany(_ADD, [(site, bytes.fromhex(content), size, times) for content, size in named.items()])
        db.execute("INSERT INTO counted VALUES (?, ?, ?)", (site, bytes.fromhex(manifest), times))
        return True

    def _take(self, site: int, manifests: Mapping[str, int], read: Read) -> bool:
        """Count these no more; False where one cannot be read, and with it what it named."""
        db = self._db()
        for manifest, times in manifests.items():
            named = read(manifest)
            if named is None:
                return False
            db.executemany(_TAKE, [(times, site, bytes.fromhex(content)) for content in named])
            db.execute("DELETE FROM counted WHERE site = ? AND manifest = ?", (site, bytes.fromhex(manifest)))
        db.execute("DELETE FROM held WHERE site = ? AND times <= 0", (site,))
        return True


def _opened(path: Path) -> sqlite3.Connection | None:
    """The file as it is, if it is there and has our tables."""
    if not path.exists():
        return None
    keep_private(path)
    db = sqlite3.connect(path, check_same_thread=False)  # one thread at a time, by the lock
    with contextlib.suppress(sqlite3.DatabaseError):
        if db.execute("PRAGMA user_version").fetchone() == (_VERSION,):
            return _prepared(db)
    db.close()
    return None


def _made(path: Path) -> sqlite3.Connection:
    _remove(path)
    keep_private(path)
    db = sqlite3.connect(path, check_same_thread=False)
    db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
    return _prepared(db)


def _prepared(db: sqlite3.Connection) -> sqlite3.Connection:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes is counted again
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute("CREATE TEMPORARY TABLE wanted (site INTEGER PRIMARY KEY)")
    return db


def _remove(path: Path) -> None:
    for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        each.unlink(missing_ok=True)

"""How this installation is: what an operator looks at when something is odd, or before it gets so."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from appliance import certificate_check, logs, room
from appliance.actor import Actor
from appliance.data_folder import DataFolder, Finding, free_space
from appliance.deploys import DeployFacts, Deploys
from appliance.errors import Forbidden
from appliance.health import Health
from appliance.isolation import Isolation, IsolationFacts
from appliance.log_tail import LEVELS, Line
from appliance.room import Room
from appliance.safekeeping import standing
from appliance.safekeeping.records import last_backup
from appliance.settings import Settings, effective, fields
from appliance.version import VERSION

MEASURED = 300.0  # seconds a measurement is good for: it looks at every file
PATIENCE = 2.0  # seconds that counting one folder may take; of a larger one we say "more than"
BESIDE = ("", "-wal", "-shm")  # what SQLite adds to a database's name for the files it keeps beside it
MOST_QUEUED = 50  # deploys that are named; of the rest only the number is said


@dataclass(frozen=True, slots=True)
class StorageFacts:
    """What the data folder holds, and the bytes left on its file system; `measured_at` is not now as a rule."""

    database: Room
    blobs: Room
    cache: Room
    free: int
    measured_at: datetime


@dataclass(frozen=True, slots=True)
class SettingFacts:
    """A setting as it would be written, masked where it is secret; `changed`: it is not what it is by default."""

    name: str
    value: str
    about: str
    changed: bool


@dataclass(frozen=True, slots=True)
class LogFacts:
    """Lines of the log, the newest first; `most` is how many are kept in all (`log_tail`)."""

    lines: list[Line]
    most: int


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """`checks` are those of /readyz: None, or what is wrong. `queue` are the oldest of `queued` unfinished deploys.

    `safety` is what is to be said of backups, verification and certificates. No `storage`: the folder is not there.
    """

    version: str
    started_at: datetime
    checks: dict[str, str | None]
    isolation: IsolationFacts
    folder: Path
    storage: StorageFacts | None
    queue: list[DeployFacts]
    queued: int
    settings: list[SettingFacts]
    safety: list[Finding]


class System:
    """Looks at the installation, for operators. Used on the event loop only."""

    def __init__(
        self,
        settings: Settings,
        folder: DataFolder,
        storage: "Storage",
        health: Health,
        deploys: Deploys,
        isolation: Isolation,
    ) -> None:
        self.health = health
        self._deploys = deploys
        self._isolation = isolation
        self._storage = storage
        self._safety = partial(_safety, settings, folder)
        self._settings = described(settings)
        self._folder = folder
        self._backs_up = bool(settings.backup_every)
        self._started_at = datetime.now(UTC)

    async def look(self, actor: Actor) -> SystemFacts:
        """Everything. Forbidden to all but operators."""
        _check(actor)
        checks, isolation, storage, (queue, queued) = await asyncio.gather(
            self.health.look(), self._isolation.get(), self._storage.look(), self._deploys.unfinished(MOST_QUEUED)
        )
        safety = await asyncio.to_thread(self._safety)
        return SystemFacts(
            version=VERSION,
            started_at=self._started_at,
            checks=checks,
            isolation=isolation,
            folder=self._folder.root.absolute(),
            storage=storage,
            queue=queue,
            queued=queued,
            settings=self._settings,
            safety=safety,
        )

    async def log(self, actor: Actor, least: str = LEVELS[0]) -> LogFacts:
        """The newest lines of the log from this level on. Forbidden to all but operators."""
        _check(actor)
        tail = logs.tail()
        return LogFacts(tail.newest(least), tail.most)

    async def is_backed_up(self) -> bool:
        """Whether a good backup was made, or is made by itself; quick."""
        return self._backs_up or await asyncio.to_thread(last_backup, self._folder) is not None

    async def warnings(self, actor: Actor) -> list[Finding]:
        """What is wrong with backups, stored files and certificates; nothing to all but operators."""
        found = await asyncio.to_thread(self._safety) if actor.role == "operator" else []
        return [finding for finding in found if finding.severity != "note"]


class Storage:
    """Measures the data folder: in a thread, for a bounded time, and not again within `MEASURED` seconds."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._found: StorageFacts | None = None

    async def look(self) -> StorageFacts | None:
        """What was measured last, if that is not too long ago; None while the folder is not there."""
        async with self._asking:
            if not await asyncio.to_thread(self._folder.is_there):
                return None
            if self._found is None or time.monotonic() - self._asked_at > MEASURED:
                self._found = await asyncio.to_thread(self._measure)
                self._asked_at = time.monotonic()
            return self._found

    def _measure(self) -> StorageFacts | None:
        folder = self._folder
        try:
            found = self._seen(folder)
        except FileNotFoundError:
            return None
        return found if folder.is_there() else None  # it may have gone while it was looked at

    @staticmethod
    def _seen(folder: DataFolder) -> StorageFacts:
        return StorageFacts(
            database=room.of(folder.root / f"{folder.database.name}{suffix}" for suffix in BESIDE),
            blobs=room.measure(folder.blobs, PATIENCE),
            cache=room.measure(folder.cache, PATIENCE),
            free=free_space(folder),
            measured_at=datetime.now(UTC),
        )


def _safety(settings: Settings, folder: DataFolder) -> list[Finding]:
    if not folder.is_there():
        return []  # what is not found then is not lost
    kept = standing.findings(folder, settings.backup_every, settings.backup_warn)
    return [*kept, *certificate_check.findings(settings, folder)]


def described(settings: Settings) -> list[SettingFacts]:
    """Every setting, in the order of `appliance.toml`."""
    usual, known = effective(Settings()), fields()
    return [
        SettingFacts(name, value, known[name].metadata["about"], changed=value != usual[name])
        for name, value in effective(settings).items()
    ]


def _check(actor: Actor) -> None:
    if actor.role != "operator":
        raise Forbidden("Only operators may see how the system is.")

"""Long work on the data folder that the server has done now and then, by processes of their own: verify, back up.

A process, so that hours of reading and hashing never take the visitors' event loop, and may be ended at any time.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from appliance.beside import Beside
from appliance.data_folder import DataFolder
from appliance.safekeeping import records
from appliance.settings import Settings
from appliance.spawning import Spawned, spawn

SOONEST = 600.0  # seconds from the server's start, or from a failure, to the next try
GRACE = 5.0  # seconds to end before it is killed
LAST_LINES = 20  # of what it says, for the log
LONGEST_LINE = 64 * 1024  # bytes

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """What is to be done: by which words of the command line, how many seconds apart, and when it was done last.

    `failed` is told the last line that one said which failed. It is not done while the folder is not there; both may
    block.
    """

    name: str
    words: tuple[str, ...]
    every: float
    last: Callable[[], datetime | None]
    failed: Callable[[str], None] = lambda _reason: None
    is_there: Callable[[], bool] = lambda: True


def chores_of(settings: Settings, folder: DataFolder) -> list[Chore]:
    """Those that the settings ask for."""
    data = ("--data", str(folder.root.absolute()))

    def verified() -> datetime | None:
        found = records.last_verification(folder)
        return found.at if found else None

    def backed_up() -> datetime | None:
        found = records.last_backup(folder)
        return found.at if found else None

    def not_backed_up(reason: str) -> None:
        if folder.is_there():  # else it is no wonder, and there is no place to keep it
            records.keep(folder.backup_failed, records.Failed(datetime.now(UTC), reason))

    keep = ("--rehearse", "--keep", str(settings.backup_keep))
    words = ("backup", settings.backup_to, *keep, *data)
    rate = ("--rate", str(settings.verify_rate))
    every = [
        Chore("verification", ("verify", *rate, *data), settings.verify_every, verified, is_there=folder.is_there),
        Chore("backup", words, settings.backup_every, backed_up, not_backed_up, folder.is_there),
    ]
    return [chore for chore in every if chore.every]


class Doing(Beside):
    """Does one chore whenever it is due; `command` starts the program in the background, with words to come.

    What a stop cuts short is begun anew when it is due.
    """

    def __init__(self, chore: Chore, command: Sequence[str]) -> None:
        self._chore = chore
        self._command = command

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(await asyncio.to_thread(self._wait))
            try:
                if await asyncio.to_thread(self._chore.is_there):
                    await self._do()
            except OSError:
                log.exception("chore_failed", chore=self._chore.name)

    def _wait(self) -> float:
        """Seconds until it is due; some, after a start or a failure, so that nothing begins over and over."""
        every, last = self._chore.every, self._chore.last()
        left = every - (datetime.now(UTC) - last).total_seconds() if last else 0.0
        return min(every, max(left, min(SOONEST, every)))

    async def _do(self) -> None:
        process = await spawn([*self._command, *self._chore.words], limit=LONGEST_LINE, errors_too=True)
        said: deque[str] = deque(maxlen=LAST_LINES)
        try:
            await _listen(process, said)
            status = await process.wait()
        finally:
            await _end(process)
        if status:
            await asyncio.to_thread(self._chore.failed, said[-1] if said else f"It ended with status {status}.")
        tell = log.error if status else log.info
        tell("chore_failed" if status else "chore_done", chore=self._chore.name, said=list(said))


async def _listen(process: Spawned, said: deque[str]) -> None:
    if process.stdout is None:
        raise AssertionError("it was asked to be a pipe")
    async for line in process.stdout:
        said.append(line.decode(errors="replace").rstrip())


async def _end(process: Spawned) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(GRACE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()

"""Is the process alive, and is it ready to work: asked of what is wired, answered for machines."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from quart import Blueprint, jsonify
from quart.wrappers.response import Response

from appliance import db
from appliance.data_folder import SPACE_NEEDED, DataFolder, explain, free_space, write_probe
from appliance.guard import opened
from appliance.whereabouts import Whereabouts

PATIENCE = 2.0  # seconds a check may take; whoever asks has a limit of its own, and a stuck disk is an answer too
RECENT = 1.0  # seconds an answer is good for: anyone may ask, and the checks write to the disk

NOT_WRITABLE = "cannot be written to"
CRASHED = "failed; the log says how"

Check = Callable[[], Awaitable[str | None]]
"""Finds out whether something works: None, or a sentence that says what does not."""

log = structlog.get_logger(__name__)


class Health:
    """What has to work for a deploy to be taken and published; `consumer_running` says whether the queue is served."""

    def __init__(self, folder: DataFolder, consumer_running: Callable[[], bool]) -> None:
        self.whereabouts = Whereabouts(folder)
        self._folder = folder
        self._consumer_running = consumer_running
        self._checks: dict[str, Check] = {
            "database": _database,
            "data_folder": self._data_folder,
            "disk_space": self._disk_space,
            "queue": self._queue,
        }
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._answer: dict[str, str | None] = {}

    async def look(self) -> dict[str, str | None]:
        """Each check's name and what is wrong, None where it is well; not asked anew within `RECENT` seconds."""
        async with self._asking:
            if time.monotonic() - self._asked_at > RECENT:
                found = await asyncio.gather(*map(self._ask, self._checks))
                self._answer = dict(zip(self._checks, found, strict=True))
                self._asked_at = time.monotonic()
            return self._answer

    def blueprint(self) -> Blueprint:
        """`/healthz`: 200 while the process is alive. `/readyz`: 200, or 503 naming what does not work."""
        blueprint = Blueprint("health", __name__)

        @blueprint.get("/healthz")
        @opened
        async def healthz() -> Response:
            return _not_stored(Response("ok\n", content_type="text/plain; charset=utf-8"))

        @blueprint.get("/readyz")
        @opened
        async def readyz() -> Response:
            checks = await self.look()
            ready = not any(checks.values())
            response = jsonify(ready=ready, checks={name: wrong or "ok" for name, wrong in checks.items()})
            response.status_code = 200 if ready else 503
            return _not_stored(response)

        return blueprint

    async def _ask(self, name: str) -> str | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._checks[name]()
        except TimeoutError:
            return f"no answer in {PATIENCE:.0f} s"
        except Exception:
            if self._answer.get(name) != CRASHED:  # once is enough, until it was well again
                log.exception("health_check_failed", check=name)
            return CRASHED

    async def _data_folder(self) -> str | None:
        if lost := await asyncio.to_thread(self.whereabouts.wrong):
            return lost
        try:
            await asyncio.to_thread(write_probe, self._folder.root)
        except OSError as error:
            if self._answer.get("data_folder") != NOT_WRITABLE:
                log.warning("data_folder_not_writable", reason=explain(error, self._folder.root))
            return NOT_WRITABLE
        return None

    async def _disk_space(self) -> str | None:
        if not await asyncio.to_thread(self._folder.is_there):
            return "cannot be told while the data folder is not there"
        free = await asyncio.to_thread(free_space, self._folder)
        return None if free >= SPACE_NEEDED else f"{free // 1_000_000} MB left"

    async def _queue(self) -> str | None:
        return None if self._consumer_running() else "nobody works on the queue"


async def _database() -> str | None:
    await db.ask()
    return None


def _not_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response

"""What workers leave to the control plane's process: connections and requests they do not answer, and log lines."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import structlog

from appliance import logs
from appliance.access_log import AccessLog
from appliance.front_door import FrontDoor
from appliance.serving.slow_lane import AsgiApp
from appliance.workers.adopted import adopt_plain, adopt_through
from appliance.workers.far_app import answer_asked
from appliance.workers.messages import Errand, Lines, Plain, Through, Told

log = structlog.get_logger(__name__)


class Errands:
    """Does what workers ask for, each in a task of its own. On the running loop."""

    def __init__(self, door: FrontDoor, app: AsgiApp, access_log: AccessLog | None) -> None:
        self._door = door
        self._app = app
        self._access_log = access_log
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, errand: Errand, descriptors: Sequence[int], worker: int) -> None:
        """Do it for a worker, by the number of its process; `descriptors` are ours to close from here on."""
        if isinstance(errand, Lines):
            if self._access_log is not None:
                self._access_log.take(errand.text)
        elif isinstance(errand, Told):
            logs.tail().add(errand.line, worker)
        elif isinstance(errand, Plain):
            self._begin(adopt_plain(self._door.adopt, descriptors[0], errand.received))
        elif isinstance(errand, Through):
            self._begin(adopt_through(self._door.adopt, descriptors[0], errand))
        else:
            self._begin(answer_asked(self._app, descriptors[0]))

    async def stop(self) -> None:
        """Leave off whatever is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("errand_failed", exc_info=task.exception())

"""A whole server in a thread of its own, for a program whose main thread belongs to a window."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from appliance import loops, server
from appliance.server import Program, Running
from appliance.settings import Settings

T = TypeVar("T")


class Backstage:
    """A server that runs from `start` to `stop`, which come once each and from any thread but its own."""

    def __init__(self, settings: Settings, program: Program) -> None:
        self._settings, self._program = settings, program
        self._begun: Future[Running] = Future()
        self._thread = threading.Thread(target=self._run, name="server")
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    def start(self) -> Running:
        """Return once the server listens; raises what kept it from that (`server.REFUSALS`)."""
        server.prepare(self._settings)
        self._thread.start()
        return self._begun.result()

    def do(self, step: Coroutine[Any, Any, T]) -> T:
        """Have something done on the server's loop, where alone its database may be used; blocks."""
        return asyncio.run_coroutine_threadsafe(step, self._loop).result()

    def stop(self) -> None:
        """Let requests and deploys under way finish as far as `stop_grace` allows; returns when all has ended."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=loops.factory()) as runner:
                runner.run(self._serve())
        except BaseException as error:
            if self._begun.done():
                raise  # it has failed while it ran or stopped: the thread's own report says how
            self._begun.set_exception(error)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with server.running(self._settings, self._program) as running:
            self._begun.set_result(running)
            await self._stop.wait()

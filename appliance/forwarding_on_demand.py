"""Rewrites to another host, whose library is imported with the first of them: it is memory that most never need."""

import asyncio
from importlib import import_module
from typing import Protocol, cast

from appliance.serving.replies import Reply
from appliance.serving.slow_lane import Receive, Scope, Send
from appliance.settings import Settings

_FORWARDING = "appliance.forwarding"


class Forwards(Protocol):
    """What `appliance.forwarding.Forwarder` does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send, reply: Reply) -> None:
        """Answer with what another host says."""

    async def close(self) -> None:
        """End the connections that are kept."""


class ForwardsOnDemand:
    """A Forwarder that is made for the first request which needs one. On one event loop; `close` ends it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: Forwards | None = None

    async def close(self) -> None:
        """End the connections that are kept, if there ever were any."""
        if self._made is not None:
            await self._made.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send, reply: Reply) -> None:
        """Answer with what another host says; see `Forwarder`."""
        forwards = self._made or await self._make()
        await forwards(scope, receive, send, reply)

    async def _make(self) -> Forwards:
        module = await asyncio.to_thread(import_module, _FORWARDING)  # which takes longer than visitors should wait
        self._made = self._made or cast("Forwards", module.Forwarder.of(self._settings))
        return self._made

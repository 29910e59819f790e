"""Answers that go on for as long as there is something to tell: bounded, kept alive, and ended with the server."""

import asyncio
import contextlib
import math
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from typing import Any, cast

from quart import Response

from appliance.actor import Actor
from appliance.errors import Limit, TooMany
from appliance.settings import Settings

EVENTS = "text/event-stream"
BEAT_EVERY = 20.0  # seconds of silence until a comment is sent: proxies cut what they take for dead
BEAT = b": \n\n"
COME_BACK = 30  # seconds: as long as it takes until somebody closes a window


class Streams:
    """The event streams of this process. Used on the event loop only; `end` is the server's."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: Counter[int] = Counter()  # by account
        self._over = asyncio.Event()

    def answer(self, actor: Actor, events: AsyncIterator[bytes], life: float = math.inf) -> Response:
        """An answer that brings these events, for `life` seconds at most.

        TooMany (event_streams, event_streams_per_account).
        """
        place = self._take(actor)
        told = _brought(place, _until(self._over, events, life))
        weakref.finalize(told, place.leave)  # nobody may ever begin to read it: then its end is not reached either
        response = Response(told, content_type=EVENTS)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold events back until a buffer is full
        response.timeout = None  # it takes longer than an ordinary answer
        return response

    def end(self) -> None:
        """Let all of them end: the server stops."""
        self._over.set()

    def _take(self, actor: Actor) -> "_Place":
        """Count a stream before anything else gets its turn: many that are asked for at once are as many counted."""
        for name, count in (
            ("event_streams_per_account", self._open[actor.id]),
            ("event_streams", self._open.total()),
        ):
            most: int = getattr(self._settings, name)
            if count >= most:
                raise TooMany(
                    f"{most} windows are told of changes already ({name}): close some, or look again in a moment.",
                    retry_after=COME_BACK,
                    code="too_many_streams",
                    limit=Limit(name, str(most)),
                )
        self._open[actor.id] += 1
        return _Place(self._open, actor.id)


class _Place:
    """One of so many streams that an account may have open; it is left once, however often that is said."""

    def __init__(self, taken: Counter[int], account: int) -> None:
        self._taken = taken
        self._account = account
        self._is_left = False

    def leave(self) -> None:
        if self._is_left:
            return
        self._is_left = True
        self._taken[self._account] -= 1
        if not self._taken[self._account]:
            del self._taken[self._account]


async def _brought(place: _Place, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for piece in pieces:
            yield piece
    finally:
        place.leave()


async def _until(over: asyncio.Event, events: AsyncIterator[bytes], life: float) -> AsyncIterator[bytes]:
    """The events with comments between them, until they end, `life` seconds have passed, or it is over."""
    loop = asyncio.get_running_loop()
    end = loop.time() + life
    ending = asyncio.ensure_future(over.wait())
    following = asyncio.ensure_future(_next(events))
    try:
        while not over.is_set() and (left := end - loop.time()) > 0:
            await asyncio.wait({ending, following}, timeout=min(left, BEAT_EVERY), return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                yield BEAT
                continue
            piece = following.result()
            if piece is None:
                return
            yield piece
            following = asyncio.ensure_future(_next(events))
    finally:
        for task in (ending, following):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await cast("Any", events).aclose()


def _next(events: AsyncIterator[bytes]) -> Coroutine[Any, Any, bytes | None]:
    async def following() -> bytes | None:
        return await anext(events, None)

    return following()

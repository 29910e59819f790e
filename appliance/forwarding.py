"""Rewrites to another host: fetches its answer for a visitor, within bounds, and tells it nothing of who they are."""

import asyncio
import secrets
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

import httpcore
import structlog

from appliance.outgoing import PublicOnly
from appliance.serving.replies import NO_STORE, TO_PROXIES, Field, Fields, Reply, page_reply
from appliance.serving.slow_lane import HOST, Receive, Scope, Send, send_reply
from appliance.settings import Settings

log = structlog.get_logger(__name__)

MB = 1_000_000

_ASKED: Final = frozenset(  # goes along; not `Cookie`, `Authorization`, `Referer` or anything else of the visitor's own
    {b"accept", b"accept-encoding", b"accept-language", b"user-agent", b"range"}
    | {b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range"}
)
_ANSWERED: Final = (
    frozenset(  # comes back; not `Set-Cookie`, which belongs to the site's host, nor what belongs to a hop
        {b"content-type", b"content-length", b"content-encoding", b"content-language", b"content-disposition"}
        | {b"content-range", b"accept-ranges", b"etag", b"last-modified", b"cache-control", b"expires", b"vary"}
        | {b"retry-after", b"link", b"location", b"content-security-policy"}
    )
)
_ANSWERED_TOO: Final = (b"access-control-", b"x-")
_KEPT_OPEN, _KEPT_SECONDS = 20, 15.0  # idle connections to other hosts


@dataclass(frozen=True, slots=True)
class ForwardLimits:
    """Bounds on what is fetched: bytes and seconds of one answer, and answers at a time.

    With `private`, hosts may have addresses that are not public.
    """

    size: int = 25 * MB
    seconds: float = 30.0
    at_once: int = 100
    private: bool = False


class _TooLarge(Exception):
    """The answer has more bytes than it may."""


class Forwarder:
    """Answers requests with what another host says; redirects are passed on, never followed. `close` ends it."""

    def __init__(self, limits: ForwardLimits) -> None:
        self._limits = limits
        self._via = f"1.1 dropdock-{secrets.token_hex(6)}".encode()
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=limits.at_once,
            max_keepalive_connections=min(_KEPT_OPEN, limits.at_once),
            keepalive_expiry=_KEPT_SECONDS,
            network_backend=PublicOnly(private=limits.private),
        )

    @classmethod
    def of(cls, settings: Settings) -> "Forwarder":
        """One with the bounds that the settings have."""
        size, seconds, at_once = settings.proxy_size, settings.proxy_timeout, settings.proxy_connections
        return cls(ForwardLimits(size, seconds, at_once, private=settings.proxy_private))

    async def close(self) -> None:
        """End the connections that are kept."""
        await self._pool.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send, reply: Reply) -> None:
        """Fetch what `reply` names; its own fields go before those that come back.

        An answer that breaks off in the middle raises, so that the server ends the connection.
        """
        if any(name == b"via" and self._via in value for name, value in scope["headers"]):
            await send_reply(scope, send, page_reply(508))
            return
        answer = _Answer(scope, send, reply, self._limits.size)
        gone = asyncio.ensure_future(receive())  # the body is complete, so all that can come is the disconnect
        fetching = asyncio.ensure_future(self._fetch(scope, answer))
        try:
            await asyncio.wait({gone, fetching}, timeout=self._limits.seconds, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return
            if not fetching.done():
                await self._fail(answer, 504, "it took too long")
                return
            await self._settle(answer, fetching)
        finally:
            for task in (gone, fetching):
                task.cancel()
            await asyncio.wait({gone, fetching})

    async def _settle(self, answer: "_Answer", fetching: "asyncio.Future[None]") -> None:
        error = fetching.exception()
        if error is None:
            return
        if not isinstance(error, (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, _TooLarge)):
            raise error
        await self._fail(answer, 502, str(error) or type(error).__name__)

    async def _fail(self, answer: "_Answer", status: int, reason: str) -> None:
        log.warning("proxy_failed", host=answer.origin, reason=reason)
        if answer.begun:
            raise BrokenOff(f"{answer.origin}: {reason}")
        await send_reply(answer.scope, answer.send, page_reply(status))

    async def _fetch(self, scope: Scope, answer: "_Answer") -> None:
        headers = [*_asked(scope["headers"]), *self._introduced(scope)]
        seconds = self._limits.seconds
        waits = {"connect": seconds, "read": seconds, "write": seconds, "pool": seconds}
        async with self._pool.stream(
            scope["method"], answer.url, headers=headers, extensions={"timeout": waits}
        ) as response:
            await answer.begin(response.status, response.headers)
            async with aclosing(response.aiter_stream()) as pieces:  # type: ignore[type-var]  # it is a generator
                async for piece in pieces:
                    await answer.more(piece)
        await answer.end()

    def _introduced(self, scope: Scope) -> Iterator[Field]:
        yield b"via", self._via
        yield b"x-forwarded-host", scope.get(HOST, b"")
        yield b"x-forwarded-proto", scope["scheme"].encode("ascii")


class BrokenOff(Exception):
    """Another host's answer ended before it was whole."""


class _Answer:
    """What goes to the visitor, counted."""

    def __init__(self, scope: Scope, send: Send, reply: Reply, size: int) -> None:
        self.scope = scope
        self.send = send
        self.url = reply.upstream
        self.origin = reply.upstream.partition(b"://")[2].partition(b"/")[0].decode("ascii")
        self.begun = False
        self._own = reply.fields
        self._left = size

    async def begin(self, status: int, fields: Iterable[Field]) -> None:
        kept = _answered(fields, self._own, self.url)
        length = dict(kept).get(b"content-length", b"")
        if length.isdigit() and int(length) > self._left:
            raise _TooLarge("its answer is larger than proxy_size")
        self.begun = True
        await self.send({"type": "http.response.start", "status": status, "headers": kept})

    async def more(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left < 0:
            raise _TooLarge("its answer is larger than proxy_size")
        await self.send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self) -> None:
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})


def _asked(headers: Iterable[Field]) -> Iterator[Field]:
    return ((name, value) for name, value in headers if name in _ASKED)


def _answered(fields: Iterable[Field], own: Fields, url: bytes) -> list[Field]:
    names = {name for name, _ in own} | TO_PROXIES
    kept = []
    for name, value in ((name.lower(), value) for name, value in fields):
        if name in names or not (name in _ANSWERED or name.startswith(_ANSWERED_TOO)):
            continue
        kept.append((name, _whole(value, url) if name == b"location" else value))
    if b"cache-control" not in names | {name for name, _ in kept}:
        kept.append(NO_STORE)
    return [*kept, *own]


def _whole(location: bytes, url: bytes) -> bytes:
    """Where the other host sends visitors, as an address of that host."""
    return urljoin(url.decode("ascii"), location.decode("latin-1")).encode("latin-1")

"""The ASGI entry behind Hypercorn: by its host, a request goes to a site, to the admin, or to the unknown-host page."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final
from urllib.parse import unquote

from appliance.gatekeeper import Gatekeeper, is_form
from appliance.proxies import introduce
from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.engine import Request
from appliance.serving.hosts import normalise_host
from appliance.serving.release import Release
from appliance.serving.replies import UNKNOWN_HOST, Fields, Reply, page_reply
from appliance.serving.secure import STRICT
from appliance.serving.slow_lane import (
    HOST,
    WHERE,
    AsgiApp,
    Forward,
    Message,
    Receive,
    Scope,
    Send,
    no_forward,
    read_request,
    send_reply,
    serve,
)
from appliance.serving.table import Table
from appliance.serving.visitor import Asked, Reception, Visitor
from appliance.window import EXTENSION, Inflow, Window

__all__ = ["AsgiApp", "Switch"]

MB = 1024 * 1024
UPLOAD_WINDOW = 2 * MB  # of a body in memory between the socket and its reader: enough to keep both busy
STALL_SECONDS = 60.0  # without a byte of a body that was announced
LINGER_SECONDS = 30.0  # for a client to end sending what was refused, and read why
_IGNORED_BODY = 64 * 1024  # of a body sent to a page, read so that the connection can go on
_IGNORED_SECONDS = 5.0
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE)  # RFC 9112, 3.2.2
_CLOSE: Final[Fields] = ((b"connection", b"close"),)


class Switch:
    """Routes requests by host; the admin wins over the table, the table over `find`.

    `find` looks for a host that is not in the table (a preview, a site not loaded yet) and is expected to put what it
    finds there; its errors are answered with 500.
    """

    def __init__(  # noqa: PLR0913  (what it is wired to, each by name)
        self,
        *,
        table: Table,
        admin_hosts: Callable[[str], bool],
        find: Callable[[str], Awaitable[Release | None]],
        admin_app: AsgiApp,
        bodies: Bodies,
        counters: Counters,
        stall_seconds: float = STALL_SECONDS,
        reception: Reception | None = None,
        keeper: Gatekeeper | None = None,
        forward: Forward = no_forward,
    ) -> None:
        self._forward = forward
        self._table = table
        self._is_admin = admin_hosts
        self._find = find
        self._admin = admin_app
        self._bodies = bodies
        self._counters = counters
        self._stall = stall_seconds
        self._reception = reception or Reception()
        self._keeper = keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before accepting it, this is a 403

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        outflow = _Outflow(send, self._stall)
        try:
            await self._route(scope, receive, outflow)
        except TimeoutError:
            if not outflow.stalled:
                raise
        finally:
            if outflow.status:
                self._count(outflow)

    async def _route(self, scope: Scope, receive: Receive, outflow: "_Outflow") -> None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if not _is_sound(scope, hosts):
            await send_reply(scope, outflow, page_reply(400), _closing(scope))
            return
        authority = _take_authority(scope) or b"".join(hosts)
        visitor = introduce(scope, self._reception.proxies)
        host = normalise_host(visitor.host or authority)
        scope[HOST] = host.encode("ascii")
        self._receive(scope, visitor, host, outflow)
        if await self._moved(scope, visitor, host, outflow):
            return
        if self._is_admin(host):
            outflow.kind = "admin"
            await self._to_admin(scope, receive, outflow)
            return
        release, reply = await self._enter(scope, receive, host, visitor.address)
        if release is None:
            await send_reply(scope, outflow, UNKNOWN_HOST)
        else:
            outflow.kind = "site"
            outflow.site = release.site
            if reply is not None:
                await send_reply(scope, outflow, reply)
                return
            if release.asks_country:
                scope[WHERE] = self._reception.countries.of(visitor).encode("ascii")
            await serve(scope, receive, outflow, release, self._bodies, self._forward)

    async def _enter(
        self, scope: Scope, receive: Receive, host: str, address: str
    ) -> tuple[Release | None, Reply | None]:
        """What a host leads to, and the answer where a password is looked at first; takes in the request's body."""
        keeper = self._keeper
        if keeper is not None and is_form(scope):
            release = self._gated(host) or await self._find(host)
            if release is not None:
                return release, await keeper.unlock(release, receive, address, secure=scope["scheme"] == "https")
            reply = None
        else:
            release, reply = await self._look(read_request(scope), host, address)
        await _skip_body(receive)
        return release, reply

    async def _look(self, request: Request, host: str, address: str) -> tuple[Release | None, Reply | None]:
        """What a host leads to, and the answer when a password that came along cannot be looked at now.

        Before a host of a gated site is loaded, its visitor must be let in: how long that takes would tell much.
        """
        release, keeper = self._gated(host), self._keeper
        if keeper is not None and release is not None and release.entrance is not None:
            reply = await keeper.check(release, request, address)
            if reply is not None or release.entrance.refuses(request.target, request.context):
                return release, reply
        if release is None or not release.deploy:
            release = await self._find(host) or release
            return release, await keeper.check(release, request, address) if keeper and release else None
        return release, None

    def _gated(self, host: str) -> Release | None:
        """The release for a host without loading one; of a gated site's, its entrance at least."""
        return self._table.find(host) or (self._keeper.front(host) if self._keeper else None)

    def _receive(self, scope: Scope, visitor: Visitor, host: str, outflow: "_Outflow") -> None:
        outflow.target = read_request(scope).target
        if visitor.secure:
            outflow.strict = self._reception.policy.hsts
        if self._reception.log is not None:
            method, version = scope["method"].encode("ascii"), scope["http_version"]
            outflow.asked = Asked(visitor.address, host.encode("ascii"), method, outflow.target, version)

    async def _moved(self, scope: Scope, visitor: Visitor, host: str, outflow: "_Outflow") -> bool:
        """Whether the visitor, who came over plain HTTP, was sent to HTTPS."""
        reply = None if visitor.secure else self._reception.policy.move(host, outflow.target)
        if reply is not None:
            await send_reply(scope, outflow, reply)
        return reply is not None

    def _count(self, outflow: "_Outflow") -> None:
        if outflow.site:
            self._counters.visited(outflow.site, outflow.status, outflow.sent, outflow.target)
        else:
            self._counters.answered(outflow.kind, outflow.status, outflow.sent)
        if outflow.asked is not None and self._reception.log is not None:
            self._reception.log.note(outflow.asked, outflow.status, outflow.sent)

    async def _to_admin(self, scope: Scope, receive: Receive, outflow: "_Outflow") -> None:
        """Let the admin answer, with its request's body held to the upload window."""
        window = Window(UPLOAD_WINDOW)
        inflow = Inflow(receive, window, self._stall)
        extensions = {**scope.get("extensions", {}), EXTENSION: window}
        if scope["http_version"].startswith("1."):  # a stream of HTTP/2 ends without the connection
            outflow.before_end = partial(inflow.drop_rest, LINGER_SECONDS)
        try:
            await self._admin({**scope, "extensions": extensions}, inflow, outflow)
            if inflow.stalled and not outflow.status:
                await send_reply(scope, outflow, page_reply(408), _closing(scope))
        finally:
            inflow.close()


class _Outflow:
    """An ASGI `send` that notes what passes, and raises TimeoutError when the client takes nothing for too long.

    `before_end` is awaited when all of the answer is sent but its end, with which the connection may close.
    """

    before_end: Callable[[], Awaitable[None]] | None = None

    def __init__(self, send: Send, stall: float) -> None:
        self.kind = "unknown"  # what the answer is counted as
        self.site = ""  # whose it is, and what was asked of it
        self.target = b""
        self.strict = b""  # the Strict-Transport-Security that goes with the answer
        self.asked: Asked | None = None  # for the access log, where there is one
        self.status = 0
        self.sent = 0
        self.stalled = False
        self._send = send
        self._stall = stall

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.strict and all(name.lower() != STRICT for name, _ in message["headers"]):
                message = {**message, "headers": [*message["headers"], (STRICT, self.strict)]}
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
            if self.before_end is not None and not message.get("more_body", False):
                await self._pass({**message, "more_body": True})
                await self.before_end()
                message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._pass(message)

    async def _pass(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._stall):
                await self._send(message)
        except TimeoutError:
            self.stalled = True
            raise


async def _skip_body(receive: Receive) -> None:
    """Take in what body there is, so that the next request on the connection can be told from it.

    Gives up on a long or slow one; the connection then ends with the answer.
    """
    taken, more = 0, True
    try:
        async with asyncio.timeout(_IGNORED_SECONDS):
            while more and taken < _IGNORED_BODY:
                message = await receive()
                taken += len(message.get("body", b""))
                more = message.get("more_body", False)
    except TimeoutError:
        pass


def _is_sound(scope: Scope, hosts: list[bytes]) -> bool:
    """Exactly one host (none will do for HTTP/1.0), and no doubt about where the body ends (RFC 9112, 6.1 and 6.3)."""
    names = {name for name, _ in scope["headers"]}
    old = scope["http_version"] == "1.0"
    if len(hosts) != 1 and not (old and not hosts):
        return False
    if not old and not hosts[0].strip():
        return False
    return b"transfer-encoding" not in names or not (old or b"content-length" in names)


def _take_authority(scope: Scope) -> bytes:
    """Bring a target in absolute form into origin form; its authority, which takes the place of `Host`."""
    match = _ABSOLUTE.fullmatch(scope["raw_path"])
    if match is None:
        return b""
    authority, path = match.groups()
    scope["raw_path"] = path or b"/"
    scope["path"] = unquote(scope["raw_path"].decode("ascii"))
    authority = authority or b"/"  # an empty one is no host, and `Host` must not stand in for it
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    scope["headers"] = [(b"host", authority), *others]
    return bytes(authority)


def _closing(scope: Scope) -> Fields:
    return _CLOSE if scope["http_version"].startswith("1.") else ()  # HTTP/2 has no such header


async def _lifespan(receive: Receive, send: Send) -> None:
    """Whoever starts the program starts and stops its parts; the server is only told that all is well."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return

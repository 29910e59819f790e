"""The slow lane: the same answers as ASGI messages, for connections that Hypercorn speaks."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from typing import Any

from appliance.serving.bodies import Bodies, MissingBlob
from appliance.serving.engine import CONTEXT_HEADERS, READ_HEADERS, Request, answer, join
from appliance.serving.release import Release
from appliance.serving.replies import Fields, Reply, page_reply
from appliance.serving.rules.conditions import COUNTRY

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


HOST = "dropdock.host"  # in the scope: the host the release was found by, normalised
WHERE = "dropdock.country"  # likewise, for sites that ask: where the visitor is
PIECE = 64 * 1024  # of a file at a time: HTTP/2 makes a copy for each of a connection's streams


Forward = Callable[[Scope, Receive, Send, Reply], Awaitable[None]]
"""Sends what another host says, for a reply that names it."""


async def no_forward(scope: Scope, receive: Receive, send: Send, reply: Reply) -> None:  # noqa: ARG001  (a Forward)
    """Where nothing is ever fetched."""
    await send_reply(scope, send, page_reply(502))


async def serve(scope: Scope, receive: Receive, send: Send, release: Release, bodies: Bodies, forward: Forward) -> None:
    """Answer an ASGI request from a release. The request's body must have been received.

    A blob that breaks off in the middle raises MissingBlob, so that the server ends the connection.
    """
    reply = answer(read_request(scope), release)
    if reply.upstream:
        await forward(scope, receive, send, reply)
        return
    part = reply.part
    if scope["method"] == "HEAD" or part is None:
        await send_reply(scope, send, reply)
        return
    content = bodies.get(part)
    if content is not None:
        await _send_whole(send, reply, content)
    else:
        await _send_pieces(receive, send, reply, bodies.pieces(part, PIECE))


async def send_reply(scope: Scope, send: Send, reply: Reply, extra: Fields = ()) -> None:
    """Send a reply whose body, if it is sent at all, is not in a file."""
    await _send_whole(send, reply, b"" if scope["method"] == "HEAD" else reply.body, extra)


def read_request(scope: Scope) -> Request:
    """The request of an ASGI scope, as the engine wants it."""
    target: bytes = scope["raw_path"]
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    headers, context = _only(READ_HEADERS, scope), _only(CONTEXT_HEADERS, scope)
    if WHERE in scope:
        context[COUNTRY] = scope[WHERE]
    method, secure = scope["method"].encode("ascii"), scope.get("scheme") == "https"
    return Request(method, target, headers, context, scope.get(HOST, b""), secure)


def _only(names: AbstractSet[bytes], scope: Scope) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in names:
            join(headers, name, value)
    return headers


async def _send_whole(send: Send, reply: Reply, content: bytes, extra: Fields = ()) -> None:
    await _start(send, reply, extra)
    await send({"type": "http.response.body", "body": content})


async def _send_pieces(receive: Receive, send: Send, reply: Reply, content: AsyncGenerator[bytes, None]) -> None:
    begun = False
    gone = asyncio.ensure_future(receive())  # the body is complete, so all that can come is the disconnect
    try:
        async with aclosing(content) as pieces:
            async for piece in pieces:
                if gone.done():
                    return
                if not begun:
                    await _start(send, reply)
                    begun = True
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except MissingBlob:
        if begun:
            raise
        broken = page_reply(500)
        await _send_whole(send, broken, broken.body)
    finally:
        gone.cancel()


async def _start(send: Send, reply: Reply, extra: Fields = ()) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": [*reply.fields, *extra]})

"""Single requests for the application in another process: ASGI messages through a socket, one socket for each."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from appliance.serving.slow_lane import AsgiApp, Message, Receive, Scope, Send
from appliance.workers.messages import Asked
from appliance.workers.messages import Message as Said

_HEAD = 4  # bytes of a message's length
_READ_AHEAD = 64 * 1024  # bytes held of what the other end says
_encode, _decode = msgspec.msgpack.encode, msgspec.msgpack.decode


class FarApp:
    """The application, as a worker sees it."""

    def __init__(self, send: Callable[[Said, Sequence[int]], None]) -> None:
        self._send = send

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered; raises ConnectionError when the other process does not."""
        ours, theirs = socket.socketpair()
        self._send(Asked(), [theirs.detach()])
        reader, writer = await asyncio.open_connection(sock=ours, limit=_READ_AHEAD)
        asking = asyncio.ensure_future(_ask(writer, scope, receive))
        try:
            await _pass_answer(reader, send)
        finally:
            asking.cancel()
            await _close(writer)


async def answer_asked(app: AsgiApp, descriptor: int) -> None:
    """Let the application answer a request that a worker has, to the end."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=descriptor), limit=_READ_AHEAD)

    async def receive() -> Message:
        return await _read(reader) or {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        await _write(writer, message)

    try:
        scope = await _read(reader)
        if scope is not None:
            await app(_as_scope(scope), receive, send)
    except ConnectionError:
        pass  # whoever asked has left
    finally:
        await _close(writer)


async def _ask(writer: asyncio.StreamWriter, scope: Scope, receive: Receive) -> None:
    await _write(writer, scope)
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        await _write(writer, message)


async def _pass_answer(reader: asyncio.StreamReader, send: Send) -> None:
    while True:
        message = await _read(reader)
        if message is None:
            raise ConnectionAbortedError("The process behind has not answered.")
        await send(_with_headers(message))
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            return


async def _write(writer: asyncio.StreamWriter, message: Message) -> None:
    content = _encode(message)
    writer.write(len(content).to_bytes(_HEAD, "big") + content)
    await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Message | None:
    """The next message, or None when there will be none."""
    try:
        size = int.from_bytes(await reader.readexactly(_HEAD), "big")
        message: Message = _decode(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return message


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def _as_scope(message: Message) -> Scope:
    """A scope with the tuples that were lists on the way."""
    ends = {name: tuple(message[name]) if message[name] else None for name in ("client", "server")}
    return {**_with_headers(message), **ends}


def _with_headers(message: Message) -> Message:
    headers: list[Any] | None = message.get("headers")
    return message if headers is None else {**message, "headers": [tuple(pair) for pair in headers]}

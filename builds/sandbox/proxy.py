"""The way out of a sandbox while dependencies are fetched: an HTTP proxy that reaches public addresses only."""

import asyncio
import contextlib
import socket
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from builds.sandbox.destinations import Reach

HEAD = 16 * 1024  # bytes of a request's head
PIECE = 64 * 1024  # bytes
CONNECTIONS = 256  # at a time; npm opens some fifteen
HEAD_SECONDS = 30.0
CONNECT_SECONDS = 30.0
IDLE_SECONDS = 300.0
HOP = ("proxy-", "connection:", "keep-alive:")  # headers for the proxy, not for who is behind it


def environment(address: tuple[str, int]) -> dict[str, str]:
    """What tells programs to go through a proxy at `address`, each by the name it looks for."""
    url = f"http://{address[0]}:{address[1]}"
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "npm_config_proxy", "npm_config_https_proxy")
    more = ("YARN_HTTP_PROXY", "YARN_HTTPS_PROXY", "CARGO_HTTP_PROXY")
    local = {"no_proxy": "localhost,127.0.0.1,::1", "NO_PROXY": "localhost,127.0.0.1,::1"}
    return dict.fromkeys((*names, *more), url) | local | {"NODE_USE_ENV_PROXY": "1"}


@contextlib.contextmanager
def serving(listener: socket.socket, reach: Reach) -> Iterator[None]:
    """Serve what comes in at `listener`, in a thread of its own, until the block ends; connections end with it."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(
        target=loop.run_until_complete, args=(_Proxy(reach).serve(listener, stop),), name="sandbox-proxy", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


class _Unwilling(Exception):
    """The proxy does not do what it is asked; the status and a sentence for whoever reads the log."""

    def __init__(self, status: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class _Request:
    """What a client wants: to be connected to host and port. `head` is sent there first; None: the client is told."""

    host: str
    port: int
    head: bytes | None


class _Proxy:
    """The connections of one listener."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._at_work: set[asyncio.Task[None]] = set()
        self._opened: weakref.WeakSet[asyncio.WriteTransport] = weakref.WeakSet()  # the loop holds what is not closed
        self._over = False

    async def serve(self, listener: socket.socket, stop: asyncio.Event) -> None:
        server = await asyncio.start_server(self._connected, sock=listener, limit=HEAD)
        await stop.wait()
        self._over = True
        # Accept no more, and let what was accepted become a connection: asyncio drops its socket, open, otherwise.
        asyncio.get_running_loop().remove_reader(listener)
        await asyncio.sleep(0)
        server.close()
        own = asyncio.current_task()
        while others := asyncio.all_tasks() - {own}:  # also of connections that are only just being accepted
            for task in self._at_work:
                task.cancel()
            await asyncio.wait(others)
        for transport in list(self._opened):
            transport.abort()  # what is still to be sent, nobody is there to take
        await asyncio.sleep(0)  # a transport closes its socket in the loop's next round

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or self._over or len(self._at_work) >= CONNECTIONS:
            writer.transport.abort()  # nothing was said yet
            return
        self._at_work.add(task)
        try:
            with self._closing(writer):
                await self._answer(reader, writer)
        except (OSError, EOFError, TimeoutError, asyncio.CancelledError):
            pass  # either side is gone or silent, or the build is over: there is nobody to tell
        finally:
            self._at_work.discard(task)

    @contextlib.contextmanager
    def _closing(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._opened.add(writer.transport)
        try:
            yield
        finally:
            writer.close()  # it may take a while until what is written has gone: `serve` sees to the rest

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = _parse(await _head(reader))
            upstream, downstream = await self._connect(request)
        except _Unwilling as error:
            text = f"{error.sentence}\n".encode()
            head = f"HTTP/1.1 {error.status}\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
            writer.write(head.encode() + b"Connection: close\r\n\r\n" + text)
            await writer.drain()
            return
        with self._closing(downstream):
            if request.head is None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                downstream.write(request.head)
            await asyncio.gather(_copy(reader, downstream), _copy(upstream, writer))

    async def _connect(self, request: _Request) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to an address that was looked at: asking for the name again could bring another."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(request.host, request.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise _Unwilling("502 Bad Gateway", f"There is no host {request.host!r}: {error}.") from None
        addresses = [address[0] for *_, address in found if self._reach.allows(str(address[0]), request.port)]
        if not addresses:
            sentence = f"A build may not connect to {request.host!r}, port {request.port} (build_reach)."
            raise _Unwilling("403 Forbidden", sentence)
        failure: OSError | None = None
        for address in addresses:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(str(address), request.port)
            except OSError as error:  # TimeoutError is one
                failure = error
        raise _Unwilling("502 Bad Gateway", f"{request.host!r} cannot be reached: {failure}.")


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        async with asyncio.timeout(HEAD_SECONDS):
            return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError:
        raise _Unwilling("431 Request Header Fields Too Large", "The request's head is too large.") from None


def _parse(head: str) -> _Request:
    """`CONNECT host:port`, or a request for a whole `http://` address (RFC 9112, 3.2)."""
    first, *headers = head.removesuffix("\r\n\r\n").split("\r\n")
    method, _, rest = first.partition(" ")
    target, _, version = rest.partition(" ")
    try:
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = url.hostname, url.port or 80
    except ValueError:
        host, port = None, 0
    if not host or not version.startswith("HTTP/1.") or (method != "CONNECT" and url.scheme != "http"):
        raise _Unwilling("400 Bad Request", "This is a proxy: it takes CONNECT, and requests for http:// addresses.")
    if method == "CONNECT":
        return _Request(host, port, None)
    path = url._replace(scheme="", netloc="", fragment="").geturl() or "/"
    kept = [line for line in headers if not line.lower().startswith(HOP)]
    return _Request(
        host, port, "\r\n".join([f"{method} {path} {version}", *kept, "Connection: close", "", ""]).encode("latin-1")
    )


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Everything, at the pace of who takes it."""
    while True:
        async with asyncio.timeout(IDLE_SECONDS):
            piece = await source.read(PIECE)
        if not piece:
            break
        target.write(piece)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()

"""Requests for sites that this lane does not answer itself, passed to the ASGI application behind Hypercorn."""

import asyncio
import logging

from appliance.serving.h2.frames import END_STREAM, Code, window_update
from appliance.serving.h2.hpack import encode
from appliance.serving.h2.inbox import Inbox
from appliance.serving.h2.requests import Ask
from appliance.serving.h2.sending import Sender, Stream
from appliance.serving.http_date import DateLine
from appliance.serving.slow_lane import AsgiApp, Message, Scope
from appliance.serving.visitor import Visitor

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())  # silent until the program sets up logging


class Exchange:
    """One request and its reply as ASGI messages."""

    def __init__(self, sender: Sender, stream: Stream, inbox: Inbox, date: DateLine) -> None:
        self._sender = sender
        self._stream = stream
        self._inbox = inbox
        self._date = date
        self._taken = False
        self._block = b""  # the reply's head, until it goes out with the first of the body
        self.begun = False

    async def run(self, app: AsgiApp, scope: Scope) -> None:
        """Let the application answer; what it leaves unfinished ends with an error."""
        try:
            await app(scope, self.receive, self.send)
        except Exception:  # whatever an application raises is about its own request only
            log.exception("request_failed")
        finally:
            if self._stream.id in self._sender.streams:
                self._sender.cut(self._stream.id, Code.INTERNAL_ERROR)
            self._sender.flush()

    async def receive(self) -> Message:
        """ASGI's `receive`."""
        if self._taken:
            await asyncio.get_running_loop().create_future()  # cancelled with the stream, when the client has gone
        data, complete, size = await self._inbox.take()
        self._taken = complete
        if size and not complete:
            self._sender.put(window_update(self._stream.id, size))
            self._sender.flush()
        return {"type": "http.request", "body": data, "more_body": not complete}

    async def send(self, message: Message) -> None:
        """ASGI's `send`."""
        if message["type"] == "http.response.start":
            date = self._date.now().partition(b": ")[2].rstrip()
            status = (b":status", b"%d" % message["status"])
            self._block = encode((status, *message.get("headers", ()), (b"date", date)))
            return
        body, final = message.get("body", b""), not message.get("more_body", False)
        if not self.begun:
            self.begun = True
            if final and not body:
                self._sender.head(self._stream.id, self._block, END_STREAM)
                self._sender.finish(self._stream)
                return
            self._sender.head(self._stream.id, self._block, 0)
        if body or final:
            self._sender.offer(self._stream, body, final=final)
            await self._sender.taken(self._stream)


def scope_of(ask: Ask, visitor: Visitor, server: tuple[str, int] | None) -> Scope:
    """The ASGI scope of a request, as Hypercorn writes it."""
    path, _, query = ask.target.partition(b"?")
    headers = [(name, value) for name, value, _ in ask.fields if not name.startswith(b":") and name != b"host"]
    return {
        "type": "http",
        "asgi": {"spec_version": "2.3", "version": "3.0"},
        "http_version": "2",
        "method": ask.method.decode("ascii").upper(),
        "scheme": "https" if visitor.secure else "http",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", ask.authority), *headers],
        "client": (visitor.address, 0),
        "server": server,
        "extensions": {},
        "state": {},
    }

"""What an HTTP/2 request gets: the engine's answer from memory or from a file, or that of the application."""

import asyncio
from typing import Final, Protocol

from appliance.serving.bodies import Bodies, MissingBlob
from appliance.serving.counters import Counters
from appliance.serving.engine import Request, answer
from appliance.serving.h2.bridge import Exchange, scope_of
from appliance.serving.h2.frames import Code
from appliance.serving.h2.inbox import Inbox
from appliance.serving.h2.replies import Blocks
from appliance.serving.h2.requests import Ask
from appliance.serving.h2.sending import Sender, Stream
from appliance.serving.http_date import DateLine
from appliance.serving.limits import DoorLimits
from appliance.serving.release import Release
from appliance.serving.replies import FilePart, Reply, page_reply
from appliance.serving.rules.conditions import COUNTRY
from appliance.serving.slow_lane import AsgiApp
from appliance.serving.table import Table
from appliance.serving.visitor import Asked, Reception, Visitor

_PIECE: Final = 16 * 1024  # of a file, read when that much may go out: all that a slow reader holds of it
_READ: Final = frozenset({b"GET", b"HEAD"})


class AnswersDoor(Protocol):
    """What answers are made from; the values are shared by all connections of a door."""

    table: Table
    bodies: Bodies
    counters: Counters
    limits: DoorLimits
    date: DateLine
    blocks: Blocks
    reception: Reception
    app: AsgiApp


class _Note:
    """What is to be known of a request when its answer has gone out."""

    __slots__ = ("ask", "host", "site", "visitor")

    def __init__(self, ask: Ask, visitor: Visitor, host: bytes, site: str) -> None:
        self.ask = ask
        self.visitor = visitor
        self.host = host
        self.site = site


class Answers:
    """Answers the requests of one connection, whose other end is `peer`."""

    def __init__(self, door: AnswersDoor, sender: Sender, transport: asyncio.Transport, peer: Visitor) -> None:
        self._door = door
        self._sender = sender
        self._peer = peer
        self._trusted = door.reception.proxies.trusts(peer.address)
        name = transport.get_extra_info("sockname")
        self._server = (str(name[0]), int(name[1])) if isinstance(name, tuple) else None
        self._files = asyncio.Semaphore(door.limits.http2.files)

    def is_ours(self, ask: Ask, ended: bool) -> bool:  # noqa: FBT001  (a pair that `first_request` made)
        """Is this, as a connection's first request, one for this lane?"""
        release = self._door.table.find_raw(self._visitor(ask).host or ask.authority)
        return release is not None and ended and (_in_small_letters(ask.method) or not _aside(ask, release))

    def answer(self, number: int, ask: Ask, ended: bool) -> None:  # noqa: FBT001  (as a callable it has no names)
        """Answer the request on a stream, now or in a task; `ended` says that it is here as a whole."""
        door = self._door
        visitor = self._visitor(ask)
        host = visitor.host or ask.authority
        release = door.table.find_raw(host)
        refusal = self._refusal(ask, host, release)
        if release is None or refusal:
            self._reply(number, _Note(ask, visitor, host, ""), page_reply(refusal), ended=ended)
        elif not ended or _aside(ask, release):
            self._pass_on(number, ask, ended=ended)
        else:
            policy = door.reception.policy
            moved = policy.move(host, ask.target) if policy.https_port and not visitor.secure else None
            request = Request(ask.method, ask.target, ask.headers, ask.context, host, visitor.secure)
            if release.asks_country:
                ask.context[COUNTRY] = door.reception.countries.of(visitor).encode("ascii")
            note = _Note(ask, visitor, host, release.site)
            reply = moved or answer(request, release)
            if reply.upstream:
                self._pass_on(number, ask, ended=True)
                return
            self._reply(number, note, reply, ended=True)

    def _refusal(self, ask: Ask, host: bytes, release: Release | None) -> int:
        """The status of a request that nobody answers otherwise, 0 for all others."""
        if ask.size > self._door.limits.head:
            return 431
        if release is None:
            return 421 if host else 400
        return 501 if _in_small_letters(ask.method) else 0

    def _visitor(self, ask: Ask) -> Visitor:
        if self._trusted and ask.forwarded:
            return self._door.reception.proxies.visitor(self._peer, ask.forwarded)
        return self._peer

    def _reply(self, number: int, note: _Note, reply: Reply, *, ended: bool) -> None:
        block = self._door.blocks.of(reply, secure=note.visitor.secure)
        part = reply.part
        body: bytes | None = reply.body
        if note.ask.method == b"HEAD":
            body = b""
        elif part is not None:
            body = self._door.bodies.get(part)
            if body is None:
                stream = self._sender.open(number)
                stream.task = asyncio.get_running_loop().create_task(self._send_file(stream, note, reply, part))
                return
        if not ended or not self._sender.answer(number, block, body or b""):
            self._offer(self._sender.open(number, None if ended else Inbox(None)), block, body or b"")
        self._count(note, reply.status, len(body or b""))

    def _offer(self, stream: Stream, block: bytes, body: bytes) -> None:
        self._sender.head(stream.id, block, 0)
        self._sender.offer(stream, body, final=True)

    async def _send_file(self, stream: Stream, note: _Note, reply: Reply, part: FilePart) -> None:
        sender = self._sender
        reading = self._door.bodies.open(part)
        begun = False
        try:
            async with self._files:
                while reading.left:
                    piece = await reading.read(max(1, min(sender.credit(stream), _PIECE)))
                    if not begun:
                        sender.head(stream.id, self._door.blocks.of(reply, secure=note.visitor.secure), 0)
                        begun = True
                    piece = piece[: sender.credit(stream)]
                    reading.move_on(len(piece))
                    if piece:
                        sender.offer(stream, piece, final=not reading.left)
                    piece = b""  # not to be held while its reader is waited for
                    await sender.taken(stream)
        except MissingBlob:
            self._broken(stream, note, begun=begun)
        else:
            self._count(note, reply.status, part.length)
        finally:
            reading.close()
            sender.flush()

    def _broken(self, stream: Stream, note: _Note, *, begun: bool) -> None:
        if begun:  # too late to say so: only an early end tells the client that this is not all
            self._sender.cut(stream.id, Code.INTERNAL_ERROR)
            return
        reply = page_reply(500)
        self._offer(stream, self._door.blocks.of(reply, secure=note.visitor.secure), reply.body)
        self._count(note, 500, len(reply.body))

    def _pass_on(self, number: int, ask: Ask, *, ended: bool) -> None:
        """Let the application answer, which counts for itself."""
        inbox = Inbox(ask.length)
        stream = self._sender.open(number, inbox)
        if ended:
            inbox.add(b"", 0, final=True)
            stream.ended = True
        exchange = Exchange(self._sender, stream, inbox, self._door.date)
        scope = scope_of(ask, self._peer, self._server)
        stream.task = asyncio.get_running_loop().create_task(exchange.run(self._door.app, scope))

    def _count(self, note: _Note, status: int, sent: int) -> None:
        door = self._door
        if note.site:
            door.counters.visited(note.site, status, sent, note.ask.target)
        else:
            door.counters.answered("unknown", status, sent)
        if door.reception.log is not None:
            asked = Asked(note.visitor.address, note.host, note.ask.method, note.ask.target, "2")
            door.reception.log.note(asked, status, sent)


def _in_small_letters(method: bytes) -> bool:
    """No such method is the one in capitals (RFC 9110, 9.1), for which others would take it."""
    return method != method.upper()


def _aside(ask: Ask, release: Release) -> bool:
    """Is a request the application's: by its method, its target, or because only a slow check can tell?"""
    if ask.method not in _READ or not ask.target.startswith(b"/"):
        return True
    entrance = release.entrance
    return entrance is not None and entrance.question(ask.target, ask.context) is not None

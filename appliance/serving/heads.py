"""One complete HTTP/1 request head at a time, parsed by llhttp."""

import re
from typing import Final

from httptools import HttpParserError, HttpParserInvalidMethodError, HttpParserUpgrade, HttpRequestParser

from appliance.serving.engine import CONTEXT_HEADERS, READ_HEADERS, join
from appliance.serving.visitor import FORWARDED

END: Final = b"\r\n\r\n"  # of a head; llhttp takes no bare line feeds, so nothing else ends one

_BLANK = b"\r\n"
_SMALL = re.compile(
    rb"(?:\r\n)*[!#$%&'*+\-.^_`|~0-9A-Z]*[a-z][!#$%&'*+\-.^_`|~0-9A-Za-z]* "
)  # a method in small letters
_OTHER, _CONTEXT, _WANTED, _FORWARDED, _HOST, _CONNECTION, _NOT_OURS = range(7)
_SPELLINGS = 1_000  # of header names remembered
_KINDS: dict[bytes, int] = {
    **dict.fromkeys(CONTEXT_HEADERS, _CONTEXT),
    **dict.fromkeys(READ_HEADERS, _WANTED),
    **dict.fromkeys(FORWARDED, _FORWARDED),
    b"host": _HOST,
    b"connection": _CONNECTION,
    b"expect": _NOT_OURS,
    b"upgrade": _NOT_OURS,
}


class BadHead(Exception):
    """No request by RFC 9112: answer with `status` and close, for what follows cannot be told apart."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class HeadReader:
    """Reads heads, each given whole; one reader serves any number of connections on a loop.

    After `read` returned true, the fields below describe that request, until the next `read`.
    """

    __slots__ = (
        "_hosts",
        "_named",
        "_ours",
        "_parser",
        "_spellings",
        "_spoken",
        "_whole",
        "context",
        "forwarded",
        "headers",
        "host",
        "keep_alive",
        "method",
        "old",
        "target",
    )

    def __init__(self) -> None:
        self.method = b""
        self.target = b""
        self.host = b""
        self.headers: dict[bytes, bytes] = {}  # those the engine reads, names in lower case
        self.context: dict[bytes, bytes] = {}  # CONTEXT_HEADERS likewise
        self.forwarded: dict[bytes, bytes] = {}  # what a proxy says of the visitor, the same way
        self._spellings: dict[bytes, tuple[int, bytes]] = {}  # to what each name means, and its lower case
        self.keep_alive = True
        self.old = False  # HTTP/1.0, whose clients must be told that the connection stays
        self._begin()
        self._parser = HttpRequestParser(self)

    def read(self, head: bytes) -> bool:
        """Read one head that ends in END; raises BadHead.

        False for a request with a body, an unknown method, an expectation, an upgrade or the HTTP/2 preface: somebody
        else's. The checks of RFC 9112, 6.3 (lengths that repeat, or stand beside a transfer coding) are made first.
        """
        self._begin()
        try:
            self._parser.feed_data(head)
        except HttpParserUpgrade:
            self._whole = False
        except HttpParserInvalidMethodError as error:
            self._whole = False
            if _SMALL.match(head):  # it is not the one in capitals (RFC 9110, 9.1), for which others would take it
                self._parser = HttpRequestParser(self)
                raise BadHead(501) from error
        except HttpParserError as error:
            self._parser = HttpRequestParser(self)
            raise BadHead(400) from error
        if not self._whole or not self.keep_alive:  # the parser waits for a body, or takes nothing more
            self._parser = HttpRequestParser(self)
        if not self._spoken:
            raise BadHead(505)
        if self._whole and self._hosts != 1 and not (self._hosts == 0 and self.old):
            raise BadHead(400)
        if self._whole:
            before, _, _ = head.partition(b"%b %b HTTP/" % (self.method, self.target))
            if before.replace(_BLANK, b""):  # llhttp takes more than one space, and line feeds in front
                raise BadHead(400)
        return self._whole and self._ours

    def on_url(self, url: bytes) -> None:
        """Called by the parser: the request target, in pieces or whole."""
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser: one header line."""
        kind, name = self._spellings.get(name) or self._spell(name)
        if kind == _OTHER:
            return
        if kind == _HOST:
            self.host = value
            self._hosts += 1
        elif kind == _CONNECTION:
            self._named = True
        elif kind == _NOT_OURS:
            self._ours = False
        else:
            headers = self.context if kind == _CONTEXT else self.headers if kind == _WANTED else self.forwarded
            if name in headers:
                join(headers, name, value)
            else:
                headers[name] = value.strip()

    def on_headers_complete(self) -> None:
        """Called by the parser: the version and what follows from it."""
        self.method = self._parser.get_method()
        self.keep_alive = self._parser.should_keep_alive()
        if self._named or not self.keep_alive:  # otherwise it can only be HTTP/1.1
            version = self._parser.get_http_version()
            self.old = version == "1.0"
            self._spoken = version.startswith("1.")

    def on_message_complete(self) -> None:
        """Called by the parser: there is no body."""
        self._whole = True

    def _spell(self, name: bytes) -> tuple[int, bytes]:
        if len(self._spellings) >= _SPELLINGS:
            self._spellings.clear()
        lower = name.lower()
        return self._spellings.setdefault(name, (_KINDS.get(lower, _OTHER), lower))

    def _begin(self) -> None:
        self.target = b""
        self.host = b""
        self.headers = {}
        self.context = {}
        self.forwarded = {}
        self.old = False
        self._hosts = 0
        self._named = False
        self._spoken = True
        self._ours = True
        self._whole = False

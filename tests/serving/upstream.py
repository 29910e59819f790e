"""Another host on this machine, for rewrites to fetch from: answers by path, and remembers what it was asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Upstream:
    port: int
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    """What `/slow` waits for."""


class _Host(ThreadingHTTPServer):
    known: Upstream

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asked has gone: some of them do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Host

    def do_GET(self) -> None:
        known = self.server.known
        known.asked.append((f"{self.command} {self.path}", {k.lower(): v for k, v in self.headers.items()}))
        special: dict[str, Callable[[], object]] = {
            "/slow": lambda: known.hold.wait(60),
            "/moved": lambda: self._answer(302, b"", Location="/elsewhere?x=1"),
            "/chunks": lambda: self._chunks([b"x" * 600] * 4),
            "/half": lambda: self._raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
            "/nonsense": lambda: self._raw(b"this is not HTTP\r\n\r\n"),
            "/large": lambda: self._answer(200, b"x" * 5000),
            "/none": lambda: self._answer(404, b""),
        }
        own = {"ETag": '"up"', "Set-Cookie": "a=b", "Server": "up", "X-Up": "yes", "X-Accel-Redirect": "/private"}
        usual = lambda: self._answer(200, f"answer to {self.path}".encode(), **own)  # noqa: E731 - one of the above
        special.get(self.path.partition("?")[0], usual)()

    do_HEAD = do_GET  # noqa: N815  (the standard library's name)

    def _answer(self, status: int, body: bytes, **fields: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain", "Content-Length": str(len(body)), **fields}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _chunks(self, chunks: list[bytes]) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in [*chunks, b""]:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))

    def _raw(self, sent: bytes) -> None:
        self.wfile.write(sent)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the standard library's name)
        """Nothing."""


@contextmanager
def upstream() -> Iterator[Upstream]:
    server = _Host(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.known = known = Upstream(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield known
    finally:
        known.hold.set()
        server.shutdown()
        thread.join(10)
        server.server_close()

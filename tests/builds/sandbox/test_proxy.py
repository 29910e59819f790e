"""The proxy by itself; what builds get through it is in test_fetching.py."""

import asyncio
import gc
import http.server
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from ipaddress import ip_network
from typing import Any

import pytest

from builds.sandbox import proxy
from builds.sandbox.destinations import Reach

ROUNDS = 20  # each ends at a moment of its own


def test_an_end_while_connections_come_in_leaves_no_socket_open() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(ROUNDS):
            end_while_connections_come_in()
        gc.collect()

    assert [str(warning.message) for warning in said if warning.category is ResourceWarning] == []


def test_connections_that_are_over_take_no_memory() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, proxy.serving(listener, Reach()):
        for _ in range(100):
            assert b" 400 " in said(listener.getsockname(), b"rubbish\r\n\r\n")
        gc.collect()
        kept = [one for one in gc.get_objects() if isinstance(one, asyncio.StreamWriter)]

    assert len(kept) < 30


@pytest.mark.parametrize("first", [["127.0.0.2"], ["127.0.0.1", "127.0.0.2"]])
def test_a_name_that_leads_elsewhere_when_asked_again_leads_to_what_was_allowed(
    first: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([first])  # every later question is answered with what is closed
    ask = socket.getaddrinfo

    def resolved(host: str | None, port: int, *more: Any, **named: Any) -> list[Any]:
        found = next(answers, ["127.0.0.1"]) if host == "rebound.example" else [str(host)]
        return [one for address in found for one in ask(address, port, *more, **named)]

    with ExitStack() as until_end:
        allowed = until_end.enter_context(answering("127.0.0.2", 0, b"allowed"))
        until_end.enter_context(answering("127.0.0.1", allowed, b"closed"))
        listener = until_end.enter_context(socket.create_server(("127.0.0.1", 0)))
        until_end.enter_context(proxy.serving(listener, Reach((ip_network("127.0.0.2/32"),))))
        monkeypatch.setattr(socket, "getaddrinfo", resolved)
        request = f"GET http://rebound.example:{allowed}/ HTTP/1.1\r\nHost: rebound.example\r\n\r\n"

        answer = said(listener.getsockname(), request.encode())

    assert answer.endswith(b"allowed")


def said(address: tuple[str, int], request: bytes) -> bytes:
    """All that comes back."""
    with socket.create_connection(address, 30) as client:
        client.sendall(request)
        return b"".join(iter(partial(client.recv, 4096), b""))


@contextmanager
def answering(address: str, port: int, body: bytes) -> Iterator[int]:
    """A server that says the same to everybody; its port."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer((address, port), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def end_while_connections_come_in() -> None:
    with ExitStack() as clients:
        listener = clients.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
        with proxy.serving(listener, Reach(())):
            for _ in range(20):
                clients.enter_context(socket.create_connection(listener.getsockname()))

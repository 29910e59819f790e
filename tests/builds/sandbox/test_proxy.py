"""The proxy by itself; what builds get through it is in test_fetching.py."""

import gc
import socket
import warnings
from contextlib import ExitStack

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


def end_while_connections_come_in() -> None:
    with ExitStack() as clients:
        listener = clients.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
        with proxy.serving(listener, Reach(())):
            for _ in range(20):
                clients.enter_context(socket.create_connection(listener.getsockname()))

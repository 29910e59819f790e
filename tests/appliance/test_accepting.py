"""Taking connections off a listening socket."""

import socket

import pytest

from appliance.accepting import SILENT_SECONDS, attune
from tests.serving.lanes import Plane, running, wait_until
from tests.serving.visitors import Http1, connect


@pytest.mark.skipif(not hasattr(socket, "TCP_DEFER_ACCEPT"), reason="only Linux keeps silent connections for a while")
def test_a_listening_socket_hands_out_connections_that_have_asked_for_something() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        attune(listening)

        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT) == SILENT_SECONDS


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_connection_that_says_nothing_is_let_in_all_the_same(tls: bool) -> None:
    with running() as plane, connect(_port(plane, tls)):
        wait_until(lambda: plane.counters.opened == 1)


def test_who_asks_does_not_wait_for_who_came_before_and_says_nothing() -> None:
    with running() as plane, connect(plane.port), Http1(plane.port) as visitor:
        assert visitor.get(b"/").status == 404


def _port(plane: Plane, tls: bool) -> int:
    return plane.port.tls if tls else plane.port

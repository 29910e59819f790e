"""Listening: on every address a name stands for, on the next free port, or not at all and with a reason."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from appliance import listening
from appliance.listening import CannotListen, Listening, listen
from appliance.units import Address

HOST = "127.0.0.1"
V4, V6 = socket.AF_INET, socket.AF_INET6


@pytest.fixture
def taken() -> Iterator[int]:
    """A port somebody else listens on; the one after it is most likely free."""
    with socket.create_server((HOST, 0)) as other:
        yield other.getsockname()[1]


def connects(listens: Listening) -> bool:
    with socket.create_connection((HOST, listens.port), timeout=5):
        return True


def test_port_0_is_any_free_port() -> None:
    with closing(listen(Address(HOST, 0))) as listens:
        assert listens.port > 0
        assert listens.wanted == 0
        assert connects(listens)


def test_a_taken_port_gives_the_next_free_one(taken: int) -> None:
    with closing(listen(Address(HOST, taken))) as listens:
        assert taken < listens.port <= taken + listening.PORTS_TRIED
        assert listens.wanted == taken
        assert connects(listens)


def test_only_so_many_ports_are_tried(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "PORTS_TRIED", 0)

    with pytest.raises(CannotListen, match=rf"Every port from {taken} to {taken} on {HOST} is taken: give another"):
        listen(Address(HOST, taken))


def test_no_port_beyond_the_last_is_tried() -> None:
    with ExitStack() as stack:
        try:
            stack.enter_context(socket.create_server((HOST, 65535)))
        except OSError:
            pass  # somebody has it already, which is as good

        with pytest.raises(CannotListen, match="from 65535 to 65535"):
            listen(Address(HOST, 65535))


def test_a_port_given_up_can_be_had_again_at_once() -> None:
    first = listen(Address(HOST, 0))
    with socket.create_connection((HOST, first.port)) as client:
        accepted, _ = accept(first.sockets[0])
        accepted.close()  # ours ends first, and keeps the port in TIME_WAIT
        assert client.recv(1) == b""
    first.close()

    with closing(listen(Address(HOST, first.port))) as again:
        assert again.port == first.port


def accept(bound: socket.socket) -> tuple[socket.socket, object]:
    bound.setblocking(True)
    return bound.accept()


def test_localhost_is_listened_on_by_both_families_on_one_port() -> None:
    with closing(listen(Address("localhost", 0))) as listens:
        assert {bound.getsockname()[1] for bound in listens.sockets} == {listens.port}
        assert V4 in {bound.family for bound in listens.sockets}
        assert len(listens.sockets) == (2 if has_ipv6() else 1)


def test_with_port_0_a_port_taken_in_the_other_family_means_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    bind, tries = listening._bind, []

    def second_is_taken_once(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
        tries.append(port)
        if len(tries) == 2:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        return bind(family, host, port)

    monkeypatch.setattr(listening, "_resolve", lambda _: [(V4, HOST), (V4, "127.0.0.2")])
    monkeypatch.setattr(listening, "_bind", second_is_taken_once)

    with closing(listen(Address("both.example", 0))) as listens:
        assert len(listens.sockets) == 2
        assert len(tries) == 4


@pytest.mark.parametrize("missing", [0, 1])
def test_an_address_this_machine_does_not_have_is_left_out(missing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    known = [(V4, HOST)]
    known.insert(missing, (V4, "203.0.113.1"))  # TEST-NET-3: nobody has it
    monkeypatch.setattr(listening, "_resolve", lambda _: known)

    with closing(listen(Address("both.example", 0))) as listens:
        assert [bound.getsockname()[0] for bound in listens.sockets] == [HOST]


@pytest.mark.parametrize("known", [[(V4, "203.0.113.1")], [(V4, "203.0.113.1"), (V4, "203.0.113.2")]])
def test_where_no_address_is_this_machines_that_is_said(
    known: list[tuple[socket.AddressFamily, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_resolve", lambda _: known)

    with pytest.raises(CannotListen, match=r"203\.0\.113\.\d port \d+ cannot be listened on: Cannot assign requested"):
        listen(Address("elsewhere.example", 0))


def test_a_name_that_does_not_resolve_is_said() -> None:
    with pytest.raises(CannotListen, match=r"nowhere\.invalid is no address of this machine"):
        listen(Address("nowhere.invalid", 0))


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=V6):
            return True
    except OSError:
        return False


def test_a_port_that_takes_a_right_says_who_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refused)

    with pytest.raises(CannotListen, match=f"{HOST} port 80 cannot be listened on: ports below 1024 take a right"):
        listen(Address(HOST, 80))

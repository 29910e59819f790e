import asyncio

import pytest
from hypercorn.asyncio import tcp_server
from hypercorn.asyncio.worker_context import EventWrapper
from hypercorn.protocol import h2

from appliance import handed_over
from appliance.serving.slow_lane import Receive, Scope, Send
from tests.serving.lanes import ADMIN, Wiring, running, wait_until
from tests.serving.visitors import HandedOver, Http1, TlsHandedOver


@pytest.fixture
def buffer() -> h2.StreamBuffer:
    assert h2.StreamBuffer.__module__ == handed_over.__name__
    return h2.StreamBuffer(EventWrapper)


def test_hypercorn_reads_all_that_is_there() -> None:
    assert tcp_server.MAX_RECV > 2 * handed_over._READ_AHEAD  # at which the reader has the socket paused
    assert "MAX_RECV" in tcp_server.TCPServer._read_data.__code__.co_names


async def test_a_stream_that_cannot_send_takes_no_more(buffer: h2.StreamBuffer) -> None:
    pushing = asyncio.ensure_future(buffer.push(bytes(h2.BUFFER_HIGH_WATER)))

    for _ in range(5):  # the client's window is shut: Hypercorn tries, and nothing goes
        assert await buffer.pop(0) == b""
        await asyncio.sleep(0)
    assert not pushing.done()

    await buffer.pop(h2.BUFFER_HIGH_WATER)
    await buffer.pop(1)
    await pushing


async def test_a_stream_that_ends_lets_its_sender_go(buffer: h2.StreamBuffer) -> None:
    pushing = asyncio.ensure_future(buffer.push(bytes(h2.BUFFER_HIGH_WATER)))
    await asyncio.sleep(0)

    await buffer.close()

    await pushing
    with pytest.raises(h2.BufferCompleteError):
        await buffer.push(b"more")


async def sees_off(scope: Scope, receive: Receive, send: Send) -> None:
    """An admin whose answer goes on until the client has left, as a stream of events does."""
    headers = [(b"transfer-encoding", b"chunked"), (b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b": here\n\n", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass
    await send({"type": "http.response.body"})  # to which the client's system says that nobody is there


@pytest.mark.parametrize("lane", [HandedOver, TlsHandedOver])
def test_a_client_that_leaves_is_no_fault_to_be_logged(lane: type[Http1], caplog: pytest.LogCaptureFixture) -> None:
    with running(Wiring(admin=sees_off)) as plane:
        with lane(plane.port) as visitor:
            visitor.ask(b"GET", b"/", [], ADMIN.encode())
            received = b""
            while b": here\n\n\r\n" not in received:
                received += visitor.socket.recv(1000)

        wait_until(lambda: plane.counters.snapshot().connections_open == 0, 30)

    assert not [record for record in caplog.records if record.name == handed_over.__name__]

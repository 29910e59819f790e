import asyncio

import pytest
from hypercorn.asyncio.worker_context import EventWrapper
from hypercorn.protocol import h2

from appliance import handed_over


@pytest.fixture
def buffer() -> h2.StreamBuffer:
    assert h2.StreamBuffer.__module__ == handed_over.__name__
    return h2.StreamBuffer(EventWrapper)


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

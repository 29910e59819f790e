import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pytest

from appliance.serving.slow_lane import Message
from appliance.window import Inflow, Window

T = TypeVar("T")


def body(size: int, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": bytes(size), "more_body": more}


GONE = {"type": "http.disconnect"}


class Client:
    """Sends what it is given, then nothing until more is given."""

    def __init__(self, *messages: Message) -> None:
        self.queue: asyncio.Queue[Message] = asyncio.Queue()
        for message in messages:
            self.queue.put_nowait(message)

    async def __call__(self) -> Message:
        return await self.queue.get()


async def soon(awaitable: Awaitable[T]) -> T:
    async with asyncio.timeout(5):
        return await awaitable


async def not_yet(task: asyncio.Future[Message]) -> None:
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()


async def test_messages_pass_while_the_window_is_open() -> None:
    inflow = Inflow(Client(body(10), body(5, more=False), GONE), Window(100), 5)

    assert [len((await soon(inflow())).get("body", b"")) for _ in range(3)] == [10, 5, 0]


async def test_no_more_comes_until_enough_is_consumed() -> None:
    window = Window(100)
    inflow = Inflow(Client(body(101), body(50), body(1, more=False)), window, 5)
    await soon(inflow())
    waiting = asyncio.ensure_future(inflow())
    await not_yet(waiting)

    window.consumed(1)

    assert len((await soon(waiting))["body"]) == 50
    window.consumed(150)
    assert (await soon(inflow()))["more_body"] is False


async def test_a_message_that_was_looked_at_early_is_not_lost() -> None:
    client, window = Client(body(101)), Window(100)
    inflow = Inflow(client, window, 5)
    await soon(inflow())
    waiting = asyncio.ensure_future(inflow())
    await not_yet(waiting)

    window.consumed(101)
    await not_yet(waiting)
    client.queue.put_nowait(body(7))

    assert len((await soon(waiting))["body"]) == 7


async def test_a_disconnect_is_delivered_while_the_window_is_shut() -> None:
    inflow = Inflow(Client(body(101), body(50), body(50), GONE), Window(100), 5)
    await soon(inflow())

    assert await soon(inflow()) == GONE
    assert await soon(inflow()) == GONE


async def test_only_so_much_is_looked_at_ahead() -> None:
    client = Client(*[body(100_000) for _ in range(10)])
    inflow = Inflow(client, Window(100), 5)
    await soon(inflow())

    waiting = asyncio.ensure_future(inflow())
    await not_yet(waiting)
    await asyncio.sleep(0.05)

    assert client.queue.qsize() == 6  # one delivered, three held
    waiting.cancel()
    inflow.close()


async def test_a_body_all_of_which_is_here_is_not_read_past() -> None:
    client, window = Client(body(101), body(5, more=False), GONE), Window(100)
    inflow = Inflow(client, window, 5)
    await soon(inflow())
    waiting = asyncio.ensure_future(inflow())
    await asyncio.sleep(0.02)
    assert client.queue.qsize() == 1

    window.consumed(101)

    assert (await soon(waiting))["more_body"] is False
    assert await soon(inflow()) == GONE


@pytest.mark.parametrize("messages", [[], [body(101)], [body(101), body(1)]])
async def test_a_stalled_body_ends_as_if_the_client_had_left(messages: list[Message]) -> None:
    inflow = Inflow(Client(*messages), Window(100), 0.05)
    for _ in messages[:1]:
        await soon(inflow())

    assert await soon(inflow()) == GONE
    assert await soon(inflow()) == GONE
    assert inflow.stalled
    inflow.close()


async def test_the_disconnect_after_a_body_may_take_its_time() -> None:
    client = Client(body(1, more=False))
    inflow = Inflow(client, Window(100), 0.01)
    await soon(inflow())
    waiting = asyncio.ensure_future(inflow())
    await asyncio.sleep(0.05)

    client.queue.put_nowait(GONE)

    assert await soon(waiting) == GONE
    assert not inflow.stalled


async def test_the_rest_of_a_refused_body_is_dropped_as_it_comes() -> None:
    inflow = Inflow(Client(body(101), body(100_000), body(5, more=False)), Window(100), 5)
    await soon(inflow())
    pump = asyncio.ensure_future(inflow())  # as Quart does, shut window or not

    await soon(inflow.drop_rest(5))

    assert await soon(pump) == {"type": "http.request", "body": b"", "more_body": False}


async def test_dropping_ends_when_the_client_leaves() -> None:
    inflow = Inflow(Client(body(101), body(1), GONE), Window(100), 5)
    await soon(inflow())
    pump = asyncio.ensure_future(inflow())

    await soon(inflow.drop_rest(5))

    assert (await soon(pump))["type"] == "http.disconnect"


async def test_dropping_takes_no_longer_than_it_may() -> None:
    inflow = Inflow(Client(body(101)), Window(100), 5)
    await soon(inflow())
    pump = asyncio.ensure_future(inflow())

    await soon(inflow.drop_rest(0.05))

    assert not pump.done()
    pump.cancel()
    inflow.close()


async def test_nothing_is_dropped_of_a_body_that_is_all_here() -> None:
    inflow = Inflow(Client(body(5, more=False)), Window(100), 5)

    delivered = await soon(inflow())
    await soon(inflow.drop_rest(5))

    assert len(delivered["body"]) == 5

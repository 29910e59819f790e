"""Messages between two processes: whole, in order, and with the descriptors that belong to them."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from appliance.workers.channel import Channel


@dataclass
class End:
    """What one end of a channel has heard."""

    channel: Channel | None = None
    messages: list[bytes] = field(default_factory=list)
    descriptors: list[list[int]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, message: bytes, descriptors: list[int]) -> None:
        self.messages.append(message)
        self.descriptors.append(descriptors)

    def send(self, message: bytes, *descriptors: int) -> None:
        assert self.channel is not None
        self.channel.send(message, descriptors)

    async def heard(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.messages) < count:  # noqa: ASYNC110 - it hears from the loop
                await asyncio.sleep(0.001)


@pytest.fixture
async def ends() -> AsyncIterator[tuple[End, End]]:
    pair = End(), End()
    for end, connected in zip(pair, socket.socketpair(), strict=True):
        end.channel = Channel(connected, end.hear, end.ended.set)
    yield pair
    for end in pair:
        if end.channel is not None:
            end.channel.close()


def a_file(content: bytes) -> int:
    read_end, write_end = os.pipe()
    os.write(write_end, content)
    os.close(write_end)
    return read_end


async def test_messages_of_every_size_arrive_whole_and_in_order(ends: tuple[End, End]) -> None:
    sizes = [0, 1, 5, 65_535, 3_000_000, 2, 300_000]
    for number, size in enumerate(sizes):
        ends[0].send(bytes([number]) * size)

    await ends[1].heard(len(sizes))

    assert ends[1].messages == [bytes([number]) * size for number, size in enumerate(sizes)]


async def test_each_message_comes_with_its_own_descriptors(ends: tuple[End, End]) -> None:
    for number in range(40):
        given = [a_file(b"%d %d" % (number, each)) for each in range(number % 3)]
        ends[0].send(b"x" * (number * 7_919), *given)

    await ends[1].heard(40)

    for number, descriptors in enumerate(ends[1].descriptors):
        contents = [os.read(descriptor, 100) for descriptor in descriptors]
        assert contents == [b"%d %d" % (number, each) for each in range(number % 3)]
        for descriptor in descriptors:
            assert not os.get_inheritable(descriptor)
            os.close(descriptor)


async def test_both_ends_may_speak_at_once(ends: tuple[End, End]) -> None:
    for number in range(50):
        for end in ends:
            end.send(b"%d" % number * 20_000)

    for end in ends:
        await end.heard(50)
        assert end.messages == [b"%d" % number * 20_000 for number in range(50)]


async def test_what_was_sent_is_closed_here(ends: tuple[End, End]) -> None:
    read_end, write_end = os.pipe()

    ends[0].send(b"take it", read_end)
    await ends[1].heard(1)
    os.close(ends[1].descriptors[0][0])

    with pytest.raises(BrokenPipeError):
        os.write(write_end, b"is nobody there?")
    os.close(write_end)


async def test_the_last_words_are_heard_before_the_end(ends: tuple[End, End]) -> None:
    ends[0].send(b"a" * 1_000_000)
    ends[0].send(b"good-bye")
    assert ends[0].channel is not None
    async with asyncio.timeout(30):
        await ends[0].channel.drained()
    ends[0].channel.close()

    async with asyncio.timeout(30):
        await ends[1].ended.wait()

    assert ends[1].messages[-1] == b"good-bye"
    assert not ends[0].ended.is_set()  # who closes knows


async def test_what_nobody_takes_is_counted_and_then_given_up(ends: tuple[End, End]) -> None:
    left, right = ends
    assert left.channel is not None
    assert right.channel is not None
    right.channel.close()
    read_end, write_end = os.pipe()

    left.send(b"to nobody", read_end)
    left.send(b"again" * 100_000)

    async with asyncio.timeout(30):
        await left.ended.wait()
        await left.channel.drained()
    with pytest.raises(BrokenPipeError):
        os.write(write_end, b"is nobody there?")
    os.close(write_end)


async def test_a_slow_reader_makes_bytes_wait_here(ends: tuple[End, End]) -> None:
    left = ends[0].channel
    assert left is not None

    ends[0].send(b"x" * 5_000_000)

    assert left.waiting > 1_000_000
    await ends[1].heard(1)
    async with asyncio.timeout(30):
        await left.drained()
    assert left.waiting == 0

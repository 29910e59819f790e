"""A relayed connection: everything arrives, on both sides, and both end together."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from appliance.front_door import Handed
from appliance.workers.relay import Relay


@dataclass
class Relayed:
    """A relay between a client and a far end, both of whom are streams here."""

    client: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    far: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    relay: Relay
    ended: list[Handed] = field(default_factory=list)


@pytest.fixture
async def relayed() -> AsyncIterator[Relayed]:
    """One whose far end had spoken before it was connected."""
    client, held = socket.socketpair()
    through, far = socket.socketpair()
    far.sendall(b"early")
    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(asyncio.Protocol, held)
    ended: list[Handed] = []
    relay = Relay(transport, through, ended.append)
    made = Relayed(await asyncio.open_connection(sock=client), await asyncio.open_connection(sock=far), relay, ended)
    yield made
    for _, writer in (made.client, made.far):
        writer.close()
    async with asyncio.timeout(30):
        await relay.gone()


async def test_what_the_far_end_says_before_it_is_connected_arrives(relayed: Relayed) -> None:
    """Else an answer that comes at once is lost, and the client waits for it for ever."""
    assert await relayed.client[0].readexactly(5) == b"early"


async def test_megabytes_go_to_and_fro_unchanged(relayed: Relayed) -> None:
    content = bytes(range(256)) * 20_000
    await relayed.client[0].readexactly(5)

    for (_, writer), (reader, _) in ((relayed.client, relayed.far), (relayed.far, relayed.client)):
        writer.write(content)
        assert await reader.readexactly(len(content)) == content


async def test_a_side_that_does_not_read_is_not_read_for(relayed: Relayed) -> None:
    _, writer = relayed.far
    writer.write(b"x" * 50_000_000)
    await asyncio.sleep(0.5)  # far longer than it takes to pass on what is passed on

    assert writer.transport.get_write_buffer_size() > 40_000_000


@pytest.mark.parametrize("side", ["client", "far"])
async def test_both_sides_end_together_once_all_is_said(relayed: Relayed, side: str) -> None:
    await relayed.client[0].readexactly(5)
    sides = {"client": relayed.client, "far": relayed.far}
    _, writer = sides.pop(side)
    [(reader, other)] = sides.values()
    writer.write(b"last word")
    writer.close()

    assert await reader.read() == b"last word"
    other.close()
    async with asyncio.timeout(30):
        await relayed.relay.gone()
    assert relayed.ended == [relayed.relay]


async def test_a_relay_that_is_cut_ends_on_both_sides(relayed: Relayed) -> None:
    await relayed.client[0].readexactly(5)

    relayed.relay.cut()

    assert await relayed.client[0].read() == b""
    assert await relayed.far[0].read() == b""

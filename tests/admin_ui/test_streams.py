"""Event streams are bounded, and end with the server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import admin_ui
from appliance.actor import Actor
from appliance.errors import TooMany
from appliance.settings import Settings
from appliance.streams import Streams
from tests.admin_ui.hearing import desk_of, events, first, listening
from tests.builders import appliance
from tests.cast import ALICE, OLGA


async def test_an_account_has_so_many_windows_and_no_more(tmp_path: Path) -> None:
    people, screens = [OLGA, ALICE], admin_ui.blueprints
    async with (
        appliance(tmp_path / "data", people, admin=screens, event_streams_per_account=1, event_streams=2) as server,
        desk_of(server, ALICE) as alice,
        listening(alice) as told,
    ):
        await first(told)

        refused = await alice.client.get("/events", headers={"Accept": "application/json"})

        assert refused.status_code == 429
        assert refused.json()["limit"] == {"name": "event_streams_per_account", "value": "1"}
        async with desk_of(server, OLGA) as olga, listening(olga) as more:
            assert await first(more) == ("all", {})


async def test_streams_asked_for_at_once_are_counted_before_they_begin() -> None:
    streams = Streams(Settings(event_streams_per_account=2))
    alice = Actor(7, ALICE.email, "user")
    waiting = [streams.answer(alice, nothing()) for _ in range(2)]

    with pytest.raises(TooMany):
        streams.answer(alice, nothing())

    del waiting[0]  # its reader went before it began
    streams.answer(alice, nothing())


async def nothing() -> AsyncIterator[bytes]:
    for never in list[bytes]():
        yield never


async def test_streams_end_when_the_server_stops(tmp_path: Path) -> None:
    people, screens = [OLGA, ALICE], admin_ui.blueprints
    async with (
        appliance(tmp_path / "data", people, admin=screens) as server,
        desk_of(server, ALICE) as alice,
        alice.client.stream("GET", "/events") as answer,
    ):
        told = events(answer)
        await first(told)

        server.parts.streams.end()

        async with asyncio.timeout(30):
            assert [event async for event in told] == []

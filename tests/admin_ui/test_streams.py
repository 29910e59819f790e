"""Event streams are bounded, and end with the server."""

import asyncio
from pathlib import Path

import admin_ui
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

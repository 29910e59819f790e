"""Windows of the admin that listen to what changes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.admin_ui.desk import Desk
from tests.builders import Appliance
from tests.cast import Person

Told = AsyncIterator[tuple[str, Any]]


@asynccontextmanager
async def listening(desk: Desk, after: int | str = "") -> AsyncIterator[Told]:
    """The events a window of somebody gets."""
    async with desk.client.stream("GET", f"/events?after={after}") as answer:
        assert answer.status_code == 200
        yield events(answer)


async def events(answer: httpx.Response) -> Told:
    name = ""
    async for line in answer.aiter_lines():
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        elif key == "data":
            yield name, json.loads(value)


async def first(told: Told) -> tuple[str, Any]:
    async with asyncio.timeout(30):
        return await anext(told)


@asynccontextmanager
async def desk_of(server: Appliance, person: Person) -> AsyncIterator[Desk]:
    async with Desk.of(server, person) as desk:
        yield desk

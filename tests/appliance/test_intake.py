"""Uploads on their way in, over real sockets: whole and queued, or refused with nothing left of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance import sessions, tokens
from appliance.data_folder import DataFolder
from appliance.deploys import Deploys, NewDeploy
from appliance.errors import BadInput
from appliance.models.account import Account
from appliance.units import Size, Span
from tests.builders import Appliance, appliance, finished, page, zip_of
from tests.cast import ALICE, BOB, OLGA, Person

PEOPLE = (OLGA, ALICE, BOB)
ONE = zip_of({"index.html": page("one")})
MB = 1_000_000


@dataclass
class Sender:
    """Somebody who sends an upload byte by byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    async def chunk(self, content: bytes) -> None:
        """A chunk of a body without a stated length (RFC 9112 §7.1)."""
        await self.send(f"{len(content):x}\r\n".encode() + content + b"\r\n")

    async def answer(self) -> tuple[int, dict[str, Any]]:
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
            body = await self.reader.readexactly(int(fields[b"content-length"]))
        return int(head.split()[1]), json.loads(body)

    async def leave(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


@asynccontextmanager
async def sender(
    server: Appliance, length: int | None, person: Person = ALICE, site: str = "shop", token: str = ""
) -> AsyncIterator[Sender]:
    """An upload that has begun, with the person's token or another; without a length it is sent in chunks."""
    sent = Sender(*await asyncio.open_connection("127.0.0.1", server.port))
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    head = (
        f"POST /api/v1/sites/{site}/deploys HTTP/1.1",
        f"Host: localhost:{server.port}",
        f"Authorization: Bearer {token or server.tokens[person.email]}",
        "Content-Type: application/zip",
        size,
    )
    try:
        await sent.send("\r\n".join(head).encode() + b"\r\n\r\n")
        yield sent
    finally:
        await sent.leave()


@asynccontextmanager
async def shop(data: Path, **changes: Any) -> AsyncIterator[Appliance]:
    """A server with Alice's site."""
    async with appliance(data, PEOPLE, **changes) as server:
        async with server.client(ALICE) as client:
            (await client.post("/api/v1/sites", json={"name": "shop"})).raise_for_status()
        yield server


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def incoming(data: Path) -> list[str]:
    return [path.name for path in DataFolder(data).incoming.iterdir()]


async def deploys(server: Appliance) -> list[dict[str, Any]]:
    async with server.client(ALICE) as client:
        items: list[dict[str, Any]] = (await client.get("/api/v1/sites/shop/deploys")).json()["items"]
    return items


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0.01)


async def test_an_upload_in_chunks_is_taken(data: Path) -> None:
    async with shop(data) as server, sender(server, None) as sent, server.client(ALICE) as client:
        for start in range(0, len(ONE), 50):
            await sent.chunk(ONE[start : start + 50])
        await sent.chunk(b"")

        status, facts = await sent.answer()

        assert (status, facts["number"], facts["steps"][0]["done"]) == (202, 1, len(ONE))
        assert (await finished(client, facts["id"]))["state"] == "ready"


async def test_an_upload_of_many_pieces_arrives_as_it_was_sent(data: Path) -> None:
    big = bytes(range(256)) * 12_000  # 3 MB
    async with shop(data) as server, server.client(ALICE) as client:
        answer = await client.post(
            "/api/v1/sites/shop/deploys", params={"filename": "big.bin"}, content=big,
            headers={"content-type": "application/octet-stream"},
        )  # fmt: skip
        facts = await finished(client, answer.json()["id"])

        assert facts["steps"][0]["done"] == len(big)
        assert (await server.fetch("shop.localhost", "/big.bin")).content == big


async def test_a_larger_upload_is_refused_before_it_is_sent(data: Path) -> None:
    async with shop(data, upload_size=Size(MB)) as server, sender(server, MB + 1) as sent:
        status, problem = await sent.answer()

        assert (status, problem["code"]) == (413, "upload_too_large")
        assert problem["limit"] == {"name": "upload_size", "value": "1MB"}
        assert incoming(data) == []
        assert await deploys(server) == []


async def test_a_larger_upload_in_chunks_is_refused_as_soon_as_it_is_too_large(data: Path) -> None:
    async with shop(data, upload_size=Size(MB)) as server, sender(server, None) as sent:
        for _ in range(16):
            await sent.chunk(bytes(MB // 16))
        await sent.chunk(b"1")

        status, problem = await sent.answer()

        assert (status, problem["code"]) == (413, "upload_too_large")
        assert incoming(data) == []
        assert await deploys(server) == []


async def test_the_largest_upload_is_taken(data: Path) -> None:
    async with shop(data, upload_size=Size(len(ONE))) as server, sender(server, len(ONE)) as sent:
        await sent.send(ONE)

        assert (await sent.answer())[0] == 202


@pytest.mark.parametrize("length", [0, None])
async def test_an_empty_upload_is_refused(length: int | None, data: Path) -> None:
    async with shop(data) as server, sender(server, length) as sent:
        if length is None:
            await sent.chunk(b"")

        status, problem = await sent.answer()

        assert (status, problem["code"]) == (400, "empty_upload")
        assert incoming(data) == []
        assert await deploys(server) == []


@pytest.mark.parametrize("length", [2 * MB, None])
async def test_an_upload_that_stops_early_leaves_nothing(length: int | None, data: Path) -> None:
    async with shop(data) as server:
        async with sender(server, length) as sent:
            await (sent.send(bytes(MB)) if length else sent.chunk(bytes(MB)))
            await until(lambda: len(incoming(data)) == 1)

        await until(lambda: incoming(data) == [])
        assert await deploys(server) == []
        assert server.parts.deploys.under_way == {}


async def test_an_upload_that_arrived_whole_goes_its_way_without_its_sender(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept, accepting = Deploys.accept, asyncio.Event()

    async def slow_accept(self: Deploys, *arguments: Any) -> Any:
        accepting.set()
        await asyncio.sleep(0.3)
        return await accept(self, *arguments)

    monkeypatch.setattr(Deploys, "accept", slow_accept)
    async with shop(data) as server:
        async with sender(server, len(ONE)) as sent:
            await sent.send(ONE)
            await accepting.wait()

        async with asyncio.timeout(10):
            while not (there := await deploys(server)):  # noqa: ASYNC110 - another request makes it
                await asyncio.sleep(0.05)
        async with server.client(ALICE) as client:
            assert (await finished(client, there[0]["id"]))["live"]


async def test_an_upload_that_pauses_too_long_is_given_up(data: Path) -> None:
    async with shop(data, upload_timeout=Span(0.2)) as server, sender(server, MB) as sent:
        await sent.send(b"PK")

        status, problem = await sent.answer()

        assert (status, problem["code"]) == (400, "stalled")
        assert problem["limit"] == {"name": "upload_timeout", "value": "200ms"}
        assert incoming(data) == []
        assert await deploys(server) == []


async def test_no_more_uploads_at_once_than_allowed(data: Path) -> None:
    async with shop(data, uploads_at_once=1) as server:
        async with sender(server, len(ONE)) as first:
            await first.send(ONE[:10])
            await until(lambda: len(incoming(data)) == 1)
            async with sender(server, len(ONE)) as second:
                status, problem = await second.answer()
            await first.send(ONE[10:])
            taken, _ = await first.answer()
        async with sender(server, len(ONE)) as third:
            await third.send(ONE)
            after, _ = await third.answer()

        assert (status, problem["code"]) == (429, "too_many_uploads")
        assert problem["limit"] == {"name": "uploads_at_once", "value": "1"}
        assert (taken, after) == (202, 202)


async def test_an_upload_to_a_strangers_site_is_refused_before_it_is_sent(data: Path) -> None:
    async with shop(data) as server, sender(server, MB, BOB) as sent:
        status, problem = await sent.answer()

        assert (status, problem["code"]) == (404, "no_such_site")
        assert incoming(data) == []


async def test_an_operator_may_upload_to_anybodys_site(data: Path) -> None:
    async with shop(data) as server, sender(server, len(ONE), OLGA) as sent:
        await sent.send(ONE)

        status, facts = await sent.answer()

        assert (status, facts["author"]) == (202, OLGA.email)


async def test_a_site_removed_during_the_upload_leaves_nothing(data: Path) -> None:
    async with shop(data) as server, sender(server, len(ONE)) as sent:
        await sent.send(ONE[:10])
        await until(lambda: len(incoming(data)) == 1)
        async with server.client(ALICE) as client:
            await client.delete("/api/v1/sites/shop")
        await sent.send(ONE[10:])

        status, problem = await sent.answer()

        assert (status, problem["code"]) == (404, "no_such_site")
        assert incoming(data) == []
        assert server.parts.deploys.under_way == {}


@pytest.mark.parametrize("ending", ["token", "session", "account", "role"])
async def test_an_upload_ends_with_what_let_it_in(data: Path, ending: str) -> None:
    async with shop(data) as server, server.client(OLGA) as olga, server.client() as anybody:
        person = OLGA if ending == "role" else ALICE
        signed = await anybody.post("/api/v1/auth/sign-in", json={"email": person.email, "password": person.password})
        by_session = ending in {"session", "role"}
        async with sender(server, len(ONE), person, token=signed.json()["access_token"] if by_session else "") as sent:
            await sent.send(ONE[:10])
            await until(lambda: len(incoming(data)) == 1)
            actor = server.actors[ALICE.email]
            if ending == "token":
                await tokens.remove(actor, (await tokens.listing(actor, 1, 1))[0][0].id)
            elif ending == "session":
                await sessions.end_all(server.parts.access, actor.id)
            elif ending == "account":
                (await olga.patch(f"/api/v1/accounts/{actor.id}", json={"disabled": True})).raise_for_status()
            else:
                await Account.filter(email=OLGA.email).update(role="user")
            await sent.send(ONE[10:])

            status, problem = await sent.answer()

            assert (status, problem["code"]) == (401, "session_over" if by_session else "token_over")
            assert incoming(data) == []
            assert server.parts.deploys.under_way == {}


async def test_an_upload_there_is_no_room_for_is_told_to_come_later(data: Path) -> None:
    async with shop(data) as server:
        DataFolder(data).incoming.rmdir()
        async with sender(server, len(ONE)) as sent:
            await sent.send(ONE)

            status, problem = await sent.answer()

        assert (status, problem["code"]) == (503, "storage_failed")
        assert await deploys(server) == []
        DataFolder(data).create()


async def test_a_body_that_ends_before_its_stated_length_is_refused(data: Path) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield ONE[:10]

    async with shop(data) as server:
        with pytest.raises(BadInput) as refused:
            await server.parts.intake.receive(server.actors[ALICE.email], "shop", NewDeploy(), half(), len(ONE))

        assert refused.value.code == "cut_short"
        assert incoming(data) == []
        assert await deploys(server) == []

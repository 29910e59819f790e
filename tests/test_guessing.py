"""A password-guessing run against everything that takes a secret: it finds nothing, and nobody else notices."""

import asyncio
import base64
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.builders import Appliance, appliance, deployed, page, zip_of
from tests.cast import ALICE, BOB, OLGA

GUESSES = 60  # at each door, all at the same time
ATTEMPTS = 5  # that are looked at, then one has to wait
GATE = "the password of the gate"
OPEN, SHUT = page("open to all"), page("behind a gate")
TRIED = "guessed-password"  # what every wrong password begins with, to look for in the log

Answers = list[httpx.Response]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    people = (OLGA, ALICE, BOB)
    async with appliance(tmp_path / "data", people, sign_in_attempts=ATTEMPTS, gate_attempts=ATTEMPTS) as running:
        async with running.client(ALICE) as alice:
            await deployed(alice, "open", zip_of({"index.html": OPEN}))
            await deployed(alice, "shut", zip_of({"index.html": SHUT}))
            gate = {"covers": "everything", "password": GATE}
            (await alice.patch("/api/v1/sites/shut/gate", json=gate)).raise_for_status()
        yield running


def guess(number: int, right: str) -> str:
    """A wrong password; the last of them all is the right one."""
    return right if number == GUESSES - 1 else f"{TRIED}-{number}"


async def storm(server: Appliance, one: Callable[[httpx.AsyncClient, int], Awaitable[httpx.Response]]) -> Answers:
    """All guesses at once, the last a moment after the others."""
    limits = httpx.Limits(max_connections=GUESSES)
    base = f"http://localhost:{server.port}"
    async with httpx.AsyncClient(base_url=base, timeout=120, limits=limits) as client:
        first = await asyncio.gather(*(one(client, number) for number in range(GUESSES - 1)))
        return [*first, await one(client, GUESSES - 1)]


async def visited_meanwhile(server: Appliance, run: Awaitable[Answers]) -> Answers:
    """What the run came to; a visitor of another site comes by all the time, and is never told to wait."""
    guessing = asyncio.ensure_future(run)
    visits = 0
    while not guessing.done() or not visits:
        assert (await server.fetch("open.localhost")).text == OPEN
        visits += 1
    return await guessing


def looked_at(answers: Answers, refused: int) -> int:
    """How many guesses were looked at; every other one was told to wait, and for how long."""
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {refused, 429, 503}, statuses
    for answer in answers:
        assert answer.status_code == refused or int(answer.headers["retry-after"]) > 0
    return statuses[refused]


async def test_a_sign_in_is_not_guessed_and_others_sign_in(server: Appliance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.throttle.FIRST_WAIT", timedelta(minutes=5))  # a busy machine takes seconds for it

    async def one(client: httpx.AsyncClient, number: int) -> httpx.Response:
        return await client.post(
            "/api/v1/auth/sign-in", json={"email": ALICE.email, "password": guess(number, ALICE.password)}
        )

    answers = await visited_meanwhile(server, storm(server, one))

    assert looked_at(answers, 401) <= ATTEMPTS
    async with server.client() as client:
        bob = await client.post("/api/v1/auth/sign-in", json={"email": BOB.email, "password": BOB.password})
        assert bob.status_code == 200


@pytest.mark.parametrize("way", ["basic", "form"])
async def test_a_gate_is_not_guessed(server: Appliance, way: str) -> None:
    host = {"host": f"shut.localhost:{server.port}"}

    async def one(client: httpx.AsyncClient, number: int) -> httpx.Response:
        password = guess(number, GATE)
        if way == "form":
            return await client.post("/.dropdock/unlock", data={"password": password, "next": "/"}, headers=host)
        code = base64.b64encode(f"visitor:{password}".encode()).decode()
        return await client.get("/", headers={**host, "authorization": f"Basic {code}"})

    answers = await visited_meanwhile(server, storm(server, one))

    assert looked_at(answers, 401 if way == "basic" else 403) <= ATTEMPTS
    assert all(SHUT not in answer.text and "set-cookie" not in answer.headers for answer in answers)


def tokens() -> list[Callable[[str, httpx.AsyncClient], Awaitable[httpx.Response]]]:
    """Every door that takes a token in place of a password, with a token that nobody was given."""

    async def bearer(path: str, token: str, client: httpx.AsyncClient) -> httpx.Response:
        return await client.get(path, headers={"authorization": f"Bearer {token}"})

    return [
        lambda token, client: bearer("/api/v1/me", token, client),
        lambda token, client: bearer("/netlify/user", token, client),
        lambda token, client: bearer("/cloudflare/user", token, client),
        lambda token, client: client.get("/surge/account", auth=("token", token)),
        lambda token, client: client.post("/api/v1/auth/refresh", json={"refresh_token": token}),
    ]


async def test_no_token_is_guessed(server: Appliance) -> None:
    known = server.tokens[ALICE.email]

    async def one(client: httpx.AsyncClient, number: int) -> httpx.Response:
        prefix = known[: number % len(known)]  # the right beginning tells nothing either
        token = prefix + secrets.token_urlsafe(32)[len(prefix) :]
        return await tokens()[number % len(tokens())](token, client)

    answers = await visited_meanwhile(server, storm(server, one))

    assert {answer.status_code for answer in answers} == {401}


async def test_no_guess_gets_into_the_log(server: Appliance, capfd: pytest.CaptureFixture[str]) -> None:
    async with server.client() as client:
        await client.post("/api/v1/auth/sign-in", json={"email": ALICE.email, "password": f"{TRIED}-x"})
        await client.post("/.dropdock/unlock", data={"password": f"{TRIED}-y"}, headers={"host": "shut.localhost"})
        await client.get("/api/v1/me", headers={"authorization": f"Bearer {TRIED}-z"})

    said = capfd.readouterr()
    assert TRIED not in said.out + said.err

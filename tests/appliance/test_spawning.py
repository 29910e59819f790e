"""Programs that the server starts: they hold up nobody, say what they say, and end when nobody wants them any more."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from appliance import spawning
from appliance.spawning import spawn

ECHO = [sys.executable, "-c", "import sys; sys.stdout.write(sys.stdin.read().upper()); sys.exit(3)"]
WAITS = [sys.executable, "-c", "import sys; print('here', flush=True); sys.stdin.read()"]


def run(work: Callable[[], object]) -> None:
    """On the loop that the server has."""
    uvloop.run(asyncio.wait_for(work(), 60))  # type: ignore[arg-type]


def test_a_program_is_talked_to_and_ends_with_its_status() -> None:
    async def work() -> None:
        child = await spawn(ECHO)
        assert child.stdin
        assert child.stdout
        child.stdin.write(b"word " * 50_000)
        await child.stdin.drain()
        child.stdin.close()

        assert await child.stdout.read() == b"WORD " * 50_000
        assert await child.wait() == 3
        assert child.returncode == 3

    run(work)


def test_errors_belong_to_the_output_where_that_is_wanted() -> None:
    async def work() -> None:
        child = await spawn([sys.executable, "-c", "import sys; sys.stderr.write('oh')"], errors_too=True)
        assert child.stdout
        assert await child.stdout.read() == b"oh"
        await child.wait()

    run(work)


def test_a_program_that_is_not_there_is_an_error() -> None:
    async def work() -> None:
        with pytest.raises(FileNotFoundError):
            await spawn(["/nonexistent/program"])

    run(work)


def test_one_that_is_killed_has_the_signal_for_a_status() -> None:
    async def work() -> None:
        child = await spawn(WAITS)
        assert child.stdout
        assert await child.stdout.readline() == b"here\n"
        child.kill()
        assert await child.wait() == -9

    run(work)


def test_one_that_leads_a_session_is_in_none_of_ours() -> None:
    async def work() -> None:
        child = await spawn(WAITS, session=True)
        assert child.stdout
        await child.stdout.readline()
        assert os.getsid(child.pid) == child.pid
        child.kill()
        await child.wait()

    run(work)


def test_nothing_is_left_of_one_whose_start_nobody_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: Any, **options: Any) -> "subprocess.Popen[bytes]":
        started.append(subprocess.Popen(*words, **options))
        return started[-1]

    monkeypatch.setattr(spawning, "Popen", start)

    async def work() -> None:
        starting = asyncio.create_task(spawn(WAITS))
        await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        while not started or started[0].poll() is None:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)

    run(work)
    assert started[0].returncode == -signal.SIGKILL


def test_the_loop_goes_on_while_a_large_server_starts_a_program() -> None:
    ballast = bytearray(400_000_000)
    ballast[::4096] = b"x" * len(ballast[::4096])  # to copy its page tables takes 5 ms of the processor
    times, held_up = 5, []

    async def ticking() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            held_up.append(time.thread_time() - began)

    async def work() -> None:
        ticks = asyncio.create_task(ticking())
        for _ in range(times):
            child = await spawn(WAITS)
            child.kill()
            await child.wait()
        ticks.cancel()

    run(work)
    assert sorted(held_up)[-times] < 0.003

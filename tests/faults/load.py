"""Many visitors and many uploads at the same time, and the figures of a server that has them; none is judged here."""

import asyncio
import contextlib
import os
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import psutil

from tests.appliance.crashes import API
from tests.builders import Served, page, zip_of

ZIP = {"content-type": "application/zip"}
OVER = {"ready", "superseded"}  # of several uploads to one site that wait, only the newest is worked on
TURNED_AWAY = {429, 503}
PAUSE = 2.0  # seconds between two requests of a visitor, about
EVERY = 0.05  # seconds between two looks at memory and at how late this machine is
PATIENCE = 300.0  # seconds for everything to come to its end


@dataclass
class Figures:
    """What was seen."""

    visits: int = 0
    wrong: list[str] = field(default_factory=list)
    """What visitors got that was no answer."""
    refused: Counter[int] = field(default_factory=Counter)
    """Uploads turned away for a while, by status."""
    unsaid: int = 0
    """Of these, those that were not told when to come back."""
    states: Counter[str] = field(default_factory=Counter)
    """What the uploads came to."""
    memory: int = 0
    """Most bytes of the server's process, without those who build for it."""
    late: dict[float, int] = field(default_factory=dict)
    """How often the server's loop was late by more than so many seconds."""
    machine: float = 0.0
    """How late a process that did next to nothing was at the most, in seconds."""
    seconds: float = 0.0

    def __str__(self) -> str:
        late = ", ".join(f"{count} over {1000 * bound:.0f} ms" for bound, count in self.late.items() if count)
        return (
            f"{self.visits} visits, {len(self.wrong)} errors; uploads {dict(self.states)}, turned away "
            f"{dict(self.refused)}; {self.memory / 1e6:.0f} MB at the most; loop late: {late or 'never over 5 ms'}; "
            f"an idle process was late by up to {1000 * self.machine:.0f} ms; {self.seconds:.1f} s"
        )


async def put_load(server: Served, token: str, *, visitors: int, uploads: int, sites: int, largest: int) -> Figures:
    """Let so many visitors stay connected while uploads of 1 KB to `largest` bytes all come at once."""
    figures = Figures()
    chance = random.Random(11)
    names = [f"site{number}" for number in range(sites)]
    sizes = [int(1000 * (largest / 1000) ** chance.random()) for _ in range(uploads)]
    bodies = [zip_of({"index.html": page(str(size)), "rest.bin": os.urandom(size)}) for size in sizes]
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=uploads, max_keepalive_connections=uploads)
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=PATIENCE, limits=limits) as client:
        await asyncio.gather(*(_begin(client, name) for name in names))
        before = await _late(server)
        began = time.monotonic()
        async with _crowd(server, figures, names, visitors), _watching(server, figures):
            every = (_upload(client, names[n % sites], body, figures) for n, body in enumerate(bodies))
            await asyncio.gather(*every)
        figures.seconds = time.monotonic() - began
        after = await _late(server)
    figures.late = {bound: after[bound] - before[bound] for bound in after}
    return figures


async def _begin(client: httpx.AsyncClient, site: str) -> None:
    (await client.post(f"{API}/sites", json={"name": site})).raise_for_status()
    await _upload(client, site, zip_of({"index.html": page(site)}), Figures())


async def _upload(client: httpx.AsyncClient, site: str, body: bytes, figures: Figures) -> None:
    """Send it, again and again where the server says that it has no time, until it is a deploy that is over."""
    while True:
        answer = await client.post(f"{API}/sites/{site}/deploys", content=body, headers=ZIP)
        if answer.status_code not in TURNED_AWAY:
            break
        figures.refused[answer.status_code] += 1
        figures.unsaid += "Retry-After" not in answer.headers
        await asyncio.sleep(float(answer.headers.get("Retry-After", "1")) * random.uniform(0.2, 1))
    deploy = answer.raise_for_status().json()["id"]
    while True:
        state = (await client.get(f"{API}/deploys/{deploy}")).raise_for_status().json()["state"]
        if state not in {"queued", "working"}:
            figures.states[state] += 1
            return
        await asyncio.sleep(random.uniform(0.3, 1))


@contextlib.asynccontextmanager
async def _crowd(server: Served, figures: Figures, sites: list[str], count: int) -> AsyncIterator[None]:
    """So many visitors, each on a connection of its own, all connected before the block begins."""
    inside = asyncio.Semaphore(0)
    over = asyncio.Event()
    every = [asyncio.create_task(_visit(server, figures, sites[n % len(sites)], inside, over)) for n in range(count)]
    for _ in every:
        await asyncio.wait_for(inside.acquire(), PATIENCE)
    try:
        yield
    finally:
        over.set()
        await asyncio.gather(*every)


async def _visit(server: Served, figures: Figures, site: str, inside: asyncio.Semaphore, over: asyncio.Event) -> None:
    sent = f"GET / HTTP/1.1\r\nHost: {site}.localhost:{server.port}\r\n\r\n".encode()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            while not over.is_set():
                writer.write(sent)
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
                length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
                body = await asyncio.wait_for(reader.readexactly(int(length[1]) if length else 0), 60)
                figures.visits += 1
                if not head.startswith(b"HTTP/1.1 200 ") or b"</html>" not in body:
                    figures.wrong.append(f"{site}: {head[:60]!r}")
                inside.release()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), PAUSE * random.uniform(0.5, 1.5))
        finally:
            writer.close()
            await writer.wait_closed()
    except (OSError, EOFError, TimeoutError) as error:
        figures.wrong.append(f"{site}: {error!r}")
        inside.release()


@contextlib.asynccontextmanager
async def _watching(server: Served, figures: Figures) -> AsyncIterator[None]:
    """Look at the server's memory until the block ends, from a thread that does nothing else."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()

    def watch() -> None:
        process = psutil.Process(server.process.pid)
        while not over.is_set():
            figures.memory = max(figures.memory, process.memory_info().rss)
            time.sleep(EVERY)

    meter = await asyncio.create_subprocess_exec("python3", "-c", METER, stdout=asyncio.subprocess.PIPE)
    watching = loop.run_in_executor(None, watch)
    try:
        yield
    finally:
        over.set()
        await watching
        meter.terminate()
        said, _ = await meter.communicate()
        figures.machine = float(said)


METER = f"""
import signal, sys, time
longest = 0.0
def end(*_):
    print(longest)
    sys.exit()
signal.signal(signal.SIGTERM, end)
while True:
    due = time.monotonic() + {EVERY}
    time.sleep({EVERY})
    longest = max(longest, time.monotonic() - due)
"""


async def _late(server: Served) -> dict[float, int]:
    """How often the loop was late by more than each bound, since the server started."""
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        text = (await client.get(f"http://127.0.0.1:{server.port}/metrics", headers={"host": "localhost"})).text
    found = re.findall(r'dropdock_loop_late_seconds_bucket\{le="([^"]+)"\} (\S+)', text)
    counts = {float(bound): int(float(count)) for bound, count in found}
    everything = counts.pop(float("inf"))
    return {bound: everything - count for bound, count in counts.items()}

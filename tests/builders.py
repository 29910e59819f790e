"""Builders for archives, settings, servers and clients, so that a test says only what it is about."""

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import psutil

from appliance import accounts, greeting, server, tokens
from appliance.accounts import NewAccount
from appliance.actor import Actor
from appliance.deploys.values import FINISHED
from appliance.parts import Parts
from appliance.passwords import Passwords
from appliance.settings import Settings
from appliance.units import Address
from tests.cast import OLGA, QUICK, Person
from tests.fresh import lay_database

ROOT = Path(__file__).parents[1]
MAIN = ROOT / "main.py"
EAGER_REFINERY = """
import sys
root, blobs = sys.argv[1:]
sys.path.insert(0, root)
from builds import refine
refine.step_back = lambda: None  # on a busy machine it would hardly get a turn
import main
main.main(["internal", "refine", blobs])
"""
WHEN_ASKED = """
import os, select, sys
plans = select.poll()
plans.register(0, select.POLLIN)
[(_, event)] = plans.poll()
if event & select.POLLIN:
    os.execv(sys.argv[1], sys.argv[1:])
"""
WORKER = [sys.executable, str(MAIN), "internal", "worker"]

Files = Mapping[str, str | bytes]


def zip_of(files: Files) -> bytes:
    """A ZIP archive holding these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def tar_of(files: Files, compression: str = "") -> bytes:
    """A tar archive holding these files; compression is "" or "gz"."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz" if compression else "w:") as archive:
        for path, content in files.items():
            stored = content.encode() if isinstance(content, str) else content
            header = tarfile.TarInfo(path)
            header.size = len(stored)
            archive.addfile(header, io.BytesIO(stored))
    return buffer.getvalue()


def page(text: str) -> str:
    """A whole small HTML page."""
    return f"<!doctype html><html lang=en><title>{text}</title><body><h1>{text}</h1></body></html>"


def folder_of(root: Path, files: Files) -> Path:
    """Write these files below a folder."""
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def settings_for(data: Path, **changes: Any) -> Settings:
    """Settings for a test: everything in `data`, any free port on loopback, files served byte for byte as uploaded."""
    quiet = Settings(data=data, listen=Address("127.0.0.1", 0), force_minify="off", best_variants=False)
    return replace(quiet, **changes)


@dataclass(frozen=True)
class Appliance:
    """A server inside this test, with a client for its admin host and the people it was asked for."""

    running: server.Running
    actors: dict[str, Actor]
    tokens: dict[str, str]

    @property
    def parts(self) -> Parts:
        return self.running.parts

    @property
    def port(self) -> int:
        return self.running.ways.plain.port

    def client(self, person: Person | None = None) -> httpx.AsyncClient:
        """A client of the API, signed in with a personal token or not at all."""
        headers = {"authorization": f"Bearer {self.tokens[person.email]}"} if person else {}
        return httpx.AsyncClient(base_url=f"http://localhost:{self.port}", headers=headers, timeout=30)

    async def fetch(self, host: str, path: str = "/", **options: Any) -> httpx.Response:
        """What a visitor of a host gets."""
        async with httpx.AsyncClient(timeout=30) as client:
            url = f"http://127.0.0.1:{self.port}{path}"
            headers = {"host": f"{host}:{self.port}", **options.pop("headers", {})}
            return await client.get(url, headers=headers, **options)


def no_admin(_: Parts) -> Sequence[Any]:
    """A server without the web admin."""
    return []


def build_command_for(data: Path) -> list[str]:
    """What starts a build child of the server on this data folder."""
    return [sys.executable, str(MAIN), "internal", "build", str(data / "blobs")]


def when_asked(command: Sequence[str]) -> list[str]:
    """What becomes this command once something is said to it, and ends where nothing is.

    Most servers of tests get no upload, and each starts a build child ahead: 0.25 s of a processor, with this 0.02.
    """
    if sys.platform == "win32":  # which has no `poll`
        return list(command)
    return [sys.executable, "-I", "-S", "-c", WHEN_ASKED, *command]


@asynccontextmanager
async def appliance(
    data: Path, people: Sequence[Person] = (OLGA,), *, before: Appliance | None = None, **changes: Any
) -> AsyncIterator[Appliance]:
    """A whole server in this event loop, with accounts and personal tokens for these people.

    With `before`, a server that ran on the same data, the people are those it had. `changes` are settings, or `admin`,
    `build_command`, `worker_command` and `refine_command` of the program.
    """
    build_command = changes.pop("build_command", when_asked(build_command_for(data)))
    git_command = [sys.executable, str(MAIN), "internal", "clone"]
    worker_command = changes.pop("worker_command", WORKER)
    refine_command = changes.pop(
        "refine_command", [sys.executable, "-c", EAGER_REFINERY, str(ROOT), str(data / "blobs")]
    )
    program = server.Program(changes.pop("admin", no_admin), build_command, git_command, worker_command, refine_command)
    lay_database(data)
    async with server.running(settings_for(data, **changes), program) as running:
        if before is not None:
            yield replace(before, running=running)
        else:
            yield Appliance(running, *await _settle(running.parts, people))


async def _settle(parts: Parts, people: Sequence[Person]) -> tuple[dict[str, Actor], dict[str, str]]:
    access = replace(parts.access, passwords=Passwords(QUICK))  # hashed so, a password is proved and made anew as ever
    actors, secrets = {}, {}
    for person in sorted(people, key=lambda p: p.role != "operator"):
        facts = await accounts.create(access, None, NewAccount(person.email, person.role, person.password))
        actors[person.email] = Actor(facts.id, facts.email, facts.role)
        secrets[person.email] = (await tokens.create(actors[person.email], "test")).token
    return actors, secrets


async def deployed(client: httpx.AsyncClient, site: str, archive: bytes, **query: str) -> dict[str, Any]:
    """Upload an archive and wait until the deploy is finished; the site is made where it is missing."""
    return await finished(client, (await uploaded(client, site, archive, **query))["id"])


async def uploaded(client: httpx.AsyncClient, site: str, archive: bytes, **query: str) -> dict[str, Any]:
    """Upload an archive, and no more; the site is made where it is missing."""
    if (await client.get(f"/api/v1/sites/{site}")).status_code == 404:
        (await client.post("/api/v1/sites", json={"name": site})).raise_for_status()
    answer = await client.post(
        f"/api/v1/sites/{site}/deploys", params=query, content=archive, headers={"content-type": "application/zip"}
    )
    facts: dict[str, Any] = answer.raise_for_status().json()
    return facts


async def finished(client: httpx.AsyncClient, deploy: str) -> dict[str, Any]:
    """The deploy once nothing more will happen by itself: it is finished, or asks."""
    async with asyncio.timeout(60):
        while True:
            facts: dict[str, Any] = (await client.get(f"/api/v1/deploys/{deploy}")).raise_for_status().json()
            if facts["state"] in {*FINISHED, "asking"}:
                return facts
            await asyncio.sleep(0.02)


@dataclass(frozen=True)
class Served:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    set_up_link: str | None
    said: str

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def stop(self) -> int:
        """Ask it to stop and wait; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)

    def kill(self) -> None:
        """End it without warning."""
        self.process.kill()
        self.process.wait(15)


SOURCE = (sys.executable, str(MAIN))  # the program, run from its source tree


@contextmanager
def served(
    data: Path,
    *options: str,
    environment: Mapping[str, str] | None = None,
    program: Sequence[str] = SOURCE,
    minify: str = "off",
) -> Iterator[Served]:
    """`program serve` in a process of its own until the block ends; its log lines go to `<data>.log`.

    Files are served byte for byte as uploaded, unless `minify` (the setting `force_minify`) says otherwise; no
    better forms are made in the background.
    """
    lay_database(data)
    command = [*program, "serve", "--data", str(data), *options]
    if "--listen" not in options:
        command += ["--listen", "127.0.0.1:0"]
    with Path(f"{data}.log").open("a") as log:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={
                **os.environ,
                "DROPDOCK_FORCE_MINIFY": minify,
                "DROPDOCK_BEST_VARIANTS": "false",
                **(environment or {}),
            },
        )
    try:
        yield _await_start(process, Path(f"{data}.log"))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout:
            process.stdout.close()


def _await_start(process: subprocess.Popen[str], log: Path) -> Served:
    said = ""
    for line in process.stdout or ():
        said += line
        if greeting.LAST_LINE in line:
            break
    admin = re.search(r"Admin +https?://[^:/]+:?(\d*)/", said)
    if admin is None:
        raise AssertionError(f"the server did not start: {said}\n{log.read_text()}")
    link = re.search(r"http://\S+/setup\?token=\S+", said)
    return Served(process, int(admin[1] or _port_of(process)), link[0] if link else None, said)


def _port_of(process: subprocess.Popen[str]) -> int:
    """The port listened on, where the address people see does not say it: they come by a proxy's."""
    connections = psutil.Process(process.pid).net_connections("tcp")
    return next(int(one.laddr.port) for one in connections if one.status == psutil.CONN_LISTEN)

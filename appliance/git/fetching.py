"""Fetch a repository in a child process: the job goes in by standard input, an archive comes out."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from appliance.errors import BadInput, Busy, Limit, Problem
from appliance.settings import Settings, written
from appliance.spawning import Spawned, spawn

PASSED_ON = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT", "LANG", "TMPDIR")  # of our environment
PAUSE = 30.0  # seconds without a byte from a Git host, after which it is given up

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to fetch: `branch` "" for the repository's own choice, `folder` "" for all of it."""

    url: str
    branch: str
    folder: str
    username: str
    token: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched: the branch, its newest commit and the first line of that one's message."""

    branch: str
    commit: str
    message: str


async def fetch(settings: Settings, command: Sequence[str], wanted: Wanted, archive: Path) -> Fetched:
    """Have the child write `archive`. BadInput with the reason when it cannot, or takes longer than git_timeout."""
    job = {
        **asdict(wanted),
        "archive": str(archive),
        "size": int(settings.git_size),
        "unpacked": int(settings.unpacked_size),
        "pause": PAUSE,
        "allowed": [str(network) for network in settings.git_networks],
        "limits": {name: written(getattr(settings, name)) for name in ("git_size", "unpacked_size")},
    }
    child = await spawn(command, env={name: os.environ[name] for name in PASSED_ON if name in os.environ}, session=True)
    try:
        async with asyncio.timeout(settings.git_timeout):
            said = await _ask(child, json.dumps(job).encode() + b"\n")
    except TimeoutError:
        limit = Limit("git_timeout", written(settings.git_timeout))
        sentence = f"The repository took longer to fetch than {limit.value} (git_timeout)."
        raise BadInput(sentence, code="timed_out", limit=limit) from None
    finally:
        await _end(child)
    return _read(said, child.returncode)


async def _ask(child: Spawned, job: bytes) -> bytes:
    """Give it the job; all that it says until it ends."""
    if child.stdin is None or child.stdout is None:
        raise AssertionError("both were asked to be pipes")
    with suppress(BrokenPipeError, ConnectionResetError):  # it died: its status says so
        child.stdin.write(job)
        await child.stdin.drain()
    child.stdin.close()
    said = await child.stdout.read()
    await child.wait()
    return said


def _read(said: bytes, status: int | None) -> Fetched:
    try:
        answer = json.loads(said)
    except ValueError:
        log.error("git_child_failed", status=status)  # noqa: TRY400 - the trace says nothing, the child's own does
        raise Busy("The repository could not be fetched: the server's log says why.", code="fetch_failed") from None
    if "error" in answer:
        problem: Problem = BadInput(answer["error"]["detail"], code=answer["error"]["code"])
        raise problem
    return Fetched(answer["branch"], answer["commit"], answer["message"])


async def _end(child: Spawned) -> None:
    if child.returncode is None:
        if sys.platform == "win32":
            child.kill()
        else:
            with suppress(ProcessLookupError):  # it ended just now
                os.killpg(child.pid, signal.SIGKILL)
        await child.wait()

"""Following a deploy as it goes: where it stands at each change, and its log line by line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from appliance.actor import Actor
from appliance.deploys import DeployFacts
from appliance.errors import NotFound
from appliance.jobs import Jobs
from appliance.progress import LogLine, Progress

PAUSE = 0.1  # seconds between two looks at what goes on: it changes faster than anybody reads, and looking takes work


@dataclass(frozen=True, slots=True)
class LogPart:
    """Lines of a deploy's log; `after` is how many came before them."""

    after: int
    lines: list[LogLine]


async def follow(jobs: Jobs, actor: Actor, deploy: str, after: int = 0) -> AsyncIterator[DeployFacts | LogPart]:
    """The deploy and its log from line `after` on, now and as they change, until it is finished, or gone.

    Changes that follow each other closely are told together, the end at once. What there is to know of a finished
    deploy is told before this ends, its log first.
    """
    shown: int | None = None
    while True:
        progress = jobs.deploys.under_way.get(deploy)
        change, revision = (progress.next_change(), progress.revision) if progress else (None, None)
        facts = None
        if shown is None or revision != shown:
            try:
                facts = await jobs.deploys.get(actor, deploy)
            except NotFound:
                return
        lines = await jobs.lines(deploy)
        if len(lines) > after:
            yield LogPart(after, lines[after:])
            after = len(lines)
        if facts is not None:
            yield facts
        if change is None or (facts is not None and facts.is_finished):
            return
        shown = revision
        await change.wait()
        await _pause(progress)


async def _pause(progress: Progress | None) -> None:
    """Let some time pass, or what is left until its end."""
    if progress is not None:
        with suppress(TimeoutError):
            await asyncio.wait_for(progress.over.wait(), PAUSE)

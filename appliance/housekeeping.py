"""What goes on beside requests: uploads become deploys, these expire, repositories are fetched, the old is removed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Protocol

from appliance import audit
from appliance.chores import Doing, chores_of
from appliance.data_folder import DataFolder
from appliance.deploys import Cleaning, Retention, Rules
from appliance.now_and_then import NowAndThen
from appliance.parts import Parts
from appliance.refining import Refining

DAILY = 86_400.0  # seconds
OFTEN = 3600.0  # seconds, at most, between two rounds: what they remove is kept for hours


class Keeper(Protocol):
    """Something that goes on between a start and a stop."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End."""


async def keep_house(
    stack: AsyncExitStack,
    parts: Parts,
    folder: DataFolder,
    refine_command: Sequence[str],
    background_command: Sequence[str],
) -> None:
    """Begin all of it; the stack stops it, but for the jobs.

    `refine_command` starts what makes better forms, `background_command` what does chores; without, there are none.
    """
    await parts.jobs.start()
    settings = parts.settings
    pending = Cleaning(folder, parts.contents, settings.pending_age)
    retention = Retention(Rules.of(settings), parts.withdrawing, parts.allowance.plans)
    keepers: tuple[Keeper, ...] = (
        parts.withdrawing,
        parts.git.redeploy,
        NowAndThen("pending content", _while_there(folder, pending.clean), _often(settings.pending_age)),
        NowAndThen("old deploys", retention.apply, OFTEN),
        NowAndThen("deleted sites", parts.removals.end_due, _often(settings.keep_deleted)),
        NowAndThen("usage", _while_there(folder, parts.allowance.usage.settle), OFTEN),
        NowAndThen("questions", parts.jobs.end_questions, _often(settings.question_age)),
        NowAndThen("audit log", partial(audit.prune, parts.access.now, settings.audit_age), DAILY),
        NowAndThen("temporary folder", parts.isolation.clear_away, DAILY),
        Refining(settings, folder, parts.publishing, parts.jobs.is_busy, refine_command, parts.jobs.work),
        parts.sweeping,
        *(Doing(chore, background_command) for chore in chores_of(settings, folder) if background_command),
    )
    for keeper in keepers:
        await keeper.start()
        stack.push_async_callback(keeper.stop)


def _while_there(folder: DataFolder, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """The work, which is left for the next round while the folder is not there."""

    async def do() -> None:
        if await asyncio.to_thread(folder.is_there):
            await work()

    return do


def _often(age: float) -> float:
    """How many seconds apart to look for what is older than this."""
    return max(1.0, min(OFTEN, age / 4)) if age else OFTEN

"""Deploy sites from their repositories: fetch, then hand the archive on like any other upload.

One fetch of a branch runs at a time; what is asked for meanwhile is done once more after it, with the newest commit
then. So however often somebody pushes, at most two fetches of a branch are owed.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from appliance import accounts, audit, sites
from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.deploys import NewDeploy, label_of, new_id
from appliance.errors import Forbidden, Problem
from appliance.git.fetching import Fetched, Wanted, fetch
from appliance.git.sources import SourceFacts, Sources
from appliance.intake import Intake
from appliance.models.git import GitSource
from appliance.sealing import Unreadable
from appliance.settings import Settings

PIECE = 256 * 1024  # bytes read at a time from a fetched archive

log = structlog.get_logger(__name__)


class Redeploy:
    """Fetches under way. Used on the event loop only."""

    def __init__(
        self, settings: Settings, folder: DataFolder, command: Sequence[str], sources: Sources, intake: Intake
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._command = command
        self._sources = sources
        self._intake = intake
        self._turns = asyncio.Semaphore(settings.git_at_once)
        self._running: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._again: set[tuple[int, str]] = set()

    async def start(self) -> None:
        """Say of fetches that a stop cut short that they failed."""
        cut_short = GitSource.filter(state="fetching")
        await cut_short.update(state="failed", detail="The server stopped while it was fetching: deploy again.")

    async def stop(self) -> None:
        """End every fetch."""
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def request(self, actor: Actor, site: str, branch: str = "") -> SourceFacts:
        """Have a site deployed from its repository: what goes live for "", else a preview of the branch. NotFound."""
        row = await self._sources.row(await sites.find(actor, site))
        self.begin(row, "" if branch == row.branch else branch)
        await GitSource.filter(site_id=row.site_id).update(state="fetching", detail="", changed_at=datetime.now(UTC))
        await audit.record(actor, "git.deploy", row.site, branch=branch or row.branch)
        return await self._sources.get(actor, site)

    def begin(self, source: GitSource, branch: str) -> None:
        """Fetch a branch as soon as its turn comes, or once more when it is being fetched."""
        key = (source.site_id, branch)
        if key in self._running:
            self._again.add(key)
            return
        task = self._running[key] = asyncio.create_task(self._run(key))
        task.add_done_callback(lambda _: self._running.pop(key, None))

    async def _run(self, key: tuple[int, str]) -> None:
        again = True
        while again:
            self._again.discard(key)
            async with self._turns:
                await self._once(*key)
            again = key in self._again

    async def _once(self, site: int, branch: str) -> None:
        source = await GitSource.get_or_none(site_id=site).select_related("site")
        if source is None:
            return  # taken away meanwhile
        await _note(site, state="fetching", detail="")
        try:
            fetched, deploy = await self._deploy(source, branch)
        except Problem as problem:
            await _note(site, state="failed", detail=problem.detail[:1000])
        except Unreadable as error:
            await _note(site, state="failed", detail=f"{error} Give the token again.")
        except OSError:
            log.exception("git_deploy_failed", site=source.site.name)
            await _note(site, state="failed", detail="The server could not store what it fetched: its log says why.")
        else:
            await _note(site, state="done", fetched_branch=fetched.branch, commit=fetched.commit, deploy=deploy)

    async def _deploy(self, source: GitSource, branch: str) -> tuple[Fetched, str]:
        actor = await accounts.acting(source.account_id or 0, via="git")
        if actor is None:
            raise Forbidden("The account that set this repository may not act any more: set it again.")
        archive = self._folder.work / f"git-{new_id()}.tar"
        token = self._sources.token_of(source)
        wanted = Wanted(source.url, branch or source.branch, source.folder, source.username, token)
        try:
            fetched = await fetch(self._settings, self._command, wanted, archive)
            new = NewDeploy(
                message=fetched.message,
                filename="repository.tar",
                branch=fetched.branch[:255],
                commit=fetched.commit,
                source="git",
                alias=label_of(fetched.branch, source.site.name) if branch else "",
            )
            size = (await asyncio.to_thread(archive.stat)).st_size
            made = await self._intake.receive(actor, source.site.name, new, _pieces(archive), size)
        finally:
            await asyncio.to_thread(archive.unlink, missing_ok=True)
        return fetched, made.id


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


async def _note(site: int, **values: Any) -> None:  # noqa: ANN401 - columns of the row
    await GitSource.filter(site_id=site).update(changed_at=datetime.now(UTC), **values)

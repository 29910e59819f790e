"""Receive an upload: straight to disk, within limits, then into the queue."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import structlog

from appliance import sites
from appliance.actor import Actor
from appliance.allowance import Allowance
from appliance.building import check_answer
from appliance.data_folder import DataFolder
from appliance.deploys import DeployFacts, Deploys, NewDeploy
from appliance.errors import BadInput, Busy, Limit, TooLarge, TooMany, not_stored
from appliance.jobs import Jobs
from appliance.models.site import Site
from appliance.pauses import next_piece
from appliance.progress import Progress
from appliance.settings import Settings

log = structlog.get_logger(__name__)

PIECE = 1024 * 1024  # bytes gathered before a thread writes them: a hop to a thread costs more than small writes
COME_BACK = 10  # seconds: as long as most uploads take


class Intake:
    """Uploads being received. Nothing of one is kept unless it arrived whole."""

    def __init__(
        self, settings: Settings, folder: DataFolder, deploys: Deploys, jobs: Jobs, allowance: Allowance
    ) -> None:
        self._allowance = allowance
        self._settings = settings
        self._folder = folder
        self._deploys = deploys
        self._jobs = jobs
        self._open = 0
        self._accepting: set[asyncio.Task[DeployFacts]] = set()  # the loop itself keeps no hold of its tasks

    async def receive(
        self, actor: Actor, site: str, new: NewDeploy, body: AsyncIterator[bytes], declared: int | None
    ) -> DeployFacts:
        """Store an upload and queue it; `declared` is its size in bytes, where the sender said so.

        Raises NotFound, TooLarge (upload_size, or the owner's plan), TooMany (uploads_at_once), Busy (no room to store
        it), BadInput when it stops early.
        """
        row = await sites.find(actor, site)
        check_answer(new.build)
        known = await self._deploys.expected(actor, row, new)
        if known is not None:
            return known
        self._check_size(declared or 0)
        await self._allowance.check_upload(row.owner_id, declared or 0)
        await self._allowance.check(row.owner_id)
        self._check_busy()
        self._open += 1
        try:
            await self._jobs.expect(declared, sites.options_of(row))
            return await self._receive(actor, row, new, body, declared)
        finally:
            self._open -= 1

    async def _receive(
        self, actor: Actor, site: Site, new: NewDeploy, body: AsyncIterator[bytes], declared: int | None
    ) -> DeployFacts:
        progress = Progress()
        path = self._folder.incoming / new.id
        try:
            size = await self._write(path, body, progress, declared)
            _check_complete(size, declared)
            await self._allowance.check_upload(site.owner_id, size)
        except OSError as error:
            _discard(path)
            raise _no_room(error) from error
        except BaseException:
            _discard(path)
            raise
        progress.step("receive", size, size)
        accepting = asyncio.create_task(self._accept(actor, site.name, new, progress))
        self._accepting.add(accepting)
        accepting.add_done_callback(self._accepting.discard)
        return await asyncio.shield(accepting)  # it goes its way, whether or not the sender waits for the answer

    async def _accept(self, actor: Actor, site: str, new: NewDeploy, received: Progress) -> DeployFacts:
        try:
            facts = await self._deploys.accept(actor, site, new, received)
        except BaseException:
            _discard(self._folder.incoming / new.id)
            raise
        if facts.id == new.id:
            await self._jobs.accept(new.id)
        else:  # another request with the same key was faster
            _discard(self._folder.incoming / new.id)
        return facts

    async def _write(self, path: Path, body: AsyncIterator[bytes], progress: Progress, declared: int | None) -> int:
        size = waiting = 0
        pieces: list[bytes] = []
        with await asyncio.to_thread(path.open, "xb") as file:
            progress.step("receive", 0, declared or 0)
            while chunk := await next_piece(body, self._settings):
                size += len(chunk)
                self._check_size(size)
                pieces.append(chunk)
                waiting += len(chunk)
                if waiting >= PIECE:
                    await _flush(file, pieces)
                    waiting = 0
            await _flush(file, pieces)
        return size

    def _check_size(self, size: int) -> None:
        if size > self._settings.upload_size:
            limit = Limit("upload_size", str(self._settings.upload_size))
            raise TooLarge(
                f"The upload is larger than the {limit.value} this server takes (upload_size): send less, or ask its "
                "operator to raise the limit.",
                code="upload_too_large",
                limit=limit,
            )

    def _check_busy(self) -> None:
        if self._open >= self._settings.uploads_at_once:
            limit = Limit("uploads_at_once", str(self._settings.uploads_at_once))
            raise TooMany(
                "Too many uploads are being received: try again in a moment.",
                retry_after=COME_BACK,
                code="too_many_uploads",
                limit=limit,
            )


def _check_complete(size: int, declared: int | None) -> None:
    if declared is not None and size != declared:
        raise BadInput(f"The upload ended after {size} of {declared} bytes: send it again.", code="cut_short")
    if size == 0:
        raise BadInput("The upload is empty: send a ZIP, a tar or files as the request's body.", code="empty_upload")


def _discard(path: Path) -> None:
    """Remove what is not wanted any more; from a disk that has gone read-only the next start does."""
    with contextlib.suppress(OSError):
        path.unlink()


def _no_room(error: OSError) -> Busy:
    log.error("upload_not_stored", reason=str(error))
    return not_stored("the upload", error)


async def _flush(file: BinaryIO, pieces: list[bytes]) -> None:
    if pieces:
        await asyncio.to_thread(file.writelines, pieces)
        pieces.clear()

"""Removes content that was sent and that no deploy was made of in time."""

import asyncio
import contextlib
import json
import time

import structlog

from appliance.data_folder import LISTED, DataFolder
from appliance.deploys.contents import Contents
from appliance.storage.pending import Pending, accounts

log = structlog.get_logger(__name__)


class Cleaning:
    """Looks after pending content, whenever it is told to."""

    def __init__(self, folder: DataFolder, contents: Contents, age: float) -> None:
        self._folder = folder
        self._contents = contents
        self._age = age

    async def clean(self) -> int:
        """Remove what nobody touched for too long, but for what a deploy waits to be made of; how many files."""
        gone = 0
        for account in await asyncio.to_thread(accounts, self._folder.pending):
            gone += await asyncio.to_thread(self._clean, account)
            self._contents.forget_count(account)
        if gone:
            log.info("pending_content_removed", files=gone)
        return gone

    def _clean(self, account: int) -> int:
        needed: set[str] = set()
        for path in self._folder.incoming.glob(f"*{LISTED}"):
            with contextlib.suppress(FileNotFoundError):  # it was made meanwhile
                said = json.loads(path.read_bytes())
                if said["account"] == account:
                    needed |= {sha256 for _, sha256, _ in said["files"]}
        return Pending(self._folder.pending, account).expire(time.time() - self._age, needed)

"""What has changed lately, for windows that are to show it: which sites and accounts, in the order it came about.

Only as much is kept as a window misses while it connects anew; one that has missed more shows everything anew. It is
this process's own: where several nodes share a database, each tells of what it did itself.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

KEPT = 1000  # changes that are told to those who come back


@dataclass(frozen=True, slots=True)
class Change:
    """Something of a site has changed: the site by its name, or by a deploy of it; or what an account may see or do.

    With none of them a site has gone.
    """

    revision: int
    site: str = ""
    deploy: str = ""
    account: int = 0


@dataclass(frozen=True, slots=True)
class Missed:
    """What has changed since a revision, up to `revision`; `changes` is None where that is not known any more."""

    revision: int
    changes: tuple[Change, ...] | None


class News:
    """Told by whoever changes something, once that is committed. Used on the event loop only."""

    def __init__(self) -> None:
        self.revision = time.time_ns() // 1_000_000  # grows over a restart, so that an older one is known as such
        self._changes: deque[Change] = deque(maxlen=KEPT)
        self._from = self.revision
        self._told = asyncio.Event()

    def site(self, name: str) -> None:
        """Something of a site has changed."""
        self._add(Change(self.revision + 1, site=name))

    def deploy(self, deploy: str) -> None:
        """A deploy has come to another state, and its site with it."""
        self._add(Change(self.revision + 1, deploy=deploy))

    def account(self, account: int) -> None:
        """What an account may see or do has changed, or that there is one."""
        self._add(Change(self.revision + 1, account=account))

    def gone(self) -> None:
        """A site has been removed; which, those who could see it find out by looking."""
        self._add(Change(self.revision + 1))

    def since(self, revision: int) -> Missed:
        """What has changed after a revision that was seen."""
        if not self._from <= revision <= self.revision:
            return Missed(self.revision, None)
        return Missed(self.revision, tuple(change for change in self._changes if change.revision > revision))

    async def after(self, revision: int, together: float) -> None:
        """Return once there is something newer, and `together` seconds for more of it have passed."""
        while self.revision == revision:
            await self._told.wait()
        await asyncio.sleep(together)

    def _add(self, change: Change) -> None:
        if len(self._changes) == KEPT:
            self._from = self._changes[0].revision
        self._changes.append(change)
        self.revision = change.revision
        self._told.set()
        self._told = asyncio.Event()

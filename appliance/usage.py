"""What sites and accounts take of the disk, exactly: every content that their deploys name, each counted once.

A site's figure has each content once, however many of its deploys have it; an account's once, however many of its
sites have it. So sites add up to more than their account where they share. Deleted sites count until they go for good;
content that waits for a deploy, or that no deploy has any more and that is to be swept, counts for nobody.
"""

import asyncio
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog
from tortoise.queryset import QuerySet

from appliance import accounts, sites
from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.models.deploy import Deploy
from appliance.models.site import Removal, Site
from appliance.storage.ledger import Held, Ledger, Named
from appliance.storage.manifest import UnreadableManifest

log = structlog.get_logger(__name__)

ROWS = 2_000  # deploys read at once: other requests have their turn in between
LARGEST = 100  # sites of an account that are named

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SiteUsage:
    """What a site takes: bytes and contents of all its deploys, each content once.

    `alone` are the bytes that no other site of its owner's has, `once` those of them that only one of its deploys has.
    `deploys` is how many have content, `unreadable` how many manifests are lost or damaged, and not counted.
    """

    site: str
    bytes: int
    contents: int
    alone: int
    once: int
    deploys: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class OwnSite:
    """One of an account's sites, by what it takes; what others of them have too is in each figure."""

    site: str
    bytes: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class AccountUsage:
    """What the sites that an account owns take together: what several of them have counts once.

    `apart` is what their figures add up to, `count` how many they are, `sites` the largest of them.
    """

    account: str
    bytes: int
    contents: int
    apart: int
    count: int
    sites: list[OwnSite]


class Usage:
    """The figures of this installation. Used on the event loop only; `close` is the server's."""

    def __init__(self, folder: DataFolder, ledger: Ledger | None = None) -> None:
        self._manifests = folder.stored_manifests
        self._ledger = ledger or Ledger(folder.usage)

    async def of_site(self, actor: Actor, name: str) -> SiteUsage:
        """What a site takes; NotFound."""
        row = await sites.find(actor, name)
        named = await _of_owner(row.owner_id)
        return await self._look(partial(self._site, row, named))

    async def of_account(self, actor: Actor, account: int) -> AccountUsage:
        """What an account's sites take: one's own, or any for operators and admins; Forbidden, NotFound."""
        facts = await accounts.get(actor, account)
        rows = await Site.filter(owner_id=account).only("id", "name")
        deleted = {site for (site,) in await Removal.filter(site__owner_id=account).values_list("site_id")}
        named = await _of_owner(account)
        return await self._look(partial(self._account, facts.email, rows, deleted, named))

    async def room_for(self, account: int, named: Named) -> tuple[int, int]:
        """Bytes that an account's sites take together, and those that this content would add to them."""
        known = await _of_owner(account)

        def look() -> tuple[int, int]:
            self._settle(known)
            return self._ledger.together(known).bytes, self._ledger.added(known, named)

        return await self._look(look)

    async def freed_by(self, deploys: Collection[str]) -> int:
        """Bytes that nobody would have any more without these deploys; they count for nobody from then on.

        For a ledger of one's own: `freed_by` below.
        """
        sites = [site for (site,) in await Site.all().values_list("id")]
        all_of = await _manifests_of(sites, Deploy.all())
        left_of = await _manifests_of(sites, Deploy.all(), frozenset(deploys))

        def look() -> int:
            self._settle(all_of)
            before = self._ledger.together(sites).bytes
            self._settle({site: left for site, left in left_of.items() if left != all_of.get(site)})
            return before - self._ledger.together(sites).bytes

        return await self._look(look)

    async def settle(self) -> None:
        """Count what came and went, so that nobody waits for that who asks."""
        found = [site for (site,) in await Site.all().values_list("id")]
        for site in found:
            named = await _manifests_of([site], Deploy.filter(site_id=site))
            await self._look(partial(self._settle, named))
        await self._look(partial(self._forget_all_but, set(found)))

    async def close(self) -> None:
        """Give the file up."""
        await asyncio.to_thread(self._ledger.close)

    # ── in a thread ──

    async def _look(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(self._with_ledger, work)

    def _with_ledger(self, work: Callable[[], T]) -> T:
        with self._ledger:
            try:
                return work()
            except sqlite3.DatabaseError:
                log.exception("usage_counted_anew")
                self._ledger.begin_anew()
                return work()

    def _site(self, row: Site, named: dict[int, list[str]]) -> SiteUsage:
        self._settle(named)
        unreadable = self._settle({row.id: named[row.id]})
        held, (alone, once) = self._ledger.by_site([row.id])[row.id], self._ledger.alone(row.id, named)
        deploys = len(named[row.id])
        return SiteUsage(row.name, held.bytes, held.contents, alone.bytes, once.bytes, deploys, unreadable)

    def _account(
        self, email: str, rows: Sequence[Site], deleted: set[int], named: dict[int, list[str]]
    ) -> AccountUsage:
        self._settle(named)
        by_site = self._ledger.by_site(named)
        held: Held = self._ledger.together(named)
        rows = [row for row in rows if row.id in by_site]  # one may have come meanwhile
        largest = sorted(rows, key=lambda row: (-by_site[row.id].bytes, row.name))[:LARGEST]
        return AccountUsage(
            account=email,
            bytes=held.bytes,
            contents=held.contents,
            apart=sum(each.bytes for each in by_site.values()),
            count=len(rows),
            sites=[OwnSite(row.name, by_site[row.id].bytes, row.id in deleted) for row in largest],
        )

    def _settle(self, named: dict[int, list[str]]) -> int:
        return sum(self._ledger.settle(site, Counter(manifests), self._read) for site, manifests in named.items())

    def _forget_all_but(self, known: set[int]) -> None:
        for site in self._ledger.sites():
            if site not in known:
                self._ledger.forget(site)

    def _read(self, manifest: str) -> Named | None:
        try:
            return self._manifests.named(manifest)
        except FileNotFoundError:
            return None
        except (OSError, UnreadableManifest):
            log.exception("manifest_unreadable", manifest=manifest)
            return None


async def freed_by(folder: DataFolder, deploys: Collection[str]) -> int:
    """Bytes that the next sweeps would free if these deploys were deleted; nothing is."""
    if not deploys:
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        usage = Usage(folder, Ledger(Path(scratch) / "usage.db"))
        try:
            return await usage.freed_by(deploys)
        finally:
            await usage.close()


async def _of_owner(account: int) -> dict[int, list[str]]:
    owned = [site for (site,) in await Site.filter(owner_id=account).values_list("id")]
    return await _manifests_of(owned, Deploy.filter(site__owner_id=account))


async def _manifests_of(
    ids: list[int], deploys: QuerySet[Deploy], but: frozenset[str] = frozenset()
) -> dict[int, list[str]]:
    """The manifests that each site's deploys have, `but` for these, one as often as deploys have it."""
    found: dict[int, list[str]] = {site: [] for site in ids}
    last = ""
    while True:
        query = deploys.filter(id__gt=last, manifest__isnull=False).order_by("id").limit(ROWS)
        page = await query.values_list("id", "site_id", "manifest")
        for deploy, site, manifest in page:
            if deploy not in but:
                found.setdefault(site, []).append(str(manifest))
        if len(page) < ROWS:
            return found
        last = str(page[-1][0])

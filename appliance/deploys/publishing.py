"""Moves the live pointer, as people ask and as deploys become ready; the only writer of it.

A pointer is committed first and swapped into the table then: a crash in between leaves the old site serving until the
next start, which reads the pointer.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from tortoise.transactions import in_transaction

from appliance import accounts, audit, sites
from appliance.actor import Actor
from appliance.deploys.finding import Facts, find, named
from appliance.deploys.pointers import (
    UNDO,
    check_live,
    check_unlocked,
    is_superseded,
    last_move,
    mark_undone,
    move_alias,
    move_before,
    move_live,
)
from appliance.deploys.values import DeployFacts, Ready
from appliance.errors import Conflict
from appliance.live import LiveSites
from appliance.models.deploy import Alias, Deploy, Live, Refinement
from appliance.models.site import Site
from appliance.pointer import Pointer
from appliance.progress import StepFacts
from appliance.storage.history import lost_since
from appliance.storage.manifest import Found, Manifest


class Publishing:
    """The live pointers of this installation. Used on the event loop only."""

    def __init__(self, facts: Facts, live: LiveSites, *, refines: bool = False) -> None:
        self._facts = facts
        self._refines = refines
        self._live = live
        self.news = live.news
        self._pointer = asyncio.Lock()
        self.expiring = asyncio.Event()
        """Set when a deploy that expires has become ready."""
        self.refining = asyncio.Event()
        """Set when one has become ready of which better compressed forms are to be made."""

    @asynccontextmanager
    async def moving(self) -> AsyncIterator[None]:
        """Hold every pointer still: commits and swaps happen in the same order, whoever moves them."""
        async with self._pointer:
            yield

    async def publish(self, actor: Actor, site: str, deploy: str, if_live: str | None = None) -> DeployFacts:
        """Make a ready deploy live, by its id, number or alias.

        NotFound; Conflict when it is not ready, the site is locked, or not `if_live` is live (see `NewDeploy`).
        """
        row = await sites.find(actor, site)
        return await self._point(actor, row, await named(row, deploy), "publish", if_live)

    async def rollback(self, actor: Actor, site: str, if_live: str | None = None) -> DeployFacts:
        """Make live what was live before, among the deploys older than the live one; Conflict when there is none."""
        row = await sites.find(actor, site)
        live = await Live.get_or_none(site=row).select_related("deploy")
        if live is None:
            raise Conflict(f"{site} has nothing live yet: deploy something first.", code="nothing_live")
        before = await earlier(live.deploy)
        if before is None:
            raise Conflict(
                f"{site} has no earlier deploy that was live: there is nothing to go back to.", code="no_earlier"
            )
        return await self._point(actor, row, before, "rollback", if_live)

    async def undo(self, actor: Actor, deploy: str) -> DeployFacts:
        """Take back that a deploy went live: visitors get what they had before it, which may be nothing.

        NotFound; Conflict when it is not live any more, or only because another was taken back, and when it is locked.
        """
        row = await find(actor, deploy)
        last = await last_move(row.site_id)
        if last is None or last.deploy_id != row.id or last.kind == UNDO or not await Live.exists(deploy=row):
            raise Conflict(
                f"Deploy {row.number} of {row.site.name} is not what went live last: nothing was taken back.",
                code="not_live",
            )
        before = await move_before(last)
        if before is None:
            await self._take_off(actor, row)
        else:
            await self._point(actor, row.site, before, UNDO, row.id)
        return await self._facts.look(row, row.site.name)

    async def _take_off(self, actor: Actor, row: Deploy) -> None:
        async with self._pointer:
            async with in_transaction():
                await check_unlocked(row.site_id, row.site.name)
                await check_live(row.site_id, row.site.name, row.id)
                await mark_undone(row.site_id)
                await Live.filter(site_id=row.site_id).delete()
                await audit.record(actor, "deploy.take_off", row.site, deploy=row.id, number=row.number)
            await self._live.take_down(row.site.name)

    async def finish(self, row: Deploy, ready: Ready, completed: list[StepFacts]) -> None:
        """Make a deploy ready, and move to it what shall point to it; durable once this returns.

        It does not go live as a draft, when a newer one was live, the site is locked, another deploy is live than its
        sender counted on, or its sender may not do this any more, and then no alias moves either. Nothing happens to a
        deploy that was called off, or is gone.
        """
        manifest = ready.manifest
        pointer = Pointer(row.site.name, row.id, ready.stored_as)
        prepared = await self._live.prepare(pointer, manifest)
        async with self._pointer:
            prepared = await self._live.renew(prepared)
            async with in_transaction():
                obstacle = await _obstacle(row)
                lost = lost_since(manifest, prepared.release.entries)
                problems = [*manifest.problems, *lost, *([obstacle] if obstacle else [])]
                is_there = await _make_ready(row, ready, problems, completed)
                if is_there and self._refines and ready.sums.shrinks:
                    await Refinement.create(deploy_id=row.id)
                goes_live = is_there and not row.draft and not row.alias and obstacle is None
                goes_live = goes_live and not await is_superseded(row)
                if goes_live:
                    await move_live(row.site_id, row.id, row.author_id, "deploy")
                    author = await accounts.acting(row.author_id or 0, via="deploy")
                    what = "deploy.live" if row.again_of is None else "deploy.live_again"
                    await audit.record(author, what, row.site, deploy=row.id, number=row.number)
                moves_alias = is_there and bool(row.alias) and obstacle is None
                if moves_alias:
                    await move_alias(row.site_id, row.alias or "", row.id)
            if goes_live:
                await self._live.swap(prepared)
            if moves_alias:
                await self._live.point(row.alias or "", pointer)
        self.refining.set()
        if row.expires_at is not None:
            self.expiring.set()

    async def exchange(self, deploy: str, was: str, manifest: Manifest, stored_as: str, saved: int) -> bool:
        """Let a ready deploy have another manifest of the same files, wherever visitors get it; whether that was done.

        It is not when the deploy is gone, or its manifest is not the one that `was` any more.
        """
        row = await Deploy.get_or_none(id=deploy).select_related("site")
        if row is None:
            return False
        pointer = Pointer(row.site.name, deploy, stored_as)
        async with self._pointer:
            async with in_transaction():
                still = Deploy.filter(id=deploy, state="ready", manifest=was)
                if not await still.update(manifest=stored_as, bytes_saved=saved):
                    return False
                is_live = await Live.exists(deploy_id=deploy)
                aliases = await Alias.filter(deploy_id=deploy).values_list("name", flat=True)
            if is_live:
                await self._live.swap(await self._live.prepare(pointer, manifest))
            for alias in aliases:
                await self._live.point(str(alias), pointer)
            await self._live.forget(row.site.name, [deploy])
        return True

    async def _point(self, actor: Actor, site: Site, deploy: Deploy, kind: str, if_live: str | None) -> DeployFacts:
        if deploy.state != "ready" or deploy.manifest is None:
            raise Conflict(
                f"Deploy {deploy.number} of {site.name} is not ready: it is {deploy.state}.", code="not_ready"
            )
        await check_unlocked(site.id, site.name)
        prepared = await self._live.prepare(Pointer(site.name, deploy.id, deploy.manifest))
        async with self._pointer:
            prepared = await self._live.renew(prepared)
            async with in_transaction():
                now = await find(actor, deploy.id)  # it may have gone, expired, or been refined meanwhile
                if now.state != "ready":
                    raise Conflict(f"Deploy {now.number} of {site.name} has expired.", code="not_ready")
                await check_unlocked(site.id, site.name)
                await check_live(site.id, site.name, if_live)
                if kind == UNDO:
                    await mark_undone(site.id)
                await move_live(site.id, deploy.id, actor.id, kind)
                await audit.record(actor, f"deploy.{kind}", site, deploy=deploy.id, number=deploy.number)
            if now.manifest is not None and now.manifest != deploy.manifest:
                prepared = await self._live.prepare(Pointer(site.name, deploy.id, now.manifest))
            await self._live.swap(prepared)
        return await self._facts.look(deploy, site.name)


async def earlier(live: Deploy) -> Deploy | None:
    """The newest deploy older than this one that was live once and is ready still."""
    query = Deploy.filter(site_id=live.site_id, state="ready", number__lt=live.number, publications__id__gt=0)
    return await query.order_by("-number").first().select_related("author", "build")


async def _make_ready(row: Deploy, ready: Ready, problems: list[Found], completed: list[StepFacts]) -> bool:
    values: dict[str, Any] = {"files": len(ready.manifest.entries), "bytes": ready.sums.given}
    values["bytes_saved"], values["bytes_added"] = ready.sums.saved, ready.added
    values["steps"] = [asdict(step) for step in completed]
    values["problems"] = [asdict(problem) for problem in problems]
    now = datetime.now(UTC)
    still = Deploy.filter(id=row.id, state="queued")  # it may have been called off
    return bool(await still.update(state="ready", finished_at=now, manifest=ready.stored_as, **values))


async def _obstacle(row: Deploy) -> Found | None:
    """What keeps a deploy that was meant for visitors from them, to be told its author."""
    if row.draft:
        return None
    try:
        await _check_author(row)
        if not row.alias:
            await check_unlocked(row.site_id, row.site.name)
            await check_live(row.site_id, row.site.name, row.if_live)
    except Conflict as conflict:
        return Found(conflict.code, f"This deploy is ready, but not live: {conflict.detail}")
    return None


async def _check_author(row: Deploy) -> None:
    """Conflict when whoever sent a deploy has lost the right to meanwhile: its work may have taken an hour."""
    author = await accounts.acting(row.author_id) if row.author_id is not None else None
    if row.author_id is not None and (author is None or not await sites.is_visible(author, row.site_id)):
        raise Conflict(f"whoever sent it may not publish {row.site.name} any more.", code="author_gone")

"""Takes deploys back: those that somebody deletes, and those whose time is over."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from tortoise.transactions import in_transaction

from appliance import audit
from appliance.actor import Actor
from appliance.beside import Beside
from appliance.deploys.finding import find
from appliance.deploys.pointers import check_unlocked, move_live
from appliance.deploys.publishing import Publishing, earlier
from appliance.errors import Conflict
from appliance.live import LiveSites
from appliance.models.deploy import Alias, Deploy, Live, Publication
from appliance.pointer import Pointer

log = structlog.get_logger(__name__)

LONGEST_SLEEP = 3600.0  # seconds: a clock that was set meanwhile is noticed within the hour


class Withdrawing(Beside):
    """Deletes deploys, and ends those that expire. Used on the event loop only; `start` and `stop` are the server's."""

    def __init__(self, publishing: Publishing, live: LiveSites) -> None:
        self._publishing = publishing
        self._live = live

    async def start(self) -> None:
        """End what expired while nobody was there, then watch the clock."""
        await self.expire_due()
        await super().start()

    async def delete(self, actor: Actor, deploy: str) -> None:
        """Take a deploy back for good; its address answers 404, its content is swept later.

        NotFound; Conflict while it is live, being made, or an alias points to it, and while its site is locked.
        """
        await self._delete(lambda: find(actor, deploy), actor)

    async def retire(self, find_due: Callable[[], Awaitable[Deploy]], rule: str) -> None:
        """Take a deploy back because a rule says so; `find_due` is asked while every pointer is held still.

        Raises what it raises, and what `delete` does.
        """
        await self._delete(find_due, None, rule=rule)

    async def _delete(self, find_now: Callable[[], Awaitable[Deploy]], actor: Actor | None, **why: str) -> None:
        async with self._publishing.moving():
            async with in_transaction():
                row = await find_now()
                await self._check_deletable(row)
                had_visitors = await Publication.exists(deploy=row)
                await Deploy.filter(id=row.id).delete()
                await audit.record(actor, "deploy.delete", row.site, deploy=row.id, number=row.number, **why)
            await self._live.forget(row.site.name, [row.id])
            if had_visitors:
                await self._reload(row.site_id, row.site.name)

    async def expire_due(self) -> None:
        """End every deploy whose time is over."""
        due = Deploy.filter(state="ready", expires_at__lte=datetime.now(UTC))
        for row in await due.order_by("expires_at").select_related("site"):
            await self._expire(row)
            log.info("deploy_expired", deploy=row.id, site=row.site.name)

    async def _check_deletable(self, row: Deploy) -> None:
        what = f"Deploy {row.number} of {row.site.name}"
        if row.state in {"queued", "asking"}:
            raise Conflict(f"{what} is under way: wait until it is finished, or call it off.", code="not_ready")
        if await Live.exists(deploy=row):
            raise Conflict(f"{what} is live: publish another one first.", code="is_live")
        aliases = [str(name) for name in await Alias.filter(deploy=row).order_by("name").values_list("name", flat=True)]
        if aliases:
            raise Conflict(f"{what} has the alias {', '.join(aliases)}: remove or move it first.", code="has_alias")
        await check_unlocked(row.site_id, row.site.name)

    async def _expire(self, row: Deploy) -> None:
        site = row.site.name
        async with self._publishing.moving():
            async with in_transaction():
                names = Alias.filter(deploy=row).values_list("name", flat=True)
                aliases = [str(name) for name in await names]
                await Alias.filter(deploy=row).delete()
                await Deploy.filter(id=row.id).update(state="expired")
                await audit.record(None, "deploy.expire", row.site, deploy=row.id, number=row.number)
                was_live = await Live.exists(deploy=row)
                before = await earlier(row) if was_live else None
                if before is not None:
                    await move_live(row.site_id, before.id, None, "expire")
                elif was_live:
                    await Live.filter(site_id=row.site_id).delete()
            await self._live.unpoint(site, [*aliases, row.id])
            if was_live and before is None:
                await self._live.take_down(site)
            else:
                await self._reload(row.site_id, site)

    async def _reload(self, site: int, name: str) -> None:
        """Visitors get what is live anew: without the files of a deploy that was taken back."""
        live = await Live.get_or_none(site_id=site).select_related("deploy")
        if live is not None and live.deploy.manifest is not None:
            await self._live.swap(await self._live.prepare(Pointer(name, live.deploy_id, live.deploy.manifest)))

    async def _go_on(self) -> None:
        while True:
            changed = self._publishing.expiring
            changed.clear()
            first = await Deploy.filter(state="ready", expires_at__isnull=False).order_by("expires_at").first()
            wait = LONGEST_SLEEP
            if first is not None and first.expires_at is not None:
                wait = min(wait, (first.expires_at - datetime.now(UTC)).total_seconds())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(wait, 0)):
                    await changed.wait()
            try:
                await self.expire_due()
            except Exception:
                log.exception("expiry_failed")
                await asyncio.sleep(1)

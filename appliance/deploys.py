"""Make, list, publish and roll back deploys; the only writer of the live pointer.

A deploy becomes visible in this order: receive → validate → store blobs → stage manifest → check → commit the live
pointer → swap the table. A crash between any two steps leaves the old site serving, whole.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from tortoise.transactions import in_transaction

from appliance import sites
from appliance.accounts import Actor
from appliance.addresses import Addresses
from appliance.errors import Conflict, Limit, NotFound
from appliance.former import published_manifests
from appliance.live import LiveSites
from appliance.models.deploy import Deploy, Live, Publication
from appliance.models.site import Site
from appliance.pointer import Pointer
from appliance.progress import STEPS, LogLine, Progress, StepFacts
from appliance.storage.manifest import Found, Manifest, Options

ID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no letters that look like others: people read these aloud
ID_LENGTH = 10  # 31¹⁰ ≈ 2⁴⁹: a deploy's address cannot be guessed, and leaves 48 of a label's 63 characters to the site


def new_id() -> str:
    """A fresh deploy id: a host-name label that cannot be guessed."""
    letters = (secrets.choice(ID_LETTERS) for _ in range(ID_LENGTH - 1))
    return secrets.choice(ID_LETTERS[:23]) + "".join(letters)  # a letter first: never mistaken for a number


@dataclass(frozen=True, slots=True)
class NewDeploy:
    """What the sender says of an upload: why, under which file name, and whether it should go live; with a fresh id."""

    message: str = ""
    filename: str = ""
    draft: bool = False
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a deploy failed: a stable code, a sentence, the limit that was hit, whether trying again can help."""

    code: str
    detail: str
    limit: Limit | None = None
    retry: bool = False


@dataclass(frozen=True, slots=True)
class DeployFacts:
    """A deploy as people see it. `state` is queued, working, ready or failed; sizes are bytes."""

    id: str
    site: str
    number: int
    state: str
    live: bool
    draft: bool
    message: str
    author: str | None
    created_at: datetime
    finished_at: datetime | None
    url: str
    deploy_url: str
    files: int
    bytes: int
    steps: list[StepFacts]
    problems: list[Found]
    error: Failure | None
    log: list[LogLine] = field(default_factory=list)

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in {"ready", "failed"}


@dataclass(frozen=True, slots=True)
class Work:
    """What the workshop needs to know of a deploy: options to record, and the manifest to compare with, if any.

    `published` names the manifests of what visitors have had lately, the last first, each once.
    """

    deploy: str
    site: str
    filename: str
    options: Options
    previous: str | None
    published: tuple[str, ...] = ()


class Deploys:
    """The deploys of this installation. Used on the event loop only."""

    def __init__(self, addresses: Addresses, live: LiveSites) -> None:
        self._addresses = addresses
        self._live = live
        self._pointer = asyncio.Lock()  # commit and swap in the same order, whoever publishes
        self.under_way: dict[str, Progress] = {}

    # ── what there is ──

    async def listing(self, actor: Actor, site: str, page: int, per_page: int) -> tuple[list[DeployFacts], int]:
        """A page of a site's deploys, newest first, and how many there are in all; NotFound."""
        row = await sites.find(actor, site)
        under_way = dict(self.under_way)
        query = Deploy.filter(site=row)
        rows = await query.order_by("-number").offset((page - 1) * per_page).limit(per_page).select_related("author")
        pointer = await Live.get_or_none(site=row)
        live = pointer.deploy_id if pointer else None
        facts = [self._facts(deploy, site, under_way.get(deploy.id), live=deploy.id == live) for deploy in rows]
        return facts, await query.count()

    async def get(self, actor: Actor, deploy: str) -> DeployFacts:
        """One deploy; NotFound also when the account may not know of it."""
        progress = self.under_way.get(deploy)  # before the row: a deploy that ends in between was still under way
        row = await self._find(actor, deploy)
        return self._facts(row, row.site.name, progress, live=await Live.exists(deploy=row))

    async def watch(self, actor: Actor, deploy: str) -> AsyncIterator[DeployFacts]:
        """The deploy now and after each change, until it is finished, or gone with its site."""
        while True:
            progress = self.under_way.get(deploy)
            change = progress.next_change() if progress else None
            try:
                facts = await self.get(actor, deploy)
            except NotFound:
                return
            yield facts
            if facts.is_finished or change is None:
                return
            await change.wait()

    # ── from an upload to a deploy ──

    async def accept(self, actor: Actor, site: str, new: NewDeploy, received: Progress) -> DeployFacts:
        """Record a deploy whose upload is here, to be worked on; NotFound when the site is gone."""
        async with in_transaction():
            row = await sites.find(actor, site)
            row.last_number += 1
            await row.save(update_fields=["last_number"])
            made = await Deploy.create(
                id=new.id,
                site=row,
                number=row.last_number,
                author_id=actor.id,
                message=new.message,
                filename=new.filename,
                draft=new.draft,
                state="queued",
            )
            await made.fetch_related("author")
        self.under_way[new.id] = received
        return self._facts(made, site, received, live=False)

    async def waiting(self) -> list[str]:
        """Deploys whose work a stop or a crash cut short, oldest first."""
        return [
            str(row) for row in await Deploy.filter(state="queued").order_by("created_at").values_list("id", flat=True)
        ]

    async def work_on(self, deploy: str) -> Work | None:
        """What to do for a queued deploy, or None when it is gone or done."""
        row = await Deploy.get_or_none(id=deploy, state="queued").select_related("site")
        if row is None:
            self._ended(deploy)
            return None
        self.under_way[deploy].start()
        pointer = await Live.get_or_none(site_id=row.site_id).select_related("deploy")
        previous = pointer.deploy.manifest if pointer else None
        published = await published_manifests(row.site.name)
        return Work(deploy, row.site.name, row.filename, sites.options_of(row.site), previous, published)

    async def finish(self, deploy: str, manifest: Manifest, stored_as: str) -> None:
        """Make a deploy ready, and live unless it is a draft or a newer one was live; durable once this returns."""
        row = await Deploy.get_or_none(id=deploy).select_related("site")
        if row is None:
            self._ended(deploy)  # its site was removed meanwhile
            return
        self.under_way[deploy].step("publish")
        prepared = await self._live.prepare(Pointer(row.site.name, deploy, stored_as), manifest)
        async with self._pointer:
            if await self._commit(row, manifest, stored_as):
                await self._live.swap(prepared)
        self._ended(deploy)

    async def fail(self, deploy: str, failure: Failure) -> None:
        """Record why a deploy came to nothing; one that is committed stays ready, whatever went wrong after that."""
        progress = self.under_way[deploy]
        progress.fail()
        await Deploy.filter(id=deploy, state="queued").update(
            state="failed",
            finished_at=datetime.now(UTC),
            steps=[asdict(step) for step in progress.steps.values()],
            error=asdict(failure),
        )
        self._ended(deploy)

    # ── what visitors get ──

    async def publish(self, actor: Actor, site: str, deploy: str) -> DeployFacts:
        """Make a ready deploy live, by its id or number; NotFound, Conflict when it is not ready."""
        row = await sites.find(actor, site)
        return await self._point(actor, row, await _named(row, deploy), "publish")

    async def rollback(self, actor: Actor, site: str) -> DeployFacts:
        """Make live what was live before, among the deploys older than the live one; Conflict when there is none."""
        row = await sites.find(actor, site)
        live = await Live.get_or_none(site=row).select_related("deploy")
        if live is None:
            raise Conflict(f"{site} has nothing live yet: deploy something first.", code="nothing_live")
        earlier = Deploy.filter(site=row, state="ready", number__lt=live.deploy.number, publications__id__gt=0)
        before = await earlier.order_by("-number").first().select_related("author")
        if before is None:
            raise Conflict(
                f"{site} has no earlier deploy that was live: there is nothing to go back to.", code="no_earlier"
            )
        return await self._point(actor, row, before, "rollback")

    async def _point(self, actor: Actor, site: Site, deploy: Deploy, kind: str) -> DeployFacts:
        if deploy.state != "ready" or deploy.manifest is None:
            raise Conflict(
                f"Deploy {deploy.number} of {site.name} is not ready: it is {deploy.state}.", code="not_ready"
            )
        prepared = await self._live.prepare(Pointer(site.name, deploy.id, deploy.manifest))
        async with self._pointer:
            async with in_transaction():
                await self._find(actor, deploy.id)  # the site may have been removed while the release was compiled
                await _move_pointer(site.id, deploy.id, actor.id, kind)
            await self._live.swap(prepared)
        return self._facts(deploy, site.name, None, live=True)

    async def _commit(self, row: Deploy, manifest: Manifest, stored_as: str) -> bool:
        """Make it ready; whether it is live with that. Nothing happens to a deploy that is gone with its site."""
        async with in_transaction():
            is_there = await Deploy.filter(id=row.id).update(
                state="ready",
                finished_at=datetime.now(UTC),
                manifest=stored_as,
                files=len(manifest.entries),
                bytes=manifest.size,
                steps=[asdict(step) for step in self.under_way[row.id].completed()],
                problems=[asdict(problem) for problem in manifest.problems],
            )
            if not is_there or row.draft or await _is_superseded(row):
                return False
            await _move_pointer(row.site_id, row.id, row.author_id, "deploy")
        return True

    # ── facts ──

    def _ended(self, deploy: str) -> None:
        progress = self.under_way.pop(deploy, None)
        if progress is not None:
            progress.changed()

    async def _find(self, actor: Actor, deploy: str) -> Deploy:
        row = await Deploy.get_or_none(id=_known_id(deploy)).select_related("site", "author")
        if row is None or (actor.role == "user" and row.site.owner_id != actor.id):
            raise NotFound(f"There is no deploy {deploy!r} in this account.", code="no_such_deploy")
        return row

    def _facts(self, row: Deploy, site: str, progress: Progress | None, *, live: bool) -> DeployFacts:
        if row.state != "queued":
            progress = None  # what is recorded counts, from the moment it is
        working = progress is not None and progress.started
        return DeployFacts(
            id=row.id,
            site=site,
            number=row.number,
            state="working" if working else row.state,
            live=live,
            draft=row.draft,
            message=row.message,
            author=row.author.email if row.author else None,
            created_at=row.created_at,
            finished_at=row.finished_at,
            url=self._addresses.url(self._addresses.site_host(site)),
            deploy_url=self._addresses.url(self._addresses.deploy_host(site, row.id)),
            files=row.files,
            bytes=row.bytes,
            steps=list(progress.steps.values()) if progress else _recorded_steps(row),
            problems=list(progress.problems) if progress else [Found(**problem) for problem in row.problems],
            error=_recorded_failure(row.error),
        )


def _known_id(deploy: str) -> str:
    """The id, or "", which no deploy has, for what cannot be one: Tortoise refuses to look for overlong values."""
    return deploy if len(deploy) <= ID_LENGTH else ""


async def _named(site: Site, deploy: str) -> Deploy:
    if re.fullmatch(r"\d{1,9}", deploy, re.ASCII):
        query = Deploy.filter(site=site, number=int(deploy))
    else:
        query = Deploy.filter(site=site, id=_known_id(deploy))
    row = await query.first().select_related("author")
    if row is None:
        raise NotFound(f"{site.name} has no deploy {deploy!r}.", code="no_such_deploy")
    return row


async def _is_superseded(row: Deploy) -> bool:
    """Whether visitors had a newer deploy already: a slow old one must not take its place, nor undo a rollback."""
    return await Publication.exists(site_id=row.site_id, deploy__number__gt=row.number)


async def _move_pointer(site: int, deploy: str, account: int | None, kind: str) -> None:
    if not await Live.filter(site_id=site).update(deploy_id=deploy):
        await Live.create(site_id=site, deploy_id=deploy)
    await Publication.create(site_id=site, deploy_id=deploy, account_id=account, kind=kind)


def _recorded_steps(row: Deploy) -> list[StepFacts]:
    return [StepFacts(**step) for step in row.steps] or [StepFacts(name) for name in STEPS]


def _recorded_failure(error: dict[str, Any] | None) -> Failure | None:
    if error is None:
        return None
    limit = Limit(**error["limit"]) if error["limit"] else None
    return Failure(error["code"], error["detail"], limit, error["retry"])

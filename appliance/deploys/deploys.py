"""Makes, lists, follows and deletes deploys."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from appliance import audit, sites
from appliance.actor import Actor
from appliance.deploys.aliases import check_alias
from appliance.deploys.finding import Facts, find
from appliance.deploys.pointers import check_live
from appliance.deploys.publishing import Publishing
from appliance.deploys.values import DeployFacts, Failure, Filter, NewDeploy, Order, Ready, Work
from appliance.errors import NotFound
from appliance.former import published_manifests
from appliance.models.account import Account
from appliance.models.build import Build
from appliance.models.deploy import Alias, Deploy, DeployKey, Live
from appliance.models.site import Site
from appliance.prepared import Prepared
from appliance.progress import Progress

_queued = Prepared(lambda deploy: Deploy.get_or_none(id=deploy, state="queued").select_related("site", "build"), str)
_live_manifest = Prepared(lambda site: Live.filter(site_id=site).values_list("deploy__manifest", flat=True), int)


class Deploys:
    """The deploys of this installation. Used on the event loop only."""

    def __init__(self, facts: Facts, publishing: Publishing, key_age: float) -> None:
        self._facts = facts
        self._publishing = publishing
        self._key_age = key_age
        self.under_way: dict[str, Progress] = {}
        self._rows: dict[str, Deploy] = {}  # of those that came in or have their turn, with their sites and builds
        self.news = publishing.news

    # ── what there is ──

    async def listing(
        self,
        actor: Actor,
        site: str,
        page: int,
        per_page: int,
        only: Filter | None = None,
        order: Order | None = None,
    ) -> tuple[list[DeployFacts], int]:
        """A page of a site's deploys, newest first unless `order` says so, and how many there are in all; NotFound."""
        row = await sites.find(actor, site)
        under_way = dict(self.under_way)
        query = _chosen(Deploy.filter(site=row), only or Filter())
        sorted_ = query.order_by(*_columns(order or Order())).offset((page - 1) * per_page).limit(per_page)
        rows = await sorted_.select_related("author", "build")
        pointer = await Live.get_or_none(site=row)
        live = pointer.deploy_id if pointer else None
        aliases: dict[str, list[str]] = {}
        for name, deploy in await Alias.filter(site=row).order_by("name").values_list("name", "deploy_id"):
            aliases.setdefault(deploy, []).append(name)
        facts = [
            self._facts.of(each, site, under_way.get(each.id), live=each.id == live, aliases=aliases.get(each.id, ()))
            for each in rows
        ]
        return facts, await query.count()

    async def get(self, actor: Actor, deploy: str) -> DeployFacts:
        """One deploy; NotFound also when the account may not know of it."""
        progress = self.under_way.get(deploy)  # before the row: a deploy that ends in between was still under way
        row = await find(actor, deploy)
        return await self._facts.look(row, row.site.name, progress)

    async def unfinished(self, most: int) -> tuple[list[DeployFacts], int]:
        """The oldest deploys of all sites that wait, ask or are worked on, and how many there are."""
        under_way = dict(self.under_way)
        query = Deploy.filter(state__in=("queued", "asking"))
        rows = await query.order_by("created_at").limit(most).select_related("site", "author", "build")
        facts = [self._facts.of(row, row.site.name, under_way.get(row.id), live=False) for row in rows]
        return facts, await query.count()

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

    # ── from content to a deploy ──

    async def expected(self, actor: Actor, site: Site, new: NewDeploy) -> DeployFacts | None:
        """The deploy that its key has made already, if there is one.

        Conflict and Invalid for one that would not be accepted: told before its content is sent.
        """
        known = await self._known(actor, site, new.key)
        if known is None:
            await _check(site, new)
        return known

    async def _known(self, actor: Actor, row: Site, key: str) -> DeployFacts | None:
        since = datetime.now(UTC) - timedelta(seconds=self._key_age)
        found = await DeployKey.get_or_none(site=row, key=key, created_at__gt=since) if key else None
        return await self.get(actor, found.deploy_id) if found else None

    async def accept(self, actor: Actor, site: str, new: NewDeploy, received: Progress) -> DeployFacts:
        """Record a deploy whose content is here, to be worked on.

        NotFound when the site is gone, Conflict when not `if_live` is live. With a key that has made one already it
        is that one, which has another id.
        """
        try:
            async with in_transaction():
                row = await sites.find(actor, site)
                made = await self._record(actor, row, new)
        except IntegrityError:
            known = await self._known(actor, await sites.find(actor, site), new.key)
            if known is None:
                raise
            return known
        self.under_way[new.id] = received
        self._rows[new.id] = made
        self.news.site(site)
        return await self._facts.look(made, site, received)

    async def _record(self, actor: Actor, site: Site, new: NewDeploy) -> Deploy:
        await _check(site, new)
        live = await Live.get_or_none(site=site) if new.if_live is not None else None
        site.last_number += 1
        await site.save(update_fields=["last_number"])
        made = await Deploy.create(
            id=new.id,
            site=site,
            number=site.last_number,
            author_id=actor.id,
            message=new.message,
            filename=new.filename,
            draft=new.draft,
            state="queued",
            branch=new.branch or None,
            commit=new.commit or None,
            source=new.source or None,
            alias=new.alias or None,
            if_live=None if new.if_live is None else (live.deploy_id if live else ""),
            expires_at=_after(new.expires),
            again_of=new.again_of,
        )
        if new.key:
            since = datetime.now(UTC) - timedelta(seconds=self._key_age)
            await DeployKey.filter(site=site, created_at__lte=since).delete()
            await DeployKey.create(site=site, key=new.key, deploy=made)
        if new.build:
            await Build.create(deploy=made, answer=new.build)
        what, again = ("deploy.again", {"again_of": new.again_of}) if new.again_of else ("deploy.create", {})
        await audit.record(actor, what, site, deploy=made.id, number=made.number, source=new.source, **again)
        made.author = Account(id=actor.id, email=actor.email)  # as whoever looks at it would find
        return made

    async def waiting(self) -> list[str]:
        """Deploys whose work a stop or a crash cut short, oldest first."""
        return [
            str(row) for row in await Deploy.filter(state="queued").order_by("created_at").values_list("id", flat=True)
        ]

    async def work_on(self, deploy: str) -> Work | None:
        """What to do for a queued deploy, or None when it is gone or done."""
        if deploy in self.under_way:
            self.under_way[deploy].start()  # before the row: from here on nobody takes its turn
            self.news.deploy(deploy)
        row = await _queued(deploy)
        if row is None or deploy not in self.under_way:
            self.ended(deploy)
            return None
        self._rows[deploy] = row
        live = await _live_manifest(row.site_id)
        return Work(
            deploy,
            row.site.name,
            row.filename,
            sites.options_of(row.site),
            str(live[0]) if live else None,
            await published_manifests(row.site.name),
        )

    def row(self, deploy: str) -> Deploy | None:
        """A deploy with its site and build, as it was when it came in or its turn came; None once it has ended."""
        return self._rows.get(deploy)

    async def finish(self, deploy: str, ready: Ready) -> None:
        """Make a deploy ready whose turn it is, and live as `Publishing.finish` has it; durable once this returns."""
        row = self._rows.get(deploy)
        if row is not None:  # else it was called off meanwhile
            self.under_way[deploy].step("publish")
            await self._publishing.finish(row, ready, self.under_way[deploy].completed())
        self.ended(deploy)

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
        self.ended(deploy)

    def ended(self, deploy: str) -> None:
        """Nothing more happens to a deploy: those who watch it see so."""
        self._rows.pop(deploy, None)
        progress = self.under_way.pop(deploy, None)
        if progress is not None:
            progress.over.set()
            progress.changed()
        self.news.deploy(deploy)


async def _check(site: Site, new: NewDeploy) -> None:
    """Conflict when not `if_live` is live, Invalid for an alias that cannot be one."""
    await check_live(site.id, site.name, new.if_live)
    if new.alias:
        await check_alias(site, new.alias)


def _after(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


def _chosen(query: QuerySet[Deploy], only: Filter) -> QuerySet[Deploy]:
    if only.states:
        query = query.filter(state__in=only.states)
    if only.branch:
        query = query.filter(branch=only.branch)
    if only.find:
        query = query.filter(_told_by(only.find))
    meant = Q(draft=False) & (Q(alias="") | Q(alias__isnull=True))
    if only.production is not None:
        query = query.filter(meant if only.production else ~meant)
    return query


def _told_by(find: str) -> Q:
    words = (Q(message__icontains=find), Q(branch__icontains=find), Q(author__email__icontains=find))
    is_number = find.isascii() and find.isdigit() and len(find) < 10
    exact = (Q(commit__startswith=find.lower()), *([Q(number=int(find))] if is_number else []))
    return Q(*words, *exact, join_type="OR")


def _columns(order: Order) -> list[str]:
    column = "author__email" if order.by == "author" else order.by
    newest = [] if order.by == "number" else ["-number"]
    return [column if order.rising else f"-{column}", *newest]

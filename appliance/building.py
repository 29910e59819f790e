"""What happens to deploys on their way that is not plain work: asked about, answered, superseded, called off.

In the database a deploy is queued until it is ready or failed, but for three more states: asking (somebody has to say
how it is to be built), superseded (a newer one of its site came before it had its turn), cancelled.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from tortoise.transactions import in_transaction

from appliance import audit, detections
from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.allowance import Allowance
from appliance.deploys import UNDER_WAY, Deploys, Failure, find
from appliance.errors import Conflict, Invalid, Limit, TooLarge
from appliance.models.build import Build
from appliance.models.deploy import Deploy
from appliance.models.site import Site
from appliance.plans import spend_build_time
from appliance.prepared import Prepared
from appliance.progress import Progress
from appliance.site_builds import SiteBuilds
from appliance.storage.ledger import Named
from appliance.turns import Builder
from appliance.units import Span
from builds.errors import BuildError
from builds.generators import GENERATORS
from builds.order import Order, Source
from builds.recipe import AUTO, STATIC

KNOWN = frozenset({AUTO, STATIC, *(generator.name for generator in GENERATORS)})


_older_under_way = Prepared(
    lambda site, number: (
        Deploy.filter(site_id=site, number__lt=number, state__in=UNDER_WAY, draft=False, alias=None)
        .order_by("number")
        .values_list("id", flat=True)
    ),
    int,
    int,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an upload is: `auto` (what it was taken for, if that is certain), `static` or a generator, and in which
    folder; None is where it was found. Unless `remember` is off, it holds for later uploads of the site as well.
    """

    generator: str
    base: str | None = None
    remember: bool = True


class Building:
    """Questions and interruptions. Used on the event loop only."""

    def __init__(self, deploys: Deploys, site_builds: SiteBuilds, addresses: Addresses, allowance: Allowance) -> None:
        self._allowance = allowance
        self.deploys = deploys
        self.site_builds = site_builds
        self._addresses = addresses

    # ── as a deploy goes its way ──

    async def accepted(self, deploy: str) -> list[str]:
        """A deploy has come in: the older ones whose turn it takes; none if it is for an address of its own."""
        row = self.deploys.row(deploy)
        return [] if row is None or row.draft or row.alias else await self._supersede(row)

    async def order(self, deploy: str, *, run: bool) -> Order:
        """How the upload is to be taken, and built if `run`. Raises BuildError when the site's choices do not hold."""
        row = self.deploys.row(deploy)
        if row is None:
            raise BuildError("cancelled", "The deploy was called off. Nothing of it was kept.")
        build = row.build if isinstance(row.build, Build) else None
        url = self._addresses.url(self._addresses.site_host(row.site.name))
        if run:
            await _or_fail(self._allowance.check_build_time(row.site.owner_id))
        return await self.site_builds.order(row.site, build, url, run=run)

    async def found(self, deploy: str, source: Source) -> Builder | None:
        """The upload is a source: whose build it is now, or None when somebody has to be asked, or it is gone."""
        row = await Deploy.get_or_none(id=deploy, state="queued").select_related("site")
        if row is None:
            return None
        build = await Build.get_or_none(deploy_id=deploy) or await Build.create(deploy_id=deploy)
        detection = detections.detection_of(source)
        await Build.filter(deploy_id=deploy).update(detection=detections.kept(detection))
        if await self._is_overtaken(row):
            return None
        progress = self.deploys.under_way[deploy]
        if len(source.offers) == 1 and await self.site_builds.is_decided(row.site_id, build):
            if build.answer:
                await self.site_builds.remember(row.site_id, source.offers[0].generator, source.offers[0].base)
            progress.queue_again()
            return Builder(row.site.owner_id, row.site_id)
        progress.ask()
        steps = [asdict(step) for step in progress.steps.values()]
        await Deploy.filter(id=deploy, state="queued").update(state="asking", steps=steps)
        progress.changed()
        self.deploys.news.deploy(deploy)
        return None

    async def built(self, deploy: str, generator: str) -> None:
        """A generator has made what the deploy holds."""
        await Build.filter(deploy_id=deploy).update(generator=generator)

    async def spent(self, deploy: str, seconds: float) -> None:
        """A build took so long, whatever came of it."""
        row = await Deploy.get_or_none(id=deploy).select_related("site")
        if row is not None:
            await spend_build_time(row.site.owner_id, seconds)

    @property
    def limits_nobody(self) -> bool:
        """Whether there are no plans. From any thread."""
        return not self._allowance.plans.all

    async def has_limited_room(self, deploy: str) -> bool:
        """Whether the plan of the site's owner says how much may be stored."""
        row = await Deploy.get_or_none(id=deploy).select_related("site")
        return row is not None and (await self._allowance.plans.of_account(row.site.owner_id)).storage is not None

    async def check_room(self, deploy: str, named: Named) -> None:
        """Raise BuildError unless this content fits into what the plan of the site's owner has."""
        row = await Deploy.get_or_none(id=deploy).select_related("site")
        if row is not None:
            await _or_fail(self._allowance.check_added(row.site.owner_id, named))

    async def taken_up(self, deploy: str) -> int:
        """A start has found the deploy half done; how many have by now."""
        build = await Build.get_or_none(deploy_id=deploy) or await Build.create(deploy_id=deploy)
        await Build.filter(deploy_id=deploy).update(attempts=build.attempts + 1)
        return build.attempts + 1

    async def asking(self) -> list[str]:
        """Deploys that wait for somebody to answer; a start puts them under way again."""
        rows = await Deploy.filter(state="asking").order_by("created_at").values_list("id", flat=True)
        return [str(row) for row in rows]

    async def unanswered(self, age: Span) -> list[str]:
        """End the deploys that wait for an answer since longer than `age`; which they were."""
        waiting = Deploy.filter(state="asking", created_at__lt=datetime.now(UTC) - timedelta(seconds=age))
        ended = []
        for name in await waiting.order_by("created_at").values_list("id", flat=True):
            deploy = str(name)
            if await self._end(deploy, "failed", _unanswered(age), among=("asking",)):
                self.deploys.ended(deploy)
                ended.append(deploy)
        return ended

    # ── what people say ──

    async def answer(self, actor: Actor, deploy: str, answer: Answer) -> Builder | None:
        """Say what an upload is; whose build it is then, None for plain files.

        NotFound; Conflict when it does not ask; Invalid when this is no answer to its question.
        """
        row = await find(actor, deploy)
        build = await Build.get_or_none(deploy_id=deploy)
        if row.state != "asking" or build is None or build.detection is None:
            raise Conflict(
                f"Deploy {row.number} of {row.site.name} does not ask: it is {row.state}.", code="not_asking"
            )
        chosen = _settled(answer, detections.read(build.detection))
        await Build.filter(deploy_id=deploy).update(answer=chosen.generator, base=chosen.base)
        async with in_transaction():
            if not await Deploy.filter(id=deploy, state="asking").update(state="queued"):
                raise Conflict(f"Deploy {row.number} of {row.site.name} has ended meanwhile.", code="not_asking")
            told = {"deploy": row.id, "number": row.number, "generator": chosen.generator}
            await audit.record(actor, "deploy.answer", row.site, **told)
        if answer.remember:
            await self.site_builds.remember(row.site_id, chosen.generator, chosen.base)
        self._progress(deploy).queue_again()
        self.deploys.news.deploy(deploy)
        return None if chosen.generator == STATIC else Builder(await _owner(row.site_id), row.site_id)

    async def cancel(self, actor: Actor, deploy: str) -> Deploy:
        """Call a deploy off; it can neither become ready nor go live then. NotFound, Conflict when it is over."""
        row = await find(actor, deploy)
        failure = Failure("cancelled", f"Called off by {actor.email}. Nothing of it was kept.")
        if not await self._end(row.id, "cancelled", failure):
            now = await find(actor, deploy)
            raise Conflict(
                f"Deploy {row.number} of {row.site.name} cannot be called off: it is {now.state}.", code="not_under_way"
            )
        await audit.record(actor, "deploy.cancel", row.site, deploy=row.id, number=row.number)
        return row

    async def _is_overtaken(self, row: Deploy) -> bool:
        """Whether a newer deploy came in while this one was looked at; then it is superseded."""
        newer = Deploy.filter(
            site_id=row.site_id, number__gt=row.number, draft=False, alias=None, state__in=(*UNDER_WAY, "ready")
        )
        by = await newer.order_by("-number").first()
        if by is None or row.draft or row.alias:
            return False
        await self._end(row.id, "superseded", _superseded(by.number))
        self.deploys.ended(row.id)
        return True

    async def _supersede(self, newer: Deploy) -> list[str]:
        ended = []
        for name in await _older_under_way(newer.site_id, newer.number):
            deploy = str(name)
            progress = self.deploys.under_way.get(deploy)
            if progress is not None and progress.started:
                continue
            if await self._end(deploy, "superseded", _superseded(newer.number)):
                self.deploys.ended(deploy)
                ended.append(deploy)
        return ended

    async def _end(self, deploy: str, state: str, failure: Failure, among: Sequence[str] = UNDER_WAY) -> bool:
        progress = self._progress(deploy)
        return bool(
            await Deploy.filter(id=deploy, state__in=among).update(
                state=state,
                finished_at=datetime.now(UTC),
                steps=[asdict(step) for step in progress.stopped()],
                error=asdict(failure),
            )
        )

    def _progress(self, deploy: str) -> Progress:
        return self.deploys.under_way.get(deploy) or Progress()


async def _or_fail(allowed: Awaitable[None]) -> None:
    """Wait; raise BuildError where the plan refuses."""
    try:
        await allowed
    except TooLarge as refused:
        limit = (refused.limit.name, refused.limit.value) if refused.limit else None
        raise BuildError(refused.code, refused.detail, limit=limit) from None


def _superseded(by: int) -> Failure:
    return Failure("superseded", f"Deploy {by} came in before this one had its turn: only the newest is worked on.")


def _unanswered(age: Span) -> Failure:
    return Failure(
        "unanswered",
        f"Nobody said within {age} how this upload is to be built (question_age), so its content was removed. "
        "Upload it again, and answer on the deploy's page, or say it beforehand: dropdock deploy --build auto.",
        Limit("question_age", str(age)),
    )


def check_answer(answer: str) -> None:
    """Raise Invalid unless a sender may say this of an upload beforehand."""
    if answer and answer not in KNOWN:
        fault = f"is one of: {', '.join(sorted(KNOWN))}"
        raise Invalid(
            f"There is no generator {answer!r}; it {fault}.", code="no_such_generator", fields={"build": fault}
        )


def _settled(answer: Answer, detection: detections.DetectionFacts) -> Answer:
    """The answer with what it leaves to the detection; raises Invalid where that does not say."""
    check_answer(answer.generator)
    fitting = [
        offer
        for offer in detection.offers
        if answer.generator in {AUTO, offer.generator} and answer.base in {None, offer.base}
    ]
    if len(fitting) == 1:
        return replace(answer, generator=fitting[0].generator, base=fitting[0].base)
    if len(fitting) > 1 or answer.generator == AUTO:
        offered = ", ".join(f"{one.generator} in {one.base or 'the top folder'}" for one in detection.offers)
        raise Invalid(
            f"That does not say which is meant: name one of {offered}.",
            code="unsure",
            fields={"generator": "is unclear"},
        )
    return replace(answer, base=answer.base or "") if answer.generator == STATIC else answer


async def _owner(site: int) -> int:
    return int((await Site.get(id=site)).owner_id)

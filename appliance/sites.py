"""Create, list, change and remove sites, and who may do so."""

import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q, Subquery
from tortoise.functions import Count, Max
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from appliance import audit
from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.errors import Conflict, Forbidden, Invalid, Limit, NotFound
from appliance.live import LiveSites
from appliance.models.deploy import Deploy, Live, Publication, PublishingLock
from appliance.models.site import Member, Removal, Site
from appliance.plans import Plans
from appliance.prepared import Prepared
from appliance.storage.manifest import Options
from appliance.units import Size

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")  # a DNS label (RFC 1123) with room for `<deploy>--`
NAME_RULE = "use 1 to 48 of the letters a-z, digits and single hyphens, with a letter or digit at both ends"
PRODUCTION_BRANCH = "main"  # unless it was said
HTML_OF = {"netlify": "natural", "cloudflare": "auto"}  # how each answers for pages, unless a site is told otherwise
LONGEST_SNIPPET = Size(8_000)  # bytes; see `snippet_size`
RESERVED = frozenset(
    {"admin", "api", "dropdock"}  # names a visitor would take for the platform's own
    | {"wpad", "isatap", "autodiscover", "autoconfig", "mta-sts"}  # hosts that programs ask, unasked, what to do
)


@dataclass(frozen=True, slots=True)
class NewSite:
    """A site to be made: deploys of its production branch go live, those of others get an alias."""

    name: str
    dialect: Literal["netlify", "cloudflare"] = "netlify"
    production_branch: str = PRODUCTION_BRANCH


@dataclass(frozen=True, slots=True)
class ChangeSite:
    """Options to change; None leaves one as it is. They are recorded in each deploy from the next one on."""

    dialect: Literal["netlify", "cloudflare"] | None = None
    html: Literal["natural", "auto", "slash", "noslash", "exact"] | None = None
    spa: bool | None = None
    minify: bool | None = None
    any_case: bool | None = None
    head_snippet: str | None = None  # HTML; "" for none


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """What visitors get: the deploy, its number, since when, and `how`: deploy, publish, rollback, expire or undo."""

    deploy: str
    number: int
    published_at: datetime
    how: str = "deploy"


@dataclass(frozen=True, slots=True)
class LockFacts:
    """What visitors get is kept as it is: who locked it, when, and why; "" where that was not said."""

    account: str | None
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class LatestFacts:
    """The newest deploy of a site, whatever came of it: `state` is as recorded, queued also while it is worked on."""

    deploy: str
    number: int
    state: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """A site as people see it; `deploys` is how many it has, `locked` says that what is live must stay so."""

    name: str
    url: str
    owner: str
    created_at: datetime
    options: Options
    live: LiveFacts | None
    deploys: int
    production_branch: str = PRODUCTION_BRANCH
    locked: LockFacts | None = None
    latest: LatestFacts | None = None


def visible_to(actor: Actor) -> QuerySet[Site]:
    """The sites an account may see and change: its own and those it is a member of, or all for operators and admins.

    With a token for one site it is that one at most.
    """
    query = _own(actor.id) if actor.role == "user" else _there()
    if actor.only_site is not None:
        query = query.filter(id=actor.only_site)
    return query.select_related("owner")


def _there() -> QuerySet[Site]:
    return Site.filter(id__not_in=Subquery(Removal.all().values("site_id")))  # nobody finds a deleted one


def _own(account: int) -> QuerySet[Site]:
    joined = Member.filter(account_id=account).values("site_id")
    return _there().filter(Q(owner_id=account) | Q(id__in=Subquery(joined)))


_named = Prepared(lambda name: _there().select_related("owner").get_or_none(name=name), str)
_own_named = Prepared(lambda account, name: _own(account).select_related("owner").get_or_none(name=name), int, str)
_numbered = Prepared(lambda site: _there().filter(id=site).exists(), int)
_own_numbered = Prepared(lambda account, site: _own(account).filter(id=site).exists(), int, int)


async def find(actor: Actor, name: str) -> Site:
    """The site of that name; NotFound also when the account may not know of it."""
    site = None
    if NAME.fullmatch(name):
        site = await (_own_named(actor.id, name) if actor.role == "user" else _named(name))
    if site is None or actor.only_site not in {None, site.id}:
        raise NotFound(f"There is no site {name!r} in this account.", code="no_such_site")
    return site


async def is_visible(actor: Actor, site: int) -> bool:
    """Whether an account may see and change the site of this number."""
    if actor.only_site not in {None, site}:
        return False
    return await (_own_numbered(actor.id, site) if actor.role == "user" else _numbered(site))


async def seen_among(actor: Actor, names: Collection[str], deploys: Collection[str]) -> list[str]:
    """Which sites an account may see of those named, and of those that have one of these deploys; by name."""
    query = visible_to(actor).filter(Q(name__in=names) | Q(deploys__id__in=deploys))
    return sorted({str(name) for name in await query.values_list("name", flat=True)})


async def find_own(actor: Actor, name: str) -> Site:
    """The site of that name, for what only its owner, operators and admins may do; NotFound, Forbidden for members."""
    site = await find(actor, name)
    if actor.role == "user" and site.owner_id != actor.id:
        raise Forbidden(f"Only the owner of {name} may do this; this account is a member.", code="not_the_owner")
    return site


class Sites:
    """The sites of this installation."""

    def __init__(
        self,
        addresses: Addresses,
        live: LiveSites,
        snippet_size: Size = LONGEST_SNIPPET,
        plans: Plans | None = None,
    ) -> None:
        self._addresses = addresses
        self._live = live
        self._snippet_size = snippet_size
        self._plans = plans or Plans()

    async def create(self, actor: Actor, new: NewSite) -> SiteFacts:
        """Make a site; Invalid when the name cannot be one, Conflict when it is taken, Forbidden by the plan."""
        actor.need("all")
        actor.need_every_site()
        check_name(new.name)
        if self._addresses.is_admin(self._addresses.site_host(new.name)):
            raise _kept(new.name)
        try:
            async with in_transaction():
                site = await Site.create(
                    name=new.name,
                    owner_id=actor.id,
                    dialect=new.dialect,
                    html=HTML_OF[new.dialect],
                    production_branch=new.production_branch,
                )
                await self._plans.check_sites(actor.id)
                await audit.record(actor, "site.create", site, dialect=new.dialect)
        except IntegrityError:
            raise await _taken(actor, new.name) from None
        self._live.news.site(site.name)
        await site.fetch_related("owner")
        return (await self._facts([site]))[0]

    async def listing(self, actor: Actor, page: int, per_page: int, find: str = "") -> tuple[list[SiteFacts], int]:
        """A page of the sites the account may see with `find` in their names, and how many there are in all."""
        query = visible_to(actor)
        if find:
            query = query.filter(name__contains=find.lower())
        rows = await query.order_by("name").offset((page - 1) * per_page).limit(per_page)
        return await self._facts(rows), await query.count()

    async def get(self, actor: Actor, name: str) -> SiteFacts:
        """One site; NotFound."""
        return (await self._facts([await find(actor, name)]))[0]

    async def change(self, actor: Actor, name: str, change: ChangeSite) -> SiteFacts:
        """Set options; NotFound, Invalid for a snippet longer than `snippet_size` bytes."""
        site = await find(actor, name)
        self._check_snippet(change.head_snippet or "")
        values = {option: getattr(change, option) for option in ChangeSite.__slots__}
        given = {option: value for option, value in values.items() if value is not None}
        if given:
            async with in_transaction():
                await site.update_from_dict(given).save(update_fields=list(given))
                await audit.record(actor, "site.change", site, **given)
            self._live.news.site(site.name)
        return (await self._facts([site]))[0]

    def _check_snippet(self, snippet: str) -> None:
        size = len(snippet.encode())
        if size > self._snippet_size:
            sentence = f"is {size:,} bytes long, and may have {self._snippet_size} (snippet_size): shorten it"
            raise Invalid(
                f"The snippet {sentence}.",
                code="snippet_too_long",
                limit=Limit("snippet_size", str(self._snippet_size)),
                fields={"head_snippet": sentence},
            )

    async def _facts(self, rows: list[Site]) -> list[SiteFacts]:
        ids = [row.id for row in rows]
        live = await _live(ids)
        published = await _published_at([deploy for deploy, _ in live.values()])
        counted = await _counted(ids)
        latest = await _latest({site: newest for site, (_, newest) in counted.items()})
        locks = await _locks(ids)
        return [
            SiteFacts(
                name=row.name,
                url=self._addresses.url(self._addresses.site_host(row.name)),
                owner=row.owner.email,
                created_at=row.created_at,
                options=options_of(row),
                live=_live_facts(live.get(row.id), published),
                deploys=counted.get(row.id, (0, 0))[0],
                production_branch=row.production_branch or PRODUCTION_BRANCH,
                locked=locks.get(row.id),
                latest=latest.get(row.id),
            )
            for row in rows
        ]


def options_of(site: Site) -> Options:
    """How the site wants to be answered, to be recorded in a deploy."""
    values = {option: getattr(site, option) for option in Options.__slots__}
    return Options(**values | {"head_snippet": site.head_snippet or ""})


def check_name(name: str) -> None:
    """Raise Invalid unless a site can have this name."""
    if not NAME.fullmatch(name) or "--" in name:
        raise Invalid(f"{name!r} cannot be a site's name: {NAME_RULE}.", code="bad_name", fields={"name": NAME_RULE})
    if name in RESERVED:
        raise _kept(name)


def _kept(name: str) -> Invalid:
    sentence = "this name is kept for the platform: choose another"
    return Invalid(f"{name!r} cannot be a site's name: {sentence}.", code="bad_name", fields={"name": sentence})


async def _taken(actor: Actor, name: str) -> Conflict:
    """Why a site cannot have this name, told only to its owner where it is that of a deleted site."""
    if await Removal.exists(site__name=name, site__owner_id=actor.id):
        return Conflict(
            f"{name!r} is the name of a site you deleted: restore it, or delete it for good first.", code="name_deleted"
        )
    return Conflict(f"The name {name!r} is taken: choose another.", code="name_taken")


async def _live(sites: list[int]) -> dict[int, tuple[str, int]]:
    """By site, the deploy visitors get and its number."""
    found = Live.filter(site_id__in=sites).values_list("site_id", "deploy_id", "deploy__number")
    return {site: (deploy, number) for site, deploy, number in await found}


async def _published_at(deploys: list[str]) -> dict[str, tuple[datetime, str]]:
    """When each went live last, and how."""
    newest = Publication.filter(deploy_id__in=deploys).order_by("id")
    found = await newest.values_list("deploy_id", "at", "kind")
    return {deploy: (at, how) for deploy, at, how in found}  # later rows win


async def _counted(sites: list[int]) -> dict[int, tuple[int, int]]:
    """How many deploys each of the sites has, and the newest one's number."""
    found = Deploy.filter(site_id__in=sites).annotate(number_of=Count("id"), newest=Max("number")).group_by("site_id")
    return {site: (count, newest) for site, count, newest in await found.values_list("site_id", "number_of", "newest")}


async def _latest(numbers: dict[int, int]) -> dict[int, LatestFacts]:
    """By site, given the number of each one's newest deploy."""
    if not numbers:
        return {}
    sites = defaultdict(list)  # by number, as many are the same and each condition costs
    for site, number in numbers.items():
        sites[number].append(site)
    wanted = Q(*(Q(site_id__in=having, number=number) for number, having in sites.items()), join_type="OR")
    found = Deploy.filter(wanted).values_list("site_id", "id", "number", "state", "created_at")
    return {site: LatestFacts(*facts) for site, *facts in await found}


async def _locks(sites: list[int]) -> dict[int, LockFacts]:
    rows = await PublishingLock.filter(site_id__in=sites).select_related("account")
    return {row.site_id: LockFacts(row.account.email if row.account else None, row.at, row.reason) for row in rows}


def _live_facts(pointer: tuple[str, int] | None, published: dict[str, tuple[datetime, str]]) -> LiveFacts | None:
    if pointer is None or pointer[0] not in published:  # the site was removed between two looks
        return None
    return LiveFacts(*pointer, *published[pointer[0]])

"""Which plan each account has, how many sites that lets it own, and how long they were built."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tortoise.expressions import F, Subquery

from appliance.errors import Forbidden, Invalid, Limit
from appliance.models.account import Account, BuildTime
from appliance.models.site import Removal, Site
from appliance.plan import UNLIMITED, Plan
from appliance.settings import Settings
from appliance.units import Size, Span


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """A plan as people see it: storage and upload in bytes, build_time in seconds; null where it does not limit."""

    name: str
    sites: int | None
    storage: int | None
    deploys: int | None
    upload: int | None
    build_time: float | None


class Plans:
    """The plans of this installation, and who has which. Used on the event loop only."""

    def __init__(self, plans: Sequence[Plan] = (), default: str = "") -> None:
        self._plans = {plan.name: plan for plan in plans}
        self._default = self._plans.get(default, UNLIMITED)

    @classmethod
    def of(cls, settings: Settings) -> "Plans":
        """As the operator set them."""
        return cls(settings.plans, settings.default_plan)

    @property
    def all(self) -> list[Plan]:
        """Every plan that there is, in the operator's order."""
        return list(self._plans.values())

    def named(self, name: str | None) -> Plan:
        """The plan of that name; the usual one for None, and for one that the operator has taken away."""
        return self._plans.get(name or "", self._default)

    def checked(self, name: str) -> str | None:
        """The name as it is stored for an account, None for the usual plan; Invalid for one that there is not."""
        if name and name not in self._plans:
            if not self._plans:
                sentence = f"There is no plan {name!r}: the operator writes plans into appliance.toml."
                raise Invalid(sentence, fields={"plan": "is no plan"})
            known = ", ".join(self._plans)
            raise Invalid(f"There is no plan {name!r}; there are {known}.", fields={"plan": "is no plan"})
        return name or None

    async def of_account(self, account: int) -> Plan:
        """An account's plan; that of nobody has no limits."""
        if not self._plans:
            return UNLIMITED
        row = await Account.get_or_none(id=account)
        return self.named(row.plan) if row else UNLIMITED

    async def sites_of(self, account: int) -> int:
        """How many sites an account owns; deleted ones are none."""
        deleted = Removal.all().values("site_id")
        return await Site.filter(owner_id=account, id__not_in=Subquery(deleted)).count()

    async def check_sites(self, account: int) -> None:
        """Forbidden when an account owns more sites than its plan has; in the transaction that gave it one more."""
        plan = await self.of_account(account)
        if plan.sites is None:
            return
        if await self.sites_of(account) > plan.sites:
            limit = limit_of(plan, "sites")
            one = f"The plan {plan.name} has 1 site ({limit.name}): delete it, or ask the operator for another plan."
            more = (
                f"The plan {plan.name} has {plan.sites:,} sites ({limit.name}): delete one, or ask the operator for "
                "another plan."
            )
            raise Forbidden(one if plan.sites == 1 else more, code="plan_sites", limit=limit)


def facts(plan: Plan) -> PlanFacts:
    """A plan as people see it."""
    return PlanFacts(
        name=plan.name,
        sites=plan.sites,
        storage=None if plan.storage is None else int(plan.storage),
        deploys=plan.deploys,
        upload=None if plan.upload is None else int(plan.upload),
        build_time=None if plan.build_time is None else float(plan.build_time),
    )


async def build_time(account: int) -> float:
    """Seconds that the account's sites were built in this month (UTC)."""
    row = await BuildTime.get_or_none(account_id=account, month=_month())
    return row.seconds if row else 0.0


async def spend_build_time(account: int, seconds: float) -> None:
    """Count what a build took."""
    this = BuildTime.filter(account_id=account, month=_month())
    if not await this.update(seconds=F("seconds") + seconds):
        await BuildTime.create(account_id=account, month=_month(), seconds=seconds)


def _month() -> str:
    return f"{datetime.now(UTC):%Y-%m}"


def limit_of(plan: Plan, name: str) -> Limit:
    """A limit of a plan as it is named to people: where it stands in `appliance.toml`, and its value."""
    value: int | Size | Span = getattr(plan, name)
    return Limit(f"plans.{plan.name}.{name}", str(value))

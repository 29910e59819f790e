"""What plans refuse of what is sent, stored and built: large uploads, content without room, builds without time.

A site's limits are those of its owner's plan, whoever deploys to it.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.errors import TooLarge
from appliance.plan import Plan
from appliance.plans import PlanFacts, Plans, build_time, facts, limit_of
from appliance.settings import Settings
from appliance.storage.ledger import Named
from appliance.usage import Usage


@dataclass(frozen=True, slots=True)
class Standing:
    """An account's plan, and what it uses of it: sites, bytes of storage, seconds of builds in this month (UTC)."""

    plan: PlanFacts
    sites: int
    storage: int
    build_time: float


@dataclass(frozen=True, slots=True)
class Allowance:
    """What accounts may store and build still. Used on the event loop only."""

    plans: Plans
    usage: Usage

    @classmethod
    def of(cls, stack: AsyncExitStack, settings: Settings, folder: DataFolder) -> "Allowance":
        """As the operator set the plans; the stack gives up what it holds open."""
        usage = Usage(folder)
        stack.push_async_callback(usage.close)
        return cls(Plans.of(settings), usage)

    async def standing(self, actor: Actor, account: int) -> Standing:
        """How an account stands to its plan: one's own, or any for operators and admins; Forbidden, NotFound."""
        used = await self.usage.of_account(actor, account)
        plan = await self.plans.of_account(account)
        sites = await self.plans.sites_of(account)
        return Standing(facts(plan), sites, used.bytes, await build_time(account))

    async def check_upload(self, account: int, size: int) -> None:
        """TooLarge when an upload, or what is sent for a listing, has more bytes than the plan takes."""
        plan = await self.plans.of_account(account)
        if plan.upload is not None and size > plan.upload:
            limit = limit_of(plan, "upload")
            raise TooLarge(
                f"The upload is larger than the {plan.upload} that the plan {plan.name} takes ({limit.name}): send "
                "less, or ask the operator for another plan.",
                code="plan_upload",
                limit=limit,
            )

    async def check(self, account: int) -> None:
        """TooLarge when the account's sites take all that its plan has, so that nothing need be sent."""
        plan = await self.plans.of_account(account)
        if plan.storage is not None:
            used, _ = await self.usage.room_for(account, {})
            if used >= plan.storage:
                raise _full(plan, used, 0)

    async def check_added(self, account: int, named: Named) -> None:
        """TooLarge when this content does not fit beside what the account's sites have."""
        plan = await self.plans.of_account(account)
        if plan.storage is not None:
            used, added = await self.usage.room_for(account, named)
            if used + added > plan.storage:
                raise _full(plan, used, added)

    async def check_build_time(self, account: int) -> None:
        """TooLarge when the account has built for as long as its plan lets it in this month."""
        plan = await self.plans.of_account(account)
        if plan.build_time is None:
            return
        used = await build_time(account)
        if used >= plan.build_time:
            limit = limit_of(plan, "build_time")
            raise TooLarge(
                f"The plan {plan.name} has {plan.build_time} of builds in a month ({limit.name}), and they are used "
                "up: upload what was built elsewhere, wait for the next month, or ask the operator for another plan.",
                code="plan_build_time",
                limit=limit,
            )


def _full(plan: Plan, used: int, added: int) -> TooLarge:
    limit = limit_of(plan, "storage")
    taken = f"Your sites take {used:,} bytes"
    if added:
        taken = f"Your sites take {used:,} bytes, and this needs {added:,} more"
    return TooLarge(
        f"The plan {plan.name} has {plan.storage} of storage ({limit.name}). {taken}: "
        "delete deploys or sites, or ask the operator for another plan.",
        code="plan_storage",
        limit=limit,
    )

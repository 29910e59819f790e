"""Plans: which there are, and how accounts stand to theirs."""

import msgspec
from quart import Blueprint

from appliance.actor import Actor
from appliance.allowance import Allowance, Standing
from appliance.api.edge import KEY, endpoint
from appliance.plans import PlanFacts, facts


class PlanList(msgspec.Struct, frozen=True):
    """The plans of this installation, in the operator's order."""

    items: list[PlanFacts]


def blueprint(allowance: Allowance) -> Blueprint:
    """The routes."""
    api = Blueprint("api_plans", __name__)

    @endpoint(api, "/plans", reply=PlanList, any_site=True)
    async def list_plans(*, actor: Actor) -> PlanList:  # noqa: ARG001 - whoever is signed in
        """List the plans that accounts may have."""
        return PlanList([facts(plan) for plan in allowance.plans.all])

    @endpoint(api, "/plan", reply=Standing)
    async def show_plan(*, actor: Actor) -> Standing:
        """Show one's own plan, and what one uses of it. A plan without a name has no limits."""
        return await allowance.standing(actor, actor.id)

    @endpoint(api, f"/accounts/<{KEY}:account>/plan", reply=Standing)
    async def show_account_plan(*, actor: Actor, account: int) -> Standing:
        """Show an account's plan, and what it uses of it: one's own, or any for operators and admins."""
        return await allowance.standing(actor, account)

    return api

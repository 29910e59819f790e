"""The people who have accounts here: listed and made by operators and admins, changed by operators."""

from dataclasses import replace

from quart import Response, request

from admin_ui import forms
from admin_ui.context.accounts import PeoplePage, Person, PersonPage
from admin_ui.context.common import PER_PAGE, Choice, pager, password_rule
from admin_ui.edge import Route, Visit, fields, go
from admin_ui.questions import Question
from admin_ui.screens.storage import storage_of
from admin_ui.words import moment, t
from appliance import accounts
from appliance.accounts import ROLES, AccountFacts, ChangeAccount
from appliance.errors import Conflict, Invalid, Problem


async def show(visit: Visit) -> Response:
    """The list."""
    return visit.page("people", await _page(visit))


async def create(visit: Visit) -> Response:
    """Make an account."""
    new = forms.new_account(await fields())
    try:
        await accounts.create(visit.parts.access, visit.actor, new)
    except (Invalid, Conflict) as problem:
        return visit.page("people", await _page(visit, new.email, new.role, problem), problem.status)
    return go("/people", done="created")


async def show_one(visit: Visit, account: int) -> Response:
    """One account's form."""
    return visit.page("person", await _person_page(visit, account))


async def ask_change(visit: Visit, account: int) -> Question | None:
    """Before somebody may do less than they may, or nothing; what does not change is not asked about."""
    if visit.actor.role != "operator":
        return None  # and refused
    facts, form = await accounts.get(visit.actor, account), await fields()
    wanted = forms.change_account(form)
    values = {"email": facts.email, "role": t(f"roles.{facts.role}")}
    carried = {name: form[name] for name in ("role", "plan", "disabled") if name in form}
    key = "disable" if wanted.disabled and not facts.disabled else "role" if _lowers(wanted.role, facts.role) else ""
    return Question(key, values, _href(account), "change", carried) if key else None


def _lowers(role: str | None, present: str) -> bool:
    return role in ROLES and ROLES.index(role) > ROLES.index(present)


async def change(visit: Visit, account: int) -> Response:
    """Save role, standing and plan."""
    wanted = forms.change_account(await fields())
    try:
        await accounts.change(visit.parts.access, visit.actor, account, wanted)
    except (Invalid, Conflict) as problem:
        return visit.page("person", await _person_page(visit, account, problem), problem.status)
    return go("/people", done="saved")


async def set_password(visit: Visit, account: int) -> Response:
    """Give somebody a new password, which ends their sign-ins: only if their e-mail was typed."""
    form = await fields()
    facts = await accounts.get(visit.actor, account)
    try:
        if visit.actor.role == "operator":  # all others are refused, whatever they typed
            forms.confirmed(form, facts.email)
        wanted = ChangeAccount(password=form.get("password", ""))
        await accounts.change(visit.parts.access, visit.actor, account, wanted)
    except Invalid as problem:
        page = replace(await _person_page(visit, account), password_refusal=problem.detail, faults=problem.fields)
        return visit.page("person", page, problem.status)
    return go(_href(account), done="saved")


async def _page(visit: Visit, email: str = "", role: str = "user", problem: Problem | None = None) -> PeoplePage:
    page = forms.page_number(request.args)
    people, total = await accounts.listing(visit.actor, page, PER_PAGE)
    length = visit.parts.settings.password_length
    return PeoplePage(
        rows=[_person(person, may_change=visit.actor.role == "operator") for person in people],
        pages=pager("/people", page, total),
        roles=_roles(() if visit.actor.role == "operator" else ("operator", "admin")),
        password_length=length,
        password_rule=password_rule(length),
        email=email,
        role=role,
        refusal=problem.detail if problem else "",
        faults=problem.fields if problem else {},
    )


def _person(facts: AccountFacts, *, may_change: bool) -> Person:
    href = _href(facts.id) if may_change else ""
    return Person(facts.email, facts.role, moment(facts.created_at), facts.disabled, href)


async def _person_page(visit: Visit, account: int, problem: Problem | None = None) -> PersonPage:
    facts, length = await accounts.get(visit.actor, account), visit.parts.settings.password_length
    return PersonPage(
        title=facts.email,
        href=_href(facts.id),
        password_rule=password_rule(length),
        password_length=length,
        role=facts.role,
        disabled=facts.disabled,
        roles=_roles(),
        storage=await storage_of(visit, account),
        plans=_plans(visit),
        plan=facts.plan,
        refusal=problem.detail if problem else "",
        faults=problem.fields if problem else {},
    )


def _plans(visit: Visit) -> list[Choice]:
    """None where the operator has not made any."""
    plans = visit.parts.allowance.plans.all
    return [Choice("", t("person.usual_plan")), *(Choice(plan.name, plan.name) for plan in plans)] if plans else []


def _href(account: int) -> str:
    return f"/people/{account}"


def _roles(without: tuple[str, ...] = ()) -> list[Choice]:
    return [Choice(role, t(f"role_choices.{role}")) for role in reversed(ROLES) if role not in without]


ONE = "/people/<int(max=2147483647):account>"
ROUTES = (
    Route("/people", show),
    Route("/people", create, "POST"),
    Route(ONE, show_one),
    Route(ONE, change, "POST", asks=ask_change),
    Route(f"{ONE}/password", set_password, "POST"),
)

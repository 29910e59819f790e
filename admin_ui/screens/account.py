"""One's own account: the password, sign-ins, and tokens for scripts."""

from dataclasses import replace

from quart import Response, request

from admin_ui import forms
from admin_ui.context.accounts import AccountPage, Token
from admin_ui.context.common import PER_PAGE, Choice, pager, password_rule
from admin_ui.edge import Route, Visit, fields, go
from admin_ui.languages import shipped
from admin_ui.look.themes import Themes
from admin_ui.questions import Question
from admin_ui.screens.sign_ins import sign_ins_of
from admin_ui.screens.storage import storage_of
from admin_ui.words import moment, spoken, t
from appliance import accounts, preferences, tokens
from appliance.actor import RIGHTS, Right
from appliance.errors import Problem
from appliance.sign_in import prove_again
from appliance.tokens import TokenFacts


async def show(visit: Visit) -> Response:
    """The page."""
    return visit.page("account", await _page(visit))


async def create_token(visit: Visit) -> Response:
    """Make a token and show it: in this answer and never again, so it is no redirect."""
    form = await fields()
    name, right, site = form.get("name", ""), form.get("right", ""), form.get("site", "").strip()
    try:
        made = await tokens.create(visit.actor, name, forms.right(right), site)
    except Problem as problem:
        page = replace(
            await _page(visit), token_name=name, token_right=right, token_site=site, token_refusal=problem.detail
        )
        return visit.page("account", page, problem.status)
    page = replace(await _page(visit), new_token=made.token, new_token_name=made.facts.name)
    return visit.page("account", page)


async def ask_remove_token(visit: Visit, token: int) -> Question:
    """By its name and the beginning of it, for it cannot be made again."""
    facts = await tokens.get(visit.actor, token)
    return Question("token", {"token": facts.name, "hint": facts.hint}, "/account")


async def remove_token(visit: Visit, token: int) -> Response:
    """Remove it."""
    await tokens.remove(visit.actor, token)
    return go("/account", done="token-deleted")


async def change_password(visit: Visit) -> Response:
    """Set a new password, if the present one is known; who has none yet sets the first."""
    form = await fields()
    access = visit.parts.access
    try:
        password = forms.new_password(form)
        if visit.session is None or await accounts.has_password(visit.actor):
            await prove_again(access, visit.actor, form.get("current_password", ""))
        await accounts.set_password(access, visit.actor, password, keep_session=visit.session)
    except Problem as problem:
        page = replace(await _page(visit), refusal=problem.detail, faults=problem.fields)
        return visit.page("account", page, problem.status)
    return go("/account", done="password")


async def _page(visit: Visit) -> AccountPage:
    page = forms.page_number(request.args)
    own, total = await tokens.listing(visit.actor, page, PER_PAGE)
    length = visit.parts.settings.password_length
    return AccountPage(
        email=visit.actor.email,
        role=visit.actor.role,
        tokens=[_token(token) for token in own],
        sign_ins=await sign_ins_of(visit),
        look=visit.preferences,
        schemes=[Choice(scheme, t(f"look.scheme.{scheme or 'system'}")) for scheme in preferences.SCHEMES],
        densities=[Choice(density, t(f"look.density.{density or 'comfortable'}")) for density in preferences.DENSITIES],
        themes=_themes(visit.pages.themes),
        languages=[
            Choice("", t("look.language_usual")),
            *(Choice(each.tag, each.own) for each in shipped().all.values()),
        ],
        rights=[Choice(right, right_words(right)) for right in reversed(RIGHTS)],
        pages=pager("/account", page, total),
        storage=await storage_of(visit, visit.actor.id),
        may_stop=visit.parts.stop is not None and visit.actor.role == "operator",
        has_password=await accounts.has_password(visit.actor),
        password_length=length,
        password_rule=password_rule(length),
    )


def _themes(themes: Themes) -> list[Choice]:
    language = spoken().tag
    usual = themes.found[themes.default].called(language)
    each = [Choice(name, theme.called(language)) for name, theme in themes.found.items()]
    return [Choice("", t("look.theme_usual", theme=usual)), *each]


def _token(token: TokenFacts) -> Token:
    used = moment(token.last_used_at) if token.last_used_at else None
    may = right_words(token.right)
    if token.site:
        may = t("account.only_site", right=may, site=token.site)
    return Token(token.name, token.hint, may, moment(token.created_at), used, _token_href(token.id))


def right_words(right: Right) -> str:
    """What a token with this right may do."""
    return t(f"rights.{right}")


def _token_href(token: int) -> str:
    return f"/account/tokens/{token}/delete"


ONE_TOKEN = "/account/tokens/<int(max=2147483647):token>/delete"  # noqa: S105 - an address, not a secret
ROUTES = (
    Route("/account", show),
    Route("/account/tokens", create_token, "POST"),
    Route(ONE_TOKEN, remove_token, "POST", asks=ask_remove_token),
    Route("/account/password", change_password, "POST"),
)

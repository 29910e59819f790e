"""The history: who changed what, filtered in the address, exported as JSON lines."""

from urllib.parse import urlencode

from quart import Response, request

from admin_ui import forms
from admin_ui.context.common import PER_PAGE, Choice, pager
from admin_ui.context.history import HistoryPage, change
from admin_ui.edge import Route, Visit
from admin_ui.words import t
from appliance import audit
from appliance.audit import ACTIONS, Entry, Only
from appliance.errors import Invalid

KINDS = (
    "",
    "deploy",
    "site",
    "gate",
    "alias",
    "publishing",
    "build",
    "variable",
    "git",
    "member",
    "account",
    "token",
    "sign-in",
    "sign-out",
)


async def show(visit: Visit) -> Response:
    """The newest changes that fit."""
    given = {name: request.args.get(name, "").strip() for name in ("action", "who", "site")}
    asked = {name: value for name, value in given.items() if value}
    number = forms.page_number(request.args)
    refusal, status = "", 200
    entries: list[Entry] = []
    total = 0
    try:
        only = Only(who=given["who"], site=given["site"], action=given["action"])
        entries, total = await audit.listing(visit.actor, only, number, PER_PAGE)
    except Invalid as problem:
        refusal, status = problem.detail, problem.status
    query = urlencode(asked)
    page = HistoryPage(
        rows=[change(entry) for entry in entries],
        pages=pager("/history", number, total, query=query),
        kinds=[Choice(kind, t(f"history_kinds.{kind or 'everything'}")) for kind in KINDS],
        kind=given["action"],
        who=given["who"],
        site=given["site"],
        export=f"/api/v1/audit/export?{query}".rstrip("?"),
        everybody=visit.runs_people,
        refusal=refusal,
    )
    return visit.page("history", page, status)


ROUTES = (Route("/history", show),)

if unnamed := {action.partition(".")[0] for action in ACTIONS} - set(KINDS):
    raise AssertionError(f"the history cannot be filtered for {unnamed}")

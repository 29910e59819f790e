"""Pages for what goes wrong: whatever the API's renderer says in JSON, said in HTML to browsers that ask for a page."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from quart import Blueprint, Response, g, request
from quart.wrappers.response import Response as AnyResponse

from admin_ui.edge import Edge, go, to_sign_in
from admin_ui.pages import Frame
from admin_ui.told import told
from appliance import guard, preferences, set_up
from appliance.errors import NotSignedIn
from appliance.preferences import Preferences
from appliance.streams import EVENTS

PROBLEM = "application/problem+json"
MACHINES = ("/api/", "/healthz", "/readyz", "/metrics")  # addresses that answer programs, whoever asks
KEPT = ("Allow", "Retry-After")  # headers that belong to the status


@dataclass(frozen=True, slots=True)
class Fault:
    """What a page says went wrong; `limit` names the setting that was hit, `request` finds the server's log lines."""

    title: str
    detail: str
    limit: str = ""
    request: str = ""


def install(blueprint: Blueprint, edge: Edge) -> None:
    """Send strangers to the sign-in screen, and say every other problem as a page."""
    blueprint.register_error_handler(NotSignedIn, _ask_to_sign_in)

    @blueprint.after_app_request
    async def as_page(response: AnyResponse) -> AnyResponse:
        if response.mimetype != PROBLEM or not (_wants_page() or _is_our_script()):
            return response
        problem = json.loads(await response.get_data())
        liked = await _preferences()
        edge.speak(liked.language)
        if not _wants_page():
            response.set_data(json.dumps(_told(problem)))
            return response
        frame = Frame(edge.pages.static, edge.pages.look(liked))
        page = edge.pages.answer("fault", _fault(problem), frame=frame, status=response.status_code)
        page.headers.update({name: response.headers[name] for name in KEPT if name in response.headers})
        return page


async def _ask_to_sign_in(problem: NotSignedIn) -> Response:
    if request.headers.get("Accept") == EVENTS:  # a script listens, and would take the screen for events
        return Response(status=problem.status, headers={"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"})
    if await set_up.is_open():
        return go("/setup")
    return to_sign_in(request.full_path.rstrip("?") if request.method == "GET" else "/")


def _wants_page() -> bool:
    return not request.path.startswith(MACHINES) and "text/html" in request.headers.get("Accept", "")


def _fault(problem: dict[str, object]) -> Fault:
    limit = problem.get("limit")
    named = f"{limit['name']}, {limit['value']}" if isinstance(limit, dict) else ""
    logged = (
        str(problem.get("request_id", "")) if int(str(problem["status"])) >= HTTPStatus.INTERNAL_SERVER_ERROR else ""
    )
    return Fault(told(str(problem["title"])), str(problem["detail"]), named, logged)


async def _preferences() -> Preferences:
    """What whoever asks has chosen; nothing for a stranger."""
    if "liked" not in g:
        g.liked = await preferences.of(g.signed.actor) if g.get("signed") else Preferences()
    liked: Preferences = g.liked
    return liked


def _is_our_script() -> bool:
    """Whether a page of ours asks, which shows people what it is answered."""
    return guard.CSRF_HEADER in request.headers


def _told(problem: dict[str, Any]) -> dict[str, Any]:
    """A problem in the language of the visit; its code, and all that is for programs, stays."""
    fields = {name: told(fault) for name, fault in problem.get("fields", {}).items()}
    return {**problem, "detail": told(problem["detail"]), **({"fields": fields} if fields else {})}

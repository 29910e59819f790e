"""Pages for what goes wrong: whatever the API's renderer says in JSON, said in HTML to browsers that ask for a page."""

import json
from dataclasses import dataclass

from quart import Blueprint, Response, g, request
from quart.wrappers.response import Response as AnyResponse

from admin_ui.edge import Edge, go, to_sign_in
from admin_ui.pages import Frame
from appliance import set_up
from appliance.errors import NotSignedIn
from appliance.preferences import Preferences

PROBLEM = "application/problem+json"
MACHINES = ("/api/", "/healthz", "/readyz", "/metrics")  # addresses that answer programs, whoever asks
KEPT = ("Allow", "Retry-After")  # headers that belong to the status


@dataclass(frozen=True, slots=True)
class Fault:
    """What a page says went wrong; `limit` names the setting that was hit."""

    title: str
    detail: str
    limit: str = ""


def install(blueprint: Blueprint, edge: Edge) -> None:
    """Send strangers to the sign-in screen, and say every other problem as a page."""
    blueprint.register_error_handler(NotSignedIn, _ask_to_sign_in)

    @blueprint.after_app_request
    async def as_page(response: AnyResponse) -> AnyResponse:
        if response.mimetype != PROBLEM or not _wants_page():
            return response
        problem = json.loads(await response.get_data())
        liked = g.get("liked", Preferences())
        edge.speak(liked.language)
        frame = Frame(edge.pages.static, edge.pages.look(liked))
        page = edge.pages.answer("fault", _fault(problem), frame=frame, status=response.status_code)
        page.headers.update({name: response.headers[name] for name in KEPT if name in response.headers})
        return page


async def _ask_to_sign_in(_: NotSignedIn) -> Response:
    if await set_up.is_open():
        return go("/setup")
    return to_sign_in(request.full_path.rstrip("?") if request.method == "GET" else "/")


def _wants_page() -> bool:
    return not request.path.startswith(MACHINES) and "text/html" in request.headers.get("Accept", "")


def _fault(problem: dict[str, object]) -> Fault:
    limit = problem.get("limit")
    named = f"{limit['name']}, {limit['value']}" if isinstance(limit, dict) else ""
    return Fault(str(problem["title"]), str(problem["detail"]), named)

"""What every adapter is made of: routes that tell by a personal token who asks, problems in the client's own form."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from quart import Blueprint, request
from quart.wrappers.response import Response
from werkzeug.exceptions import HTTPException

from appliance import guard
from appliance.access import Access
from appliance.actor import Actor, Right
from appliance.callers import SAFE_METHODS, Headers, Signed, bearer, by_personal_token
from appliance.errors import BadInput, Invalid, NotFound, Problem
from appliance.guard import Way
from appliance.parts import Parts
from appliance.texts import refuse_nul
from appliance.unforeseen import problem_of

STATIC_ONLY = "not supported: static sites only"
JSON = "application/json"
PER_PAGE = 200  # most items of a page, which bounds work and answer
PAGES = 1_000_000  # keeps the offset far inside what databases count

Value = TypeVar("Value")
Handler = Callable[..., Awaitable[Response]]
Render = Callable[[Problem], Response]


@dataclass(frozen=True, slots=True)
class Client:
    """A client whose protocol is spoken: what makes its routes, and how method and path of a request to them begin.

    `streams` is a pattern for `POST /path`: the routes it names read their request's body themselves.
    """

    streams: str
    blueprints: Callable[[Parts], tuple[Blueprint, ...]]


async def by_bearer(access: Access, headers: Headers) -> Signed | None:
    """Who is asking, where the client sends a personal token of ours as `Authorization: Bearer`."""
    token = bearer(headers)
    return await by_personal_token(access, token) if token else None


@dataclass(frozen=True, slots=True)
class Routes:
    """Routes of one client on its blueprint, all told who asks in the same way."""

    blueprint: Blueprint
    way: Way = by_bearer

    def add(self, method: str, rule: str, handler: Handler, right: Right | None = None) -> None:
        """Route to `async def handler(actor, <path parameters>)`; a change needs the right to deploy, or as is said."""

        async def view(**arguments: Any) -> Response:  # noqa: ANN401 - path parameters, as the rule has them
            refuse_nul([arguments, request.args.to_dict(flat=False)])
            return await handler(guard.actor(), **arguments)

        name = f"{method.lower()}_{rule}".replace(".", "_")
        guard.told_by(self.way, view)
        usual: Right = "read" if method in SAFE_METHODS else "deploy"
        guard.needs(right or usual, view, any_site=True)
        self.blueprint.add_url_rule(rule, name, view, methods=[method], provide_automatic_options=False)


def blueprint(name: str, prefix: str | None, render: Render) -> Blueprint:
    """A client's blueprint, in which everything that goes wrong is said by `render`."""
    made = Blueprint(f"client_{name}", __name__, url_prefix=prefix)

    async def answer_http(error: HTTPException) -> Response:
        return render(_as_problem(error))

    async def answer_problem(problem: Problem) -> Response:
        return render(problem)

    async def answer_crash(error: Exception) -> Response:
        return render(problem_of(error))

    made.register_error_handler(Problem, answer_problem)
    made.register_error_handler(HTTPException, answer_http)
    made.register_error_handler(Exception, answer_crash)
    return made


def refuse_the_rest(routes: Routes) -> None:
    """Answer every other address below the prefix in the client's own form."""

    async def unknown(_: Actor, rest: str = "") -> Response:
        raise NotFound(f"Dropdock does not answer {request.method} /{rest}: see the help page on clients.")

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        routes.add(method, "/<path:rest>", unknown)


def read(kind: type[Value], raw: bytes) -> Value:
    """A JSON body as a value; fields nobody asked for are passed over. BadInput, Invalid."""
    try:
        value = msgspec.json.decode(raw or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise Invalid(f"The body is not what was expected: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadInput("The body is not valid JSON (RFC 8259) in UTF-8.", code="bad_json") from None
    refuse_nul(value)
    return value


def pages_of(arguments: Mapping[str, str], usual: int = 100) -> tuple[int, int]:
    """Which page of a listing is asked for, and how many items it has; what makes no sense is passed over."""
    page, per_page = (_whole(arguments.get(name, "")) for name in ("page", "per_page"))
    return min(page or 1, PAGES), min(per_page or usual, PER_PAGE)


def answer(value: object, status: int = 200) -> Response:
    """A value as JSON that nobody keeps."""
    response = Response(msgspec.json.encode(value), status=status, content_type=JSON)
    response.headers["Cache-Control"] = "no-store"
    return response


def say_when(response: Response, problem: Problem) -> Response:
    """The answer with the time at which to come back, where that is known: in seconds, and as a time of day."""
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
        response.headers["X-RateLimit-Reset"] = str(int(time.time()) + problem.retry_after)
    return response


def _whole(text: str) -> int:
    return int(text) if len(text) < 10 and text.isascii() and text.isdecimal() else 0


def _as_problem(error: HTTPException) -> Problem:
    problem = Problem(error.description or error.name)
    problem.status = error.code or 500
    return problem

"""Everything that goes wrong, as RFC 9457 problem documents: the API's one renderer."""

import re

import msgspec
import structlog
from quart import Quart, request
from quart.wrappers.response import Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from appliance import guard
from appliance.errors import BadInput, Limit, NotFound, NotSignedIn, Problem, TooLarge
from appliance.settings import written
from appliance.unforeseen import problem_of
from appliance.units import Size

MEDIA_TYPE = "application/problem+json"


class LimitReply(msgspec.Struct, frozen=True):
    """The setting that was hit: its name in `appliance.toml` and its value as written there."""

    name: str
    value: str


class ProblemReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document (RFC 9457).

    `code` is stable, for programs; `detail` is one sentence for people that says what to do. `limit` names the setting
    that was hit, `fields` says what is wrong with which value, `request_id` finds the server's log lines.
    """

    title: str
    status: int
    code: str
    detail: str
    type: str = ""
    limit: LimitReply | None = None
    fields: dict[str, str] | None = None
    request_id: str | None = None


class WrongMethod(Problem):
    """The address is there, but not for this method."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


def install(app: Quart) -> None:
    """Render problems, Quart's own errors and everything unforeseen. A blueprint's own handlers come first."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_crash)


async def answer(problem: Problem) -> Response:
    """A problem as the answer to a request, with the headers its status asks for."""
    limit = LimitReply(problem.limit.name, problem.limit.value) if problem.limit else None
    document = ProblemReply(
        type="about:blank",
        title=problem.title,
        status=problem.status,
        code=problem.code,
        detail=problem.detail,
        limit=limit,
        fields=problem.fields or None,
        request_id=structlog.contextvars.get_contextvars().get("request_id"),
    )
    response = Response(msgspec.json.encode(document), status=problem.status, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(_headers(problem))
    return response


def _headers(problem: Problem) -> dict[str, str]:
    if isinstance(problem, NotSignedIn):
        return {"WWW-Authenticate": "Bearer"}  # RFC 6750 §3
    return {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}


async def _answer_http(error: HTTPException) -> Response:
    response = await answer(_as_problem(error))
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return response


def _as_problem(error: HTTPException) -> Problem:
    if isinstance(error, MethodNotAllowed):
        return WrongMethod("This address does not take that method; the Allow header names those it takes.")
    if isinstance(error, RequestEntityTooLarge):
        return _too_large(Size(request.max_content_length or 0), guard.access().settings.request_body)
    if error.code == NotFound.status:
        return NotFound("There is nothing at this address.")
    problem = BadInput(error.description or error.name, code=re.sub(r"\W+", "_", error.name.lower()))
    problem.status, problem.title = error.code or BadInput.status, error.name
    return problem


def _too_large(size: Size, setting: Size) -> TooLarge:
    limit = Limit("request_body", written(setting)) if size == setting else None  # less is not the operator's to change
    return TooLarge(f"This request's body is larger than {size}.", limit=limit)


async def _answer_crash(error: Exception) -> Response:
    return await answer(problem_of(error))

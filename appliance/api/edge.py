"""The API's edge: one decorator that routes, guards, reads, answers and describes an operation."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, TypeVar

import msgspec
from quart import Blueprint, Quart, request
from quart.wrappers.response import Response

from appliance import guard
from appliance.access import Access
from appliance.actor import Right
from appliance.api import problems
from appliance.api.values import Body, Listing, Page, is_optional, read_body, read_query
from appliance.callers import SAFE_METHODS
from appliance.errors import BadInput, Busy, Forbidden, Invalid, NotFound, NotSignedIn, Problem, TooLarge, Unsupported
from appliance.texts import refuse_nul

__all__ = ["JSON", "KEY", "Body", "Header", "Listing", "Operation", "Page", "endpoint", "install"]

KEY = "int(max=2147483647)"  # converter of numbers in addresses: as far as a database's integer key goes
JSON = "application/json"

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])


@dataclass(frozen=True, slots=True)
class Header:
    """A header of a request that an operation reads, and what it means."""

    name: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is known of an operation: enough to serve it and to describe it."""

    method: str
    body: type[msgspec.Struct] | None
    query: type[msgspec.Struct] | None
    reply: Any
    status: int
    errors: tuple[type[Problem], ...]
    anyone: bool
    upload: tuple[str, ...]
    stream: str | None
    headers: "tuple[Header, ...]"
    reads: type[msgspec.Struct] | None
    right: Right

    def problems(self, *, has_path: bool) -> tuple[type[Problem], ...]:
        """Every problem it may answer with: those it names, and those that follow from what it is."""
        kinds: list[type[Problem]] = [problems.WrongMethod, Busy, *self.errors]
        if not self.anyone:
            kinds += [NotSignedIn, Forbidden]
        if self.method not in SAFE_METHODS:
            kinds.append(Forbidden)
        if has_path:
            kinds.append(NotFound)
        if self.query is not None or self.headers:
            kinds.append(Invalid)
        if self.body is not None or self.upload:
            kinds += [BadInput, Invalid, TooLarge, Unsupported]
        return tuple(sorted(set(kinds), key=lambda kind: kind.status))


def install(app: Quart, access: Access) -> None:
    """Guard the app and render its problems. Before any blueprint is registered."""
    app.url_map.merge_slashes = False  # `//` in an address is a wrong address, not a redirect
    guard.install(app, access)
    problems.install(app)


def endpoint(  # noqa: PLR0913 - an operation's description is long, and each part has a name where it is used
    blueprint: Blueprint,
    rule: str,
    *,
    method: str = "GET",
    body: type[msgspec.Struct] | None = None,
    query: type[msgspec.Struct] | None = None,
    reply: Any = None,  # noqa: ANN401 - a Struct or a generic alias of one
    status: int = 200,
    errors: tuple[type[Problem], ...] = (),
    anyone: bool = False,
    upload: tuple[str, ...] = (),
    stream: str | None = None,
    headers: tuple[Header, ...] = (),
    reads: type[msgspec.Struct] | None = None,
    right: Right | None = None,
    any_site: bool = False,
) -> Callable[[Handler], Handler]:
    """Register `async def handler(*, actor, <path parameters>, body, query)` for a method and rule.

    It returns a value to encode, or (value, headers), or None with status 204. `actor` is passed unless `anyone` may
    ask; `body` and `query` when their types are given. With `upload`, a tuple of media types, it reads the request's
    body itself, which is a `reads` where that is JSON; with `stream`, a media type, it returns a Response. `headers`
    are those of the request that it reads. `right` and `any_site`: see `guard.needs`. Its docstring's first line is the
    operation's summary, the rest the description.
    """
    _check_strict(body)
    operation = Operation(
        method=method,
        body=body,
        query=query,
        reply=reply,
        status=status,
        errors=errors,
        anyone=anyone,
        upload=upload,
        stream=stream,
        headers=headers,
        reads=reads,
        right=right or ("read" if method in SAFE_METHODS else "all"),
    )

    def register(handler: Handler) -> Handler:
        view = guard.needs(operation.right, _view(operation, handler), any_site=any_site)
        blueprint.add_url_rule(
            rule, f"{method.lower()}_{handler.__name__}", view, methods=[method], provide_automatic_options=False
        )
        return handler

    return register


def _check_strict(body: type[msgspec.Struct] | None) -> None:
    if body is not None and not body.__struct_config__.forbid_unknown_fields:
        raise TypeError(f"{body.__name__} must refuse unknown fields: derive it from values.Body.")


def _view(operation: Operation, handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Response]]:
    async def view(**arguments: Any) -> Response:  # noqa: ANN401 - path parameters, as the rule has them
        if operation.query is not None:
            arguments["query"] = read_query(operation.query, request.args)
        if operation.body is not None:
            arguments["body"] = read_body(operation.body, await _json_body(operation.body))
        refuse_nul(arguments)
        if not operation.anyone:
            arguments["actor"] = guard.actor()
        result = await handler(**arguments)
        return result if operation.stream else _answer(operation, result)

    update_wrapper(view, handler)
    vars(view).update(operation=operation, anyone=operation.anyone)
    return view


async def _json_body(kind: type[msgspec.Struct]) -> bytes:
    raw = await request.body
    if request.mimetype != JSON and (raw or not is_optional(kind)):
        raise Unsupported(f"Send the body as {JSON}.")
    return bytes(raw)


def _answer(operation: Operation, result: Any) -> Response:  # noqa: ANN401 - whatever the handler made
    value, headers = result if isinstance(result, tuple) else (result, {})
    content = b"" if value is None else msgspec.json.encode(value)
    response = Response(content, status=operation.status, content_type=JSON)
    if value is None:
        del response.headers["Content-Type"]
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers)
    return response

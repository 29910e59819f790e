"""The API's description (OpenAPI 3.1), made from the routes themselves, and the page that shows it.

quart-schema is not used for it: of a msgspec type it documents the first component only, so that nested ones are lost,
and it knows no media type but JSON, while our problems and uploads have others. The edge knows each operation whole.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import msgspec
from quart import Quart
from quart.wrappers.response import Response
from werkzeug.exceptions import NotFound
from werkzeug.routing import Rule

from appliance import guard
from appliance.access import Access
from appliance.api.edge import JSON, KEY, Operation
from appliance.api.problems import MEDIA_TYPE, ProblemReply
from appliance.api.values import is_optional
from appliance.callers import CookieNames
from appliance.errors import NotSignedIn, Problem, TooMany
from appliance.version import VERSION

ABOUT = """Publish static sites. Errors are problem documents (RFC 9457) with a stable `code`.

Send `Authorization: Bearer <token>` with a personal token or an access token. A browser's cookies do as well; every
change then also needs the header `X-CSRF-Token`, with the value that signing in returned."""
REFERENCE = "#/components/schemas/{name}"
VIEWER = {  # every file of `viewer/` that is served, and as what
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PARAMETER = re.compile(r"<(?:(?P<converter>[^<>:]+):)?(?P<name>\w+)>")
HEADERS: dict[type[Problem], dict[str, Any]] = {
    NotSignedIn: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "Bearer"}},
    TooMany: {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds to wait"}},
}

Json = dict[str, Any]


def install(app: Quart) -> None:
    """Serve `/api/openapi.json` and `/api/docs`, to anyone: how to ask is no secret."""

    @cache  # made when first asked for: it would slow every start
    def description() -> bytes:
        return msgspec.json.encode(document(app))

    @guard.opened
    async def openapi() -> Response:
        return Response(description(), content_type=JSON)

    app.add_url_rule("/api/openapi.json", "openapi", openapi)
    app.add_url_rule("/api/docs", "openapi_docs", _docs)
    app.add_url_rule("/api/docs/<name>", "openapi_viewer", _viewer)


def document(app: Quart) -> Json:
    """The description of every operation registered with `edge.endpoint`."""
    operations = list(_operations(app))
    access: Access = app.extensions[guard.EXTENSION]
    paths: Json = {}
    for rule, name, operation, about in operations:
        path = PARAMETER.sub(r"{\g<name>}", rule)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(rule, name, operation, about)
    kinds = {kind for rule, _, operation, _ in operations for kind in _problems(rule, operation)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Dropdock", "version": VERSION, "description": ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas([operation for _, _, operation, _ in operations]),
            "responses": {kind.__name__: _problem(kind) for kind in sorted(kinds, key=lambda kind: kind.status)},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": CookieNames.of(access).access},
            },
        },
    }


def _operations(app: Quart) -> Iterator[tuple[str, str, Operation, str]]:
    rules: list[Rule] = sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
    for rule in rules:
        view = app.view_functions[rule.endpoint]
        operation = getattr(view, "operation", None)
        if operation is not None:
            yield rule.rule, view.__name__, operation, view.__doc__ or ""


def _operation(rule: str, name: str, operation: Operation, about: str) -> Json:
    summary, _, description = about.strip().partition("\n")
    described: Json = {
        "operationId": name,
        "summary": summary,
        "tags": [next((part for part in rule.split("/")[3:] if part), "")],
        "parameters": [*_path_parameters(rule), *_query_parameters(operation.query), *_headers(operation)],
        "responses": _responses(rule, operation),
        "security": [] if operation.anyone else [{"token": []}, {"cookie": []}],
    }
    if description.strip():
        described["description"] = "\n".join(line.strip() for line in description.strip().splitlines())
    if not operation.anyone:
        described["x-token-right"] = operation.right
    if operation.body is not None:
        content = {JSON: {"schema": {"$ref": REFERENCE.format(name=operation.body.__name__)}}}
        described["requestBody"] = {"required": not is_optional(operation.body), "content": content}
    if operation.upload:
        content = {kind: _upload(kind, operation.reads) for kind in operation.upload}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _path_parameters(rule: str) -> Iterator[Json]:
    for match in PARAMETER.finditer(rule):
        schema: Json = {"type": "string", "minLength": 1}
        if match["converter"] == KEY:
            schema = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
        yield {"name": match["name"], "in": "path", "required": True, "schema": schema}


def _query_parameters(query: type[msgspec.Struct] | None) -> Iterator[Json]:
    if query is None:
        return
    schema = _components([query])[query.__name__]
    for name, value in schema["properties"].items():
        parameter = {"name": name, "in": "query", "required": name in schema["required"], "schema": value}
        if "description" in value:
            parameter["description"] = value.pop("description")
        yield parameter


def _headers(operation: Operation) -> Iterator[Json]:
    for header in operation.headers:
        yield {"name": header.name, "in": "header", "description": header.about, "schema": {"type": "string"}}


def _upload(kind: str, reads: type[msgspec.Struct] | None) -> Json:
    if reads is not None:
        return {"schema": {"$ref": REFERENCE.format(name=reads.__name__)}}
    if kind == "multipart/form-data":
        return {"schema": {"type": "object", "additionalProperties": {"type": "string", "format": "binary"}}}
    return {"schema": {"type": "string", "format": "binary"}}


def _responses(rule: str, operation: Operation) -> Json:
    responses: Json = {str(operation.status): _success(operation)}
    for kind in _problems(rule, operation):
        responses[str(kind.status)] = {"$ref": f"#/components/responses/{kind.__name__}"}
    return responses


def _success(operation: Operation) -> Json:
    if operation.stream is not None:
        return {"description": "A stream, as it is made", "content": {operation.stream: {"schema": {"type": "string"}}}}
    if operation.reply is None:
        return {"description": "Done"}
    (schema,), _ = msgspec.json.schema_components([operation.reply], ref_template=REFERENCE)
    return {"description": "Done", "content": {JSON: {"schema": schema}}}


def _problems(rule: str, operation: Operation) -> tuple[type[Problem], ...]:
    return operation.problems(has_path="<" in rule)


def _problem(kind: type[Problem]) -> Json:
    content = {MEDIA_TYPE: {"schema": {"$ref": REFERENCE.format(name=ProblemReply.__name__)}}}
    return {"description": kind.title, "headers": HEADERS.get(kind, {}), "content": content}


def _schemas(operations: list[Operation]) -> Json:
    types: list[Any] = [ProblemReply]
    for operation in operations:
        types += [kind for kind in (operation.body, operation.reads, operation.reply) if kind is not None]
    return _components(types)


def _components(types: list[Any]) -> Json:
    _, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    return components


@guard.opened
async def _docs() -> Response:
    response = Response(_asset("index.html"), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@guard.opened
async def _viewer(name: str) -> Response:
    if name not in VIEWER:
        raise NotFound
    response = Response(_asset(name), content_type=VIEWER[name])
    response.headers["Cache-Control"] = "max-age=86400"
    return response


def _asset(name: str) -> bytes:
    return resources.files("appliance.api").joinpath("viewer", name).read_bytes()

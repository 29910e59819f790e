"""The edge: what every operation of the API has in common."""

import asyncio
from contextlib import suppress
from typing import Annotated

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quart import Blueprint, Quart, Response, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import ImATeapot

from appliance import guard
from appliance.actor import Actor
from appliance.api import openapi, problems
from appliance.api.edge import KEY, Body, Page, endpoint
from appliance.api.values import read_body, read_query
from appliance.errors import BadInput, Busy, Invalid

PROBLEM = "application/problem+json"


class Thing(Body, frozen=True, kw_only=True):
    """A thing."""

    name: Annotated[str, msgspec.Meta(max_length=5)]
    count: int = 1


class Wish(Body, frozen=True, kw_only=True):
    """Nothing in it is needed."""

    note: str | None = None


class Tap(msgspec.Struct):
    """How it drips."""

    speed: Annotated[int, msgspec.Meta(description="drops a second")] = 1


class Echo(msgspec.Struct):
    """What was understood."""

    said: str


def things() -> Blueprint:
    api = Blueprint("api_things", __name__)

    @endpoint(api, "/things", method="POST", body=Thing, reply=Echo, status=201)
    async def create_thing(*, actor: Actor, body: Thing) -> tuple[Echo, dict[str, str]]:
        """Make a thing."""
        return Echo(f"{actor.email}: {body.count} {body.name}"), {"Location": "/things/1"}

    @endpoint(api, f"/things/<{KEY}:thing>", query=Page, reply=Echo)
    async def show_thing(*, actor: Actor, thing: int, query: Page) -> Echo:
        """Show a thing."""
        return Echo(f"{actor.role} {thing} {query.page} {query.per_page}")

    @endpoint(api, "/things", method="DELETE", status=204)
    async def delete_things(*, actor: Actor) -> None:
        """Delete them all."""

    @endpoint(api, "/wishes", method="POST", body=Wish, reply=Echo, anyone=True)
    async def make_wish(*, body: Wish) -> Echo:
        """Wish for something."""
        return Echo(body.note or "nothing")

    @endpoint(api, "/pour", method="PUT", upload=("application/zip", "multipart/form-data"), reply=Echo)
    async def pour(*, actor: Actor) -> Echo:
        """Take anything.

        Really
        anything.
        """
        return Echo(str(len(await request.body)))

    @endpoint(api, "/drip", query=Tap, stream="text/event-stream")
    async def drip(*, actor: Actor, query: Tap) -> Response:
        """Give drop by drop."""
        return Response(b"data: drop\n\n", content_type="text/event-stream")

    @endpoint(api, "/fail/<how>", anyone=True)
    async def fail(*, how: str) -> Echo:
        """Go wrong."""
        raise {"busy": Busy("Not now."), "crash": ZeroDivisionError("a secret detail")}[how]

    return api


@pytest.fixture
def app(app: Quart) -> Quart:
    app.register_blueprint(things(), url_prefix="/api/v1")

    @app.get("/closed")
    async def closed() -> str:
        return "for accounts"

    @app.get("/open")
    @guard.opened
    async def opened() -> str:
        who = await guard.signed_if_any()
        return who.actor.email if who else "a stranger"

    return app


async def test_an_operation_gets_actor_and_body_and_answers_with_headers(user: httpx.AsyncClient) -> None:
    answer = await user.post("/things", json={"name": "cups", "count": 3})

    assert answer.status_code == 201
    assert answer.json() == {"said": "alice@example.org: 3 cups"}
    assert answer.headers["Location"] == "/things/1"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_an_operation_gets_path_and_query(user: httpx.AsyncClient) -> None:
    answer = await user.get("/things/7?page=2&per_page=200")

    assert answer.json() == {"said": "user 7 2 200"}


async def test_nothing_to_say_is_204_without_a_body(user: httpx.AsyncClient) -> None:
    answer = await user.delete("/things")

    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer.headers


async def test_a_stream_is_answered_as_it_is(user: httpx.AsyncClient) -> None:
    answer = await user.get("/drip")

    assert answer.text == "data: drop\n\n"
    assert answer.headers["Content-Type"] == "text/event-stream"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/things/7"),
        ("GET", "/api/v1/things/7?page=wrong"),
        ("POST", "/api/v1/things"),
        ("PUT", "/api/v1/pour"),
        ("GET", "/closed"),
        ("HEAD", "/closed"),
    ],
)
async def test_what_is_not_open_needs_an_account_before_anything_is_looked_at(
    address: str, method: str, path: str
) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        answer = await client.request(method, path)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert method == "HEAD" or answer.json()["code"] == "not_signed_in"


@pytest.mark.parametrize("token", ["dd_wrong", "no.jwt.really", "x", "dd_\xff"])
async def test_a_wrong_token_is_no_account_even_beside_good_cookies(
    anybody: httpx.AsyncClient, alice: Actor, token: str
) -> None:
    await anybody.post("/auth/sign-in", json={"email": alice.email, "password": "alice owns this site"})

    answer = await anybody.get("/me", headers={b"Authorization": f"Bearer {token}".encode("latin1")})

    assert answer.status_code == 401


async def test_another_scheme_of_authorization_is_none_of_our_business(
    anybody: httpx.AsyncClient, alice: Actor
) -> None:
    await anybody.post("/auth/sign-in", json={"email": alice.email, "password": "alice owns this site"})

    answer = await anybody.get("/me", headers={"Authorization": "Basic cHJveHk6cGFzcw=="})

    assert answer.json()["email"] == alice.email


async def test_a_plain_view_can_be_opened(address: str, user: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        assert (await client.get("/open")).text == "a stranger"
    assert (await user.get(f"{address}/open")).text == "alice@example.org"
    assert (await user.get(f"{address}/closed")).text == "for accounts"


def test_shipped_files_are_open_and_everything_else_is_not() -> None:
    async def view() -> str:
        return ""

    assert guard.is_open("static", view)
    assert guard.is_open("admin.static", view)
    assert not guard.is_open("admin.sites", view)
    assert guard.is_open("admin.sign_in", guard.opened(view))


@pytest.mark.parametrize(
    ("body", "status", "code", "fields"),
    [
        (b"", 400, "bad_json", None),
        (b"{", 400, "bad_json", None),
        (b'{"name": "\xff"}', 400, "bad_json", None),
        (b'{"name": "\\ud800"}', 400, "bad_json", None),
        (b"[" * 100_000, 422, "invalid", None),
        (b"[]", 422, "invalid", None),
        (b"{}", 422, "invalid", {"name": "is missing"}),
        (b'{"name": 1}', 422, "invalid", {"name": "expected `str`, got `int`"}),
        (b'{"name": "cupboards"}', 422, "invalid", {"name": "expected `str` of length <= 5"}),
        (b'{"name": "cups", "colour": 1}', 422, "invalid", {"colour": "is not a known field"}),
        (b'{"name": "cups", "count": 1e400}', 422, "invalid", {"count": "number out of range"}),
    ],
)
async def test_a_wrong_body_is_named(
    user: httpx.AsyncClient, body: bytes, status: int, code: str, fields: dict[str, str] | None
) -> None:
    answer = await user.post("/things", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"], answer.json().get("fields")) == (status, code, fields)
    assert answer.headers["Content-Type"] == PROBLEM


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/json5"])
async def test_a_body_must_say_that_it_is_json(user: httpx.AsyncClient, kind: str) -> None:
    answer = await user.post("/things", content=b'{"name": "cups"}', headers={"Content-Type": kind} if kind else {})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_type")


async def test_json_with_parameters_is_json(user: httpx.AsyncClient) -> None:
    answer = await user.post(
        "/things", content=b'{"name": "cups"}', headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )

    assert answer.status_code == 201


async def test_a_body_in_which_nothing_is_needed_may_be_left_out(anybody: httpx.AsyncClient) -> None:
    assert (await anybody.post("/wishes")).json() == {"said": "nothing"}
    assert (await anybody.post("/wishes", json={"note": "rain"})).json() == {"said": "rain"}
    assert (await anybody.post("/wishes", content=b"rain")).status_code == 415


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 1000001", b""),  # refused as announced, before any of it is sent
        (b"Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (1_000_001, b" " * 1_000_001)),
    ],
)
async def test_a_body_past_the_limit_names_the_setting(
    address: str, user: httpx.AsyncClient, framing: bytes, body: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    bearer = user.headers["Authorization"].encode()

    writer.write(
        b"POST /api/v1/things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Authorization: %b\r\n%b\r\n\r\n%b" % (bearer, framing, body)
    )
    status = await reader.readline()
    answer = await reader.readuntil(b"}")
    writer.close()

    assert status == b"HTTP/1.1 413 \r\n"
    assert b'"limit":{"name":"request_body","value":"1MB"}' in answer


def test_a_body_type_that_takes_unknown_fields_is_not_registered() -> None:
    class Careless(msgspec.Struct):
        name: str

    with pytest.raises(TypeError, match="unknown fields"):
        endpoint(Blueprint("api", __name__), "/careless", method="POST", body=Careless)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=x", "page"),
        ("per_page=201", "per_page"),
        ("page=99999999999999999999", "page"),
        ("page=1&page=2", "page"),
        ("sort=name", "sort"),
    ],
)
async def test_a_wrong_parameter_is_named(user: httpx.AsyncClient, query: str, field: str) -> None:
    answer = await user.get(f"/things/1?{query}")

    assert answer.status_code == 422
    assert answer.json()["fields"].keys() == {field}


async def test_the_csrf_parameter_is_the_guards_not_the_operations(user: httpx.AsyncClient) -> None:
    assert (await user.get("/things/1?csrf=x")).status_code == 200


@pytest.mark.parametrize("path", ["/nothing", "/things/9999999999", "/things/x", "//things/1", "/things/1/"])
async def test_what_is_not_there_is_a_problem(user: httpx.AsyncClient, path: str) -> None:
    answer = await user.get(f"{user.base_url}"[:-1] + path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["Content-Type"] == PROBLEM


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE"])
async def test_a_wrong_method_is_told_the_right_ones(anybody: httpx.AsyncClient, method: str) -> None:
    answer = await anybody.request(method, "/things")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "DELETE, POST"


async def test_a_problem_is_rendered_from_its_class(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/fail/busy")

    assert answer.json() == {
        "type": "about:blank",
        "title": "Busy",
        "status": 503,
        "code": "busy",
        "detail": "Not now.",
    }
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_crash_tells_nothing_but_that_it_happened(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/fail/crash")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret detail" not in answer.text


async def test_an_unusual_http_error_keeps_its_status(app: Quart) -> None:
    async with app.test_request_context("/"):
        answer = await problems._answer_http(ImATeapot())

    assert answer.status_code == 418
    assert (await answer.get_json(force=True))["code"] == "i_m_a_teapot"


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(msgspec.json.encode))
def test_no_body_does_more_than_be_refused(raw: bytes) -> None:
    with suppress(BadInput):
        assert isinstance(read_body(Thing, raw), Thing)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(["page", "per_page", "csrf", "x"]) | st.text(), st.text())))
def test_no_query_does_more_than_be_refused(pairs: list[tuple[str, str]]) -> None:
    with suppress(Invalid):
        assert 1 <= read_query(Page, MultiDict(pairs)).per_page <= 200


def test_an_operation_is_described_as_it_is_served(app: Quart) -> None:
    paths = openapi.document(app)["paths"]

    drip, pour, show = (
        paths["/api/v1/drip"]["get"],
        paths["/api/v1/pour"]["put"],
        paths["/api/v1/things/{thing}"]["get"],
    )
    assert drip["responses"]["200"]["content"].keys() == {"text/event-stream"}
    assert pour["requestBody"]["content"].keys() == {"application/zip", "multipart/form-data"}
    assert [parameter["name"] for parameter in show["parameters"]] == ["thing", "page", "per_page"]
    assert show["responses"].keys() == {"200", "401", "403", "404", "405", "422", "503"}
    assert pour["description"] == "Really\nanything."


def test_a_parameter_is_described(app: Quart) -> None:
    [parameter] = openapi.document(app)["paths"]["/api/v1/drip"]["get"]["parameters"]

    assert parameter == {
        "name": "speed",
        "in": "query",
        "required": False,
        "description": "drops a second",
        "schema": {"type": "integer", "default": 1},
    }

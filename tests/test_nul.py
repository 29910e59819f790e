"""No text with a NUL in it is taken, whatever it comes by: PostgreSQL has no place for one, and SQLite cuts there."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
import pytest_asyncio

import admin_ui
from appliance.api.edge import Operation
from appliance.errors import Invalid
from appliance.texts import refuse_nul
from tests.admin_ui.desk import Desk
from tests.builders import Appliance, appliance
from tests.cast import OLGA

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUL = "a\0"  # short enough for all of them


@dataclass(frozen=True)
class Field:
    """A text that an operation reads, and a request in which it has a NUL."""

    route: str
    name: str
    query: dict[str, Any]
    body: dict[str, Any] | None


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Appliance]:
    data = tmp_path_factory.mktemp("nul") / "data"
    async with appliance(data, [OLGA], admin=admin_ui.blueprints) as running:
        yield running


async def test_no_text_of_the_api_takes_one(server: Appliance) -> None:
    fields = [field for route, operation in operations(server) for field in fields_of(route, operation)]
    taken = []

    async with server.client(OLGA) as client:
        for field in fields:
            method, _, rule = field.route.partition(" ")
            path = re.sub(r"<int[^>]*>", "1", rule)
            path = re.sub(r"<[^>]*>", "x", path)
            answer = await client.request(method, path, params=field.query, json=field.body)
            if answer.status_code != 422 or "NUL character" not in answer.text:
                taken.append((field.route, field.name, answer.status_code, answer.text[:200]))

    assert len(fields) > 40
    assert taken == []


def operations(server: Appliance) -> Iterator[tuple[str, Operation]]:
    """Every operation of the API, as `METHOD /rule`."""
    app = server.running.app
    for rule in app.url_map.iter_rules():
        operation = getattr(app.view_functions[rule.endpoint], "operation", None)
        if operation is not None:
            yield f"{operation.method} {rule.rule}", operation


def fields_of(route: str, operation: Operation) -> Iterator[Field]:
    """Its texts, each in a request that has nothing else wrong with it."""
    query, body = needed(operation.query), needed(operation.body)
    for name, value in spoilt(operation.query):
        yield Field(route, name, {**query, name: value}, body if operation.body else None)
    for name, value in spoilt(operation.body):
        yield Field(route, name, query, {**body, name: value})


def spoilt(kind: type[msgspec.Struct] | None) -> Iterator[tuple[str, Any]]:
    """The fields of a value that may hold any text, with one that has a NUL."""
    for field in msgspec.structs.fields(kind) if kind else ():
        value = sample(msgspec.inspect.type_info(field.type), NUL)
        if repr(NUL)[1:-1] in repr(value):
            yield field.encode_name, value


def needed(kind: type[msgspec.Struct] | None) -> dict[str, Any]:
    """What has to be there."""
    required = (field for field in msgspec.structs.fields(kind) if field.required) if kind else ()
    return {field.encode_name: sample(msgspec.inspect.type_info(field.type), "x") for field in required}


def sample(kind: msgspec.inspect.Type, text: str) -> Any:  # noqa: PLR0911 - one for each kind of type
    """A value of this type in which every text is this one."""
    match kind:
        case msgspec.inspect.Metadata():
            return sample(kind.type, text)
        case msgspec.inspect.StrType():
            return text
        case msgspec.inspect.UnionType():
            return sample(kind.types[0], text)
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType():
            return [sample(kind.item_type, text)]
        case msgspec.inspect.DictType():
            return {sample(kind.key_type, "x"): sample(kind.value_type, text)}
        case msgspec.inspect.LiteralType():
            return kind.values[0]
        case msgspec.inspect.StructType():
            return {field.encode_name: sample(field.type, text) for field in kind.fields if field.required}
        case msgspec.inspect.BoolType():
            return True
        case _:
            return 1


async def test_no_address_has_one(server: Appliance) -> None:
    async with server.client(OLGA) as client:
        asked = [await client.get(path) for path in ("/api/v1/sites/a%00", "/sites/a%00", "/?find=a%00")]

    assert {answer.status_code for answer in asked} <= {400, 422}


async def test_no_form_of_the_admin_takes_one(server: Appliance) -> None:
    async with Desk.of(server, OLGA) as olga:
        answer = await olga.submit("/sites", name=NUL)

    assert answer.status_code == 422
    assert "holds a NUL character, which no text may hold" in answer.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/netlify/sites", {"name": NUL}),
        (f"/cloudflare/accounts/{1:032x}/pages/projects", {"name": "x", "production_branch": NUL}),
    ],
)
async def test_no_client_of_another_host_sends_one(server: Appliance, path: str, body: dict[str, str]) -> None:
    async with server.client(OLGA) as client:
        answer = await client.post(path, json=body)

    assert answer.status_code == 422
    assert "NUL character" in answer.text


async def test_a_message_of_a_form_for_cloudflare_has_none(server: Appliance) -> None:
    async with server.client(OLGA) as client:
        await client.post("/api/v1/sites", json={"name": "pages"})
        form = {"manifest": (None, "{}"), "commit_message": (None, NUL)}
        address = f"/cloudflare/accounts/{server.actors[OLGA.email].id:032x}/pages/projects/pages/deployments"
        answer = await client.post(address, files=form)

    assert (answer.status_code, "NUL character" in answer.text) == (422, True)


@pytest.mark.parametrize("value", [{"a": [{"b": NUL}]}, {"a": {NUL: 1}}, ["x", (NUL,)]])
async def test_one_is_found_wherever_it_is(value: object) -> None:
    with pytest.raises(Invalid):
        refuse_nul(value)

    refuse_nul({"a": [1, None, "x", {"y": ("z",)}]})

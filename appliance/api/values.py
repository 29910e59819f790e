"""What comes in and goes out of the API as values: bodies, queries, pages; and what is said when one is wrong."""

import re
from typing import Annotated, Generic, TypeVar

import msgspec
from werkzeug.datastructures import MultiDict

from appliance.errors import BadInput, Invalid
from appliance.guard import CSRF_FIELD

PER_PAGE = 200  # most items of a page, which bounds work and answer
PAGES = 1_000_000  # keeps the offset far inside what databases count

PageNumber = Annotated[int, msgspec.Meta(ge=1, le=PAGES)]
PerPage = Annotated[int, msgspec.Meta(ge=1, le=PER_PAGE)]

Item = TypeVar("Item")
Value = TypeVar("Value", bound=msgspec.Struct)


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of request bodies."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Which page of a listing, from 1, and how many items it has."""

    page: PageNumber = 1
    per_page: PerPage = 50


class Listing(msgspec.Struct, Generic[Item], frozen=True):
    """One page of a listing; `total` is how many items there are in all."""

    items: list[Item]
    page: int
    per_page: int
    total: int


def read_body(kind: type[Value], raw: bytes) -> Value:
    """A JSON body as a value. Raises BadInput when it is no JSON, Invalid when it is not what is asked for.

    An empty body stands for one without fields, where all fields may be left out.
    """
    if not raw and is_optional(kind):
        return kind()
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise _fault(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadInput("The body is not valid JSON (RFC 8259) in UTF-8.", code="bad_json") from None


def read_query(kind: type[Value], arguments: MultiDict[str, str]) -> Value:
    """Query parameters as a value; Invalid when one is unknown, given twice or not allowed."""
    values = {}
    for name, given in arguments.lists():
        if len(given) > 1:
            raise Invalid(f"The parameter {name!r} is given twice.", fields={name: "is given twice"})
        if name == CSRF_FIELD:
            continue  # the guard's, not ours
        if name not in kind.__struct_fields__:
            raise Invalid(f"There is no parameter {name!r}.", fields={name: "is not a known parameter"})
        values[name] = given[0]
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _fault(str(error)) from None


def is_optional(kind: type[msgspec.Struct]) -> bool:
    """Whether all fields of a body may be left out."""
    return not any(field.required for field in msgspec.structs.fields(kind))


def _fault(message: str) -> Invalid:
    """From msgspec's `what is wrong - at `$.path``, or its sentence that names a field, to our problem."""
    what, _, path = message.partition(" - at `$")
    path = path.strip("`.")
    if named := re.search(r"(unknown|missing required) field `(.+)`", what):
        path = ".".join(part for part in (path, named[2]) if part)
        what = "is not a known field" if named[1] == "unknown" else "is missing"
        return Invalid(f"The value {path!r} {what}.", fields={path: what})
    what = what[:1].lower() + what[1:]
    return Invalid(f"The value {path or 'sent'!r} is not allowed: {what}.", fields={path: what} if path else None)

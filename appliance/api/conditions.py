"""The headers that say under which condition, and how often at most, a change is to be made."""

import re

from quart import request

from appliance.api.edge import Header
from appliance.errors import Invalid

IF_MATCH = Header("If-Match", 'the deploy that has to be live, such as "kq3v9wzx7m" or "12"; * for any')
IF_NONE_MATCH = Header("If-None-Match", "*: nothing may be live yet")
IDEMPOTENCY_KEY = Header("Idempotency-Key", "the same key for the same site makes no second deploy")
CONDITIONS = (IF_MATCH, IF_NONE_MATCH)
_TAG = re.compile(r'"?([a-z0-9]{1,16}|\*)"?')
_KEY = re.compile(r'"?([\x21\x23-\x7e][\x20\x21\x23-\x7e]{0,253})"?')


def if_live() -> str | None:
    """The deploy that has to be live, as `NewDeploy.if_live` has it; Invalid."""
    none = request.headers.get(IF_NONE_MATCH.name)
    tag = request.headers.get(IF_MATCH.name)
    if none is not None and (none.strip() != "*" or tag is not None):
        raise _refused(IF_NONE_MATCH)
    if none is not None:
        return ""
    if tag is None:
        return None
    match = _TAG.fullmatch(tag.strip())
    if match is None:
        raise _refused(IF_MATCH)
    return match[1]


def key() -> str:
    """The key of the request, "" where it has none; Invalid."""
    given = request.headers.get(IDEMPOTENCY_KEY.name)
    if given is None:
        return ""
    match = _KEY.fullmatch(given.strip())
    if match is None:
        raise _refused(IDEMPOTENCY_KEY)
    return match[1]


def _refused(header: Header) -> Invalid:
    return Invalid(
        f"The header {header.name} cannot be used. It is {header.about}.", fields={header.name: "cannot be used"}
    )

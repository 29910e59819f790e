"""What a request says of the deploy it makes, in its query and its headers."""

from typing import Annotated

import msgspec

from appliance.api import conditions
from appliance.deploys import NewDeploy
from appliance.errors import Invalid
from appliance.units import Span

SHORTEST, LONGEST = 1, 366 * 24 * 60 * 60  # seconds


class AgainQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be remembered of a deploy, and where it goes."""

    message: Annotated[str, msgspec.Meta(max_length=500, description="why this deploy is made")] = ""
    draft: Annotated[bool, msgspec.Meta(description="do not make it live")] = False
    branch: Annotated[str, msgspec.Meta(max_length=255, description="the branch it was made from")] = ""
    commit: Annotated[str, msgspec.Meta(max_length=64, description="the commit it was made from")] = ""
    alias: Annotated[
        str, msgspec.Meta(max_length=63, description="point this alias to it, instead of making it live")
    ] = ""
    expires: Annotated[
        str, msgspec.Meta(max_length=20, description="after what time it stops answering, such as 2h or 30d")
    ] = ""


class DeployQuery(AgainQuery, frozen=True, kw_only=True):
    """The same of what is sent, which may have to be built."""

    build: Annotated[
        str, msgspec.Meta(max_length=32, description="what a source is: auto, static or a generator; else it is asked")
    ] = ""


def new_deploy(query: AgainQuery, filename: str = "", build: str = "") -> NewDeploy:
    """From the request that is answered; Invalid."""
    return NewDeploy(
        message=query.message,
        filename=filename,
        draft=query.draft,
        branch=query.branch,
        commit=query.commit,
        alias=query.alias,
        expires=_seconds(query.expires),
        if_live=conditions.if_live(),
        key=conditions.key(),
        build=build,
    )


def _seconds(text: str) -> float | None:
    if not text:
        return None
    try:
        seconds = float(Span.parse(text))
    except ValueError:
        seconds = 0
    if not SHORTEST <= seconds <= LONGEST:
        rule = "use a time from one second to 366 days, such as 2h or 30d"
        raise Invalid(f"{text!r} cannot be the life of a deploy: {rule}.", fields={"expires": rule})
    return seconds

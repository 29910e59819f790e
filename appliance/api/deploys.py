"""Deploys: upload, list, follow, publish, roll back."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Literal

import msgspec
from quart import Blueprint, request
from quart.wrappers.response import Response

from appliance import guard
from appliance.actor import Actor
from appliance.api.conditions import CONDITIONS, IDEMPOTENCY_KEY, if_live
from appliance.api.edge import Body, Listing, Page, endpoint
from appliance.api.new_deploys import AgainQuery, DeployQuery, new_deploy
from appliance.deploys import DeployFacts, Deploys, Filter, Publishing, Redeploying, no_such
from appliance.errors import BadInput, Busy, Conflict, Invalid, NotFound, TooLarge, TooMany, Unsupported
from appliance.following import LogPart, follow
from appliance.intake import Intake
from appliance.jobs import Jobs
from appliance.parts import Parts
from appliance.streams import EVENTS, Streams
from appliance.uploads import body_of

UPLOAD_TYPES = (
    "application/zip",
    "application/x-zip-compressed",
    "application/x-tar",
    "application/gzip",
    "application/x-gzip",
    "application/zstd",
    "application/octet-stream",
    "multipart/form-data",
)


class DeploysQuery(Page, frozen=True, kw_only=True):
    """Which page, and which deploys are wanted."""

    state: Literal["queued", "working", "ready", "expired", "failed"] | None = None
    branch: Annotated[str, msgspec.Meta(max_length=255)] = ""
    production: bool | None = None


class DeployPage(Listing[DeployFacts], frozen=True):
    """One page of a site's deploys, newest first."""


class UploadQuery(DeployQuery, frozen=True, kw_only=True):
    """What to do with an upload."""

    filename: Annotated[str, msgspec.Meta(max_length=255, description="what the upload is called")] = ""


class EventsQuery(msgspec.Struct, frozen=True):
    """From where on to follow."""

    after: Annotated[int, msgspec.Meta(ge=0, le=10_000_000, description="how many lines of the log are known")] = 0


class Which(Body, frozen=True):
    """A deploy of the site, by id, number or alias."""

    deploy: Annotated[str, msgspec.Meta(min_length=1, max_length=63)]


def blueprint(parts: Parts) -> Blueprint:
    """The routes."""
    api = Blueprint("api_deploys", __name__)
    _looking(api, parts.deploys, parts.jobs, parts.streams)
    _uploading(api, parts.intake)
    _redeploying(api, parts.redeploying)
    _publishing(api, parts.publishing)
    return api


def _looking(api: Blueprint, deploys: Deploys, jobs: Jobs, streams: Streams) -> None:
    @endpoint(api, "/sites/<name>/deploys", query=DeploysQuery, reply=DeployPage, errors=(NotFound,))
    async def list_deploys(*, actor: Actor, name: str, query: DeploysQuery) -> DeployPage:
        """List a site's deploys, newest first; in a state, from a branch, meant to go live or not.

        `production` is false for drafts and for those that were made for an alias.
        """
        state = "queued" if query.state == "working" else query.state
        only = Filter((state,) if state else (), query.branch, query.production)
        items, total = await deploys.listing(actor, name, query.page, query.per_page, only)
        return DeployPage(items, query.page, query.per_page, total)

    @endpoint(api, "/deploys/<deploy>", reply=DeployFacts, errors=(NotFound,))
    async def show_deploy(*, actor: Actor, deploy: str) -> DeployFacts:
        """Show a deploy with its steps, problems and log."""
        facts = await deploys.get(actor, deploy)
        return replace(facts, log=await jobs.lines(deploy))

    @endpoint(api, "/deploys/<deploy>/events", query=EventsQuery, stream=EVENTS, errors=(NotFound, TooMany))
    async def follow_deploy(*, actor: Actor, deploy: str, query: EventsQuery) -> Response:
        """Follow a deploy, until it is finished.

        An event `deploy` with its JSON comes at once and after each change, an event `log` for new lines of its log:
        `{"after": how many came before, "lines": [{"at": …, "text": …, "step": …}]}`.
        """
        told = follow(jobs, actor, deploy, query.after)
        first = await anext(told, None)
        if first is None:
            raise no_such(deploy)  # not an empty stream
        return streams.answer(actor, _events(first, told, guard.proof()))


def _uploading(api: Blueprint, intake: Intake) -> None:
    @endpoint(
        api,
        "/sites/<name>/deploys",
        method="POST",
        query=UploadQuery,
        headers=(*CONDITIONS, IDEMPOTENCY_KEY),
        upload=UPLOAD_TYPES,
        reply=DeployFacts,
        status=202,
        errors=(NotFound, BadInput, TooLarge, Unsupported, TooMany, Busy, Conflict),
        right="deploy",
    )
    async def upload_deploy(*, actor: Actor, name: str, query: UploadQuery) -> DeployFacts:
        """Upload a site as the request's body: a ZIP, a tar (also gzip or zstd) or a form with files.

        The deploy is worked on after the answer: follow it at `deploys/{id}/events`.
        """
        new = new_deploy(query, query.filename, query.build)
        if request.mimetype not in UPLOAD_TYPES:
            raise Unsupported(f"Send the upload as one of: {', '.join(UPLOAD_TYPES)}.")
        return await intake.receive(actor, name, new, body_of(request), request.content_length)


def _redeploying(api: Blueprint, redeploying: Redeploying) -> None:
    @endpoint(
        api,
        "/deploys/<deploy>/redeploy",
        method="POST",
        query=AgainQuery,
        headers=(*CONDITIONS, IDEMPOTENCY_KEY),
        reply=DeployFacts,
        status=202,
        errors=(NotFound, Conflict, Invalid, TooLarge),
        right="deploy",
    )
    async def redeploy(*, actor: Actor, deploy: str, query: AgainQuery) -> DeployFacts:
        """Make a new deploy of a deploy's files, as they were sent or built, with the site's options of today.

        Nothing is sent or built for it. Its message, branch and commit are the other's unless others are given. The
        deploy is worked on after the answer: follow it at `deploys/{id}/events`.
        """
        return await redeploying.redeploy(actor, deploy, new_deploy(query))


def _publishing(api: Blueprint, publishing: Publishing) -> None:
    @endpoint(
        api,
        "/sites/<name>/publish",
        method="POST",
        body=Which,
        headers=CONDITIONS,
        reply=DeployFacts,
        errors=(NotFound, Conflict, Invalid),
        right="deploy",
    )
    async def publish_deploy(*, actor: Actor, name: str, body: Which) -> DeployFacts:
        """Make a ready deploy live, older or newer."""
        return await publishing.publish(actor, name, body.deploy, if_live())

    @endpoint(
        api,
        "/deploys/<deploy>/undo",
        method="POST",
        reply=DeployFacts,
        errors=(NotFound, Conflict),
        right="deploy",
    )
    async def undo_deploy(*, actor: Actor, deploy: str) -> DeployFacts:
        """Take back that a deploy went live: what was live before it is again, or nothing where nothing was."""
        return await publishing.undo(actor, deploy)

    @endpoint(
        api,
        "/sites/<name>/rollback",
        method="POST",
        headers=CONDITIONS,
        reply=DeployFacts,
        errors=(NotFound, Conflict),
        right="deploy",
    )
    async def roll_back(*, actor: Actor, name: str) -> DeployFacts:
        """Make live what was live before."""
        return await publishing.rollback(actor, name, if_live())


async def _events(
    first: DeployFacts | LogPart,
    rest: AsyncIterator[DeployFacts | LogPart],
    may_know: Callable[[], Awaitable[bool]],
) -> AsyncIterator[bytes]:
    yield _event(first)
    async for now in rest:
        if not await may_know():
            return
        yield _event(now)


def _event(now: DeployFacts | LogPart) -> bytes:
    name = b"log" if isinstance(now, LogPart) else b"deploy"
    return b"event: " + name + b"\ndata: " + msgspec.json.encode(now) + b"\n\n"

"""Deploys that send only what changed: list paths and digests, send what is missing, finish."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from quart import Blueprint

from appliance.actor import Actor
from appliance.api.conditions import CONDITIONS, IDEMPOTENCY_KEY
from appliance.api.edge import JSON, Body, endpoint
from appliance.api.new_deploys import DeployQuery, new_deploy
from appliance.api.packed_bodies import packed_body
from appliance.api.values import read_body
from appliance.deploys import DeployFacts, Difference, Listed, Listing, Listings, Name, Opened
from appliance.errors import BadInput, Busy, Conflict, Invalid, NotFound, TooLarge, Unsupported
from appliance.settings import Settings

Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
REFUSALS = (NotFound, BadInput, Invalid, TooLarge, Unsupported, Conflict, Busy)


class ListingBody(Body, frozen=True):
    """What a deploy is to hold: `files` are [path, SHA-256, bytes].

    With `base`, a deploy by id or number, it holds what that does, but for `files`, which are added or replaced, and
    the paths in `remove`. `exact` keeps paths as they are; else what is done to an archive's is done to them.
    """

    files: list[tuple[str, Digest, Size]] = msgspec.field(default_factory=list)
    exact: bool = False
    base: Annotated[str, msgspec.Meta(max_length=63)] = ""
    remove: list[str] = msgspec.field(default_factory=list)

    def listing(self) -> Listing:
        """As the core has it."""
        files = tuple(Listed(path, Name("sha256", sha256), size) for path, sha256, size in self.files)
        return Listing(files, self.exact, self.base, tuple(self.remove))


@dataclass(frozen=True, slots=True)
class OpenedFacts:
    """A deploy that was begun: how many files it lists, and the SHA-256 of what is missing, with its bytes in all."""

    id: str
    site: str
    files: int
    missing: list[str]
    missing_bytes: int


def blueprint(listings: Listings, settings: Settings) -> Blueprint:
    """The routes."""
    api = Blueprint("api_listings", __name__)
    _listing_files(api, listings, settings)
    _finishing(api, listings)
    return api


def _listing_files(api: Blueprint, listings: Listings, settings: Settings) -> None:
    @endpoint(
        api,
        "/sites/<name>/listings",
        method="POST",
        query=DeployQuery,
        headers=(*CONDITIONS, IDEMPOTENCY_KEY),
        upload=(JSON,),
        reads=ListingBody,
        reply=OpenedFacts,
        status=201,
        errors=REFUSALS,
        right="deploy",
    )
    async def begin_deploy(*, actor: Actor, name: str, query: DeployQuery) -> OpenedFacts:
        """Begin a deploy by listing its files; the answer names the content that is missing.

        The body may be sent with `Content-Encoding: zstd` or `gzip`. Send what is missing to `contents`, then finish.
        """
        new = new_deploy(query, build=query.build)
        body = await _listing(settings)
        return _facts(await listings.begin(actor, name, new, body.listing()))

    @endpoint(
        api,
        "/sites/<name>/comparison",
        method="POST",
        upload=(JSON,),
        reads=ListingBody,
        reply=Difference,
        errors=REFUSALS,
        right="read",
    )
    async def compare_listing(*, actor: Actor, name: str) -> Difference:
        """Say what a deploy of this listing would change of what is live, and how many bytes it would send."""
        body = await _listing(settings)
        return await listings.compare(actor, name, body.listing())


def _finishing(api: Blueprint, listings: Listings) -> None:
    @endpoint(api, "/listings/<deploy>", reply=OpenedFacts, errors=(NotFound,))
    async def show_listing(*, actor: Actor, deploy: str) -> OpenedFacts:
        """Show what is missing still of a deploy that was begun."""
        return _facts(await listings.get(actor, deploy))

    @endpoint(
        api,
        "/listings/<deploy>/finish",
        method="POST",
        reply=DeployFacts,
        status=202,
        errors=(NotFound, Conflict, Invalid),
        right="deploy",
    )
    async def finish_deploy(*, actor: Actor, deploy: str) -> DeployFacts:
        """Finish a deploy whose content is here; asked again, it answers the same.

        The deploy is worked on after the answer: follow it at `deploys/{id}/events`.
        """
        return await listings.finish(actor, deploy)

    @endpoint(api, "/listings/<deploy>", method="DELETE", status=204, right="deploy")
    async def cancel_deploy(*, actor: Actor, deploy: str) -> None:
        """Give up a deploy that was begun; what was sent for it waits for another."""
        await listings.cancel(actor, deploy)


async def _listing(settings: Settings) -> ListingBody:
    return read_body(ListingBody, await packed_body(settings))


def _facts(opened: Opened) -> OpenedFacts:
    missing = [file.name.value for file in opened.missing]
    return OpenedFacts(opened.id, opened.site, opened.files or 0, missing, sum(f.size or 0 for f in opened.missing))

"""Content sent ahead of a deploy: one file, or many small ones at once."""

from dataclasses import dataclass

from quart import Blueprint, request

from appliance.actor import Actor
from appliance.api.edge import endpoint
from appliance.api.packed_bodies import body_of, packed_body
from appliance.deploys import Contents, Name, Stored
from appliance.errors import BadInput, Busy, Invalid, TooLarge, Unsupported
from appliance.settings import Settings

BYTES = "application/octet-stream"
LENGTH = 8  # bytes before each content of a bundle
REFUSALS = (BadInput, Invalid, TooLarge, Unsupported, Busy)


@dataclass(frozen=True, slots=True)
class StoredContents:
    """What a bundle held: the SHA-256 of each content, in the bundle's order."""

    contents: list[str]


def blueprint(contents: Contents, settings: Settings) -> Blueprint:
    """The routes."""
    api = Blueprint("api_contents", __name__)

    @endpoint(
        api,
        "/contents/<sha256>",
        method="PUT",
        upload=(BYTES,),
        reply=Stored,
        errors=REFUSALS,
        right="deploy",
        any_site=True,
    )
    async def put_content(*, actor: Actor, sha256: str) -> Stored:
        """Send the content with this SHA-256, as it is; sent twice, it is taken twice."""
        name = Name("sha256", sha256)
        if not name.is_one:
            rule = "use 64 hexadecimal digits in lower case"
            raise Invalid(f"{sha256!r} is no SHA-256: {rule}.", fields={"sha256": rule})
        return await contents.put(actor, body_of(request), name, request.content_length)

    @endpoint(
        api,
        "/contents",
        method="POST",
        upload=(BYTES,),
        reply=StoredContents,
        errors=REFUSALS,
        right="deploy",
        any_site=True,
    )
    async def put_contents(*, actor: Actor) -> StoredContents:
        """Send many small contents at once: before each, its length as 8 bytes, the most significant first.

        The body may be sent with `Content-Encoding: zstd` or `gzip`.
        """
        stored = await contents.put_many(actor, _split(await packed_body(settings)))
        return StoredContents([each.sha256 for each in stored])

    return api


def _split(body: bytes) -> list[bytes]:
    view = memoryview(body)
    found: list[bytes] = []
    at = 0
    while at < len(view):
        end = at + LENGTH + int.from_bytes(view[at : at + LENGTH], "big")
        if at + LENGTH > len(view) or end > len(view):
            raise BadInput("The bundle ends in the middle of a file: send it again.", code="cut_short")
        found.append(bytes(view[at + LENGTH : end]))
        at = end
    return found

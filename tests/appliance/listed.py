"""Listings made of words instead of folders, and a server that deploys them without HTTP between."""

import asyncio
import base64
import hashlib

from blake3 import blake3

from appliance.actor import Actor
from appliance.deploys import DeployFacts, Listed, Listing, Name, NewDeploy
from appliance.parts import Parts

Texts = dict[str, str]


def sha256(text: str) -> Name:
    return Name("sha256", hashlib.sha256(text.encode()).hexdigest())


def sha1(text: str) -> Name:
    return Name("sha1", hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def pages(text: str, extension: str) -> Name:
    """As Cloudflare's client names content."""
    return Name("pages", blake3(base64.b64encode(text.encode()) + extension.encode()).hexdigest()[:32])


def listing_of(texts: Texts, **more: object) -> Listing:
    """The listing of a site of these texts."""
    files = tuple(Listed(path, sha256(text), len(text.encode())) for path, text in texts.items())
    return Listing(files, **more)  # type: ignore[arg-type]  # as the test says


async def sent(parts: Parts, actor: Actor, *texts: str) -> None:
    """Content that an account has sent."""
    for text in texts:
        await parts.contents.put_bytes(actor, text.encode(), sha256(text))


async def settled(parts: Parts, actor: Actor, deploy: str) -> DeployFacts:
    """The deploy once nothing more happens to it."""
    async with asyncio.timeout(60):
        async for facts in parts.deploys.watch(actor, deploy):
            last = facts
    return last


async def made(parts: Parts, actor: Actor, site: str, texts: Texts, new: NewDeploy | None = None) -> DeployFacts:
    """A finished deploy of these texts, of which only what is missing was sent."""
    new = new or NewDeploy()
    opened = await parts.listings.begin(actor, site, new, listing_of(texts, exact=True))
    by_name = {sha256(text): text for text in texts.values()}
    await sent(parts, actor, *(by_name[file.name] for file in opened.missing))
    await parts.listings.finish(actor, new.id)
    return await settled(parts, actor, new.id)

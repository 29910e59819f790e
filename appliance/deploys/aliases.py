"""Aliases: named pointers to deploys, each with a host of its own, `<alias>--<site>.<base>`."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from tortoise.transactions import in_transaction

from appliance import audit, sites
from appliance.actor import Actor
from appliance.deploys.finding import LONGEST_ALIAS, Facts, named
from appliance.deploys.pointers import move_alias
from appliance.deploys.publishing import Publishing
from appliance.errors import Conflict, Invalid, NotFound
from appliance.live import LiveSites
from appliance.models.deploy import Alias, Deploy
from appliance.models.site import Site
from appliance.pointer import Pointer

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
RULE = "use the letters a-z, digits and single hyphens, with a letter or digit at both ends"
SEPARATOR = "--"  # between alias and site in a label
PUNYCODE = "xn"  # `xn--…` says that a label is written in Punycode (RFC 5891)
DIGEST = 6  # hexadecimal digits that tell long branches with the same beginning apart


@dataclass(frozen=True, slots=True)
class AliasFacts:
    """An alias as people see it: its address, the deploy it points to and its number, and since when it does."""

    name: str
    url: str
    deploy: str
    number: int
    moved_at: datetime


class Aliases:
    """The aliases of this installation. Used on the event loop only."""

    def __init__(self, facts: Facts, publishing: Publishing, live: LiveSites) -> None:
        self._facts = facts
        self._publishing = publishing
        self._live = live

    async def listing(self, actor: Actor, site: str) -> list[AliasFacts]:
        """A site's aliases by name; NotFound."""
        row = await sites.find(actor, site)
        found = await Alias.filter(site=row).order_by("name").select_related("deploy")
        return [self._facts_of(alias, site) for alias in found]

    async def set(self, actor: Actor, site: str, name: str, deploy: str) -> AliasFacts:
        """Let an alias, made if need be, point to a ready deploy, by id, number or other alias.

        NotFound; Invalid for a name that cannot be one, Conflict when the deploy is not ready.
        """
        row = await sites.find(actor, site)
        await check_alias(row, name)
        target = await named(row, deploy)
        async with self._publishing.moving():
            async with in_transaction():
                now = await Deploy.get_or_none(id=target.id)
                if now is None or now.state != "ready" or now.manifest is None:
                    state = now.state if now else "deleted"
                    raise Conflict(f"Deploy {target.number} of {site} is not ready: it is {state}.", code="not_ready")
                await move_alias(row.id, name, now.id)
                await audit.record(actor, "alias.set", row, alias=name, deploy=now.id, number=now.number)
            await self._live.point(name, Pointer(site, now.id, now.manifest))
        return self._facts_of(await Alias.get(site=row, name=name).select_related("deploy"), site)

    async def remove(self, actor: Actor, site: str, name: str) -> None:
        """Take an alias away; its address answers 404 from then on, its deploy stays. NotFound."""
        row = await sites.find(actor, site)
        async with self._publishing.moving():
            async with in_transaction():
                if len(name) > LONGEST_ALIAS or not await Alias.filter(site=row, name=name).delete():
                    raise NotFound(f"{site} has no alias {name!r}.", code="no_such_alias")
                await audit.record(actor, "alias.delete", row, alias=name)
            await self._live.unpoint(site, [name])

    def _facts_of(self, alias: Alias, site: str) -> AliasFacts:
        url = self._facts.alias_url(site, alias.name)
        return AliasFacts(alias.name, url, alias.deploy_id, alias.deploy.number, alias.moved_at)


async def check_alias(site: Site, name: str) -> None:
    """Invalid unless a site can have an alias of this name; Conflict when it is the id of one of its deploys."""
    longest = room_for_alias(site.name)
    if not NAME.fullmatch(name) or SEPARATOR in name or name == PUNYCODE:
        raise Invalid(f"{name!r} cannot be an alias: {RULE}.", code="bad_alias", fields={"alias": RULE})
    if len(name) > longest:
        rule = f"use at most {longest} characters, or the address would be too long with this site's name"
        raise Invalid(f"{name!r} cannot be an alias: {rule}.", code="bad_alias", fields={"alias": rule})
    if await Deploy.exists(id=name if len(name) <= 16 else ""):
        raise Conflict(f"{name!r} is the id of a deploy: choose another alias.", code="bad_alias")


def room_for_alias(site: str) -> int:
    """How many characters an alias of a site may have: a label has 63."""
    return LONGEST_ALIAS - len(SEPARATOR) - len(site)


def label_of(branch: str, site: str) -> str:
    """The alias for a branch of a site: in lower case, every other character a hyphen, as other hosts have it.

    Branches that differ in such characters only share one. What is too long is cut and told apart by a digest.
    """
    label = re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-")
    longest = room_for_alias(site)
    if label and label != PUNYCODE and len(label) <= longest:
        return label
    digest = hashlib.sha256(branch.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST]
    return f"{label[: longest - DIGEST - 1].strip('-')}-{digest}".strip("-")

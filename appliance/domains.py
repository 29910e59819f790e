"""Domains: the host names that lead to a site, and those of the installation, read from where they are decided.

Every name of a site follows from its own and the `base` of the installation; one of somebody's own, bound to a site,
would be one more `Domain` of `of_site`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.deploys import Aliases
from appliance.sites import Sites

LOCAL = "localhost"
EACH = "<deploy>"  # what stands for the id of any deploy in a pattern


@dataclass(frozen=True, slots=True)
class Domain:
    """A host name of a site, or the pattern of several: what it shows, and since when.

    `url` is empty for a pattern; `deploy` and `number` are those that visitors get there, None for a pattern and where
    nothing is live. Of all names of a site one is `canonical`: the one to give away.
    """

    host: str
    url: str
    kind: Literal["site", "alias", "deploys"]
    canonical: bool = False
    alias: str = ""
    deploy: str | None = None
    number: int | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """The names of the installation: sites live below `base`, all of them match `wildcard`, the admin has `admin`.

    `is_local`: only the machine it runs on finds them.
    """

    base: str
    wildcard: str
    admin: str
    is_local: bool


class Domains:
    """The names of this installation. Used on the event loop only."""

    def __init__(self, addresses: Addresses, sites: Sites, aliases: Aliases) -> None:
        self._addresses = addresses
        self._sites = sites
        self._aliases = aliases

    @property
    def base(self) -> Base:
        """What every name of a site ends in, which is no secret."""
        base = self._addresses.base
        return Base(base, f"*.{base}", self._addresses.admin, is_local=base == LOCAL)

    async def of_site(self, actor: Actor, name: str) -> list[Domain]:
        """A site's names: its own, those of its aliases, and the pattern of its deploys'; NotFound."""
        site = await self._sites.get(actor, name)
        aliases = await self._aliases.listing(actor, site.name)
        live = site.live
        own = Domain(
            self._addresses.site_host(site.name),
            site.url,
            "site",
            canonical=True,
            deploy=live.deploy if live else None,
            number=live.number if live else None,
            since=live.published_at if live else None,
        )
        named = [
            Domain(
                self._addresses.deploy_host(site.name, alias.name),
                alias.url,
                "alias",
                alias=alias.name,
                deploy=alias.deploy,
                number=alias.number,
                since=alias.moved_at,
            )
            for alias in aliases
        ]
        return [own, *named, Domain(self._addresses.deploy_host(site.name, EACH), "", "deploys")]

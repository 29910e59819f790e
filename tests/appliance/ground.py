"""Sites and deploys over a database and a table, without a server: deploys are made of words instead of uploads."""

import hashlib
from dataclasses import dataclass

from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.data_folder import DataFolder
from appliance.deploys import Aliases, DeployFacts, Deploys, Facts, Locks, NewDeploy, Publishing, Ready
from appliance.live import LiveSites
from appliance.pointer import Compiler
from appliance.progress import Progress
from appliance.removals import Removals
from appliance.serving.table import Table
from appliance.sites import NewSite, Sites
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Entry, Manifest, Manifests
from appliance.storage.savings import summed
from appliance.units import Span

ADDRESSES = Addresses(base="localhost", admin="localhost", scheme="http", port=8080)
FOR_GOOD = Span(0.0)  # deleted sites are not kept
KEY_AGE = 24 * 60 * 60.0  # seconds


@dataclass(frozen=True)
class Ground:
    """What publishing moves on."""

    table: Table
    manifests: Manifests
    live: LiveSites
    sites: Sites
    removals: Removals
    deploys: Deploys
    publishing: Publishing
    aliases: Aliases
    locks: Locks

    @classmethod
    def on(cls, folder: DataFolder, addresses: Addresses = ADDRESSES, keep: Span = FOR_GOOD) -> "Ground":
        """A ground as it is after a start of the server."""
        table, manifests = Table(reserved=addresses.is_admin), Manifests(folder.manifests)
        live = LiveSites(table, addresses, Compiler(manifests, Blobs(folder.blobs)))
        facts = Facts(addresses)
        publishing = Publishing(facts, live)
        return cls(
            table=table,
            manifests=manifests,
            live=live,
            sites=Sites(addresses, live),
            removals=Removals(publishing, live, keep),
            deploys=Deploys(facts, publishing, KEY_AGE),
            publishing=publishing,
            aliases=Aliases(facts, publishing, live),
            locks=Locks(publishing),
        )

    async def site(self, owner: Actor, name: str) -> None:
        """Have a site."""
        await self.sites.create(owner, NewSite(name))

    async def accepted(self, actor: Actor, site: str, *, draft: bool = False) -> DeployFacts:
        """Have a deploy that waits to be worked on."""
        return await self.deploys.accept(actor, site, NewDeploy(draft=draft), Progress())

    async def finished(self, deploy: str, text: str) -> None:
        """Work on a deploy and finish it, with a page that says this."""
        work = await self.deploys.work_on(deploy)
        assert work is not None
        manifest = manifest_of(text)
        await self.deploys.finish(deploy, Ready(manifest, self.manifests.put(manifest), summed(manifest)))

    async def ready(self, actor: Actor, site: str, text: str, *, draft: bool = False) -> DeployFacts:
        """Have a finished deploy with a page that says this."""
        accepted = await self.accepted(actor, site, draft=draft)
        await self.finished(accepted.id, text)
        return await self.deploys.get(actor, accepted.id)

    async def shown(self, host: str) -> str | None:
        """The hash of the page at a host, as the switch would find it."""
        release = self.table.find(host) or await self.live.find(host)
        return release.entries["index.html"].sha256 if release else None


def manifest_of(text: str) -> Manifest:
    """A site of one page."""
    return Manifest(entries={"index.html": Entry(sha(text), len(text), "text/html; charset=utf-8", 0)})


def sha(text: str) -> str:
    """The hash of a page that says this."""
    return hashlib.sha256(text.encode()).hexdigest()

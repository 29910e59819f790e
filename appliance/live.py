"""From the live pointers to the table visitors are answered from; the one module that knows both planes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tortoise.exceptions import ValidationError

from appliance.addresses import Addresses, SiteHost
from appliance.former import GraceTime, earlier_deploys, published_manifests
from appliance.models.deploy import Alias, Deploy, Live
from appliance.models.site import Removal
from appliance.news import News
from appliance.peers import Alone, Peers
from appliance.pointer import Compiler, Pointer
from appliance.serving.entrances import Entrances
from appliance.serving.release import Release
from appliance.serving.table import Table
from appliance.storage.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Prepared:
    """A release that is compiled, here and in the other processes, and not yet what visitors get."""

    pointer: Pointer
    release: Release


class LiveSites:
    """Which deploy each site has live, and the compiled releases of those that somebody has asked for.

    Releases are loaded at the first request for their host, so that a start costs the same with ten thousand sites;
    a published one is put in place at once. Used on the event loop only.
    """

    def __init__(
        self,
        table: Table,
        addresses: Addresses,
        compiler: Compiler,
        entrances: Entrances | None = None,
        grace: GraceTime | None = None,
        news: News | None = None,
    ) -> None:
        self.peers: Peers = Alone()
        self.news = news or News()
        self._grace = grace or GraceTime()
        self.entrances = entrances or Entrances()
        self._table = table
        self._addresses = addresses
        self._compiler = compiler
        self._pointers: dict[str, Pointer] = {}
        self._aliases: dict[SiteHost, Pointer] = {}
        self._hidden: set[str] = set()  # deleted sites: whatever moves there, nobody gets it
        self._loading: dict[str, asyncio.Task[Release | None]] = {}

    async def load(self) -> None:
        """Read every pointer."""
        self._hidden = {str(site) for site in await Removal.all().values_list("site__name", flat=True)}
        rows = await Live.all().values_list("site__name", "deploy_id", "deploy__manifest")
        named = await Alias.all().values_list("site__name", "name", "deploy_id", "deploy__manifest")
        self._pointers, self._aliases = {}, {}
        self._read_pointers([row for row in rows if row[0] not in self._hidden])
        self._read_aliases([row for row in named if row[0] not in self._hidden])

    def _read_pointers(self, rows: Sequence[tuple[Any, ...]]) -> None:
        for site, deploy, manifest in rows:
            self._pointers[site] = Pointer(site, deploy, manifest)

    def _read_aliases(self, rows: Sequence[tuple[Any, ...]]) -> None:
        for site, name, deploy, manifest in rows:
            self._aliases[SiteHost(site, name)] = Pointer(site, deploy, manifest, preview=True, movable=True)

    async def prepare(self, pointer: Pointer, manifest: Manifest | None = None) -> Prepared:
        """Compile a release beside the one that is live, with its manifest if that is at hand already.

        Raises FileNotFoundError, UnreadableManifest.
        """
        pointer = await self._look_back(pointer)
        host = self._addresses.site_host(pointer.site)
        release, _ = await asyncio.gather(
            asyncio.to_thread(self._compiler.compile, pointer, manifest), self.peers.stage(host, pointer)
        )
        return Prepared(pointer, release)

    async def renew(self, prepared: Prepared) -> Prepared:
        """The same, compiled once more where the site's visitors had something else meanwhile, which it must know of.

        Call it while no pointer can move. Raises what `prepare` does.
        """
        published = await published_manifests(prepared.pointer.site)
        return prepared if published == prepared.pointer.published else await self.prepare(prepared.pointer)

    async def swap(self, prepared: Prepared) -> None:
        """Let visitors have this release from now on. Call it once the pointer is committed."""
        pointer = prepared.pointer
        if pointer.site in self._hidden:
            return
        host = self._addresses.site_host(pointer.site)
        self._pointers[pointer.site] = pointer
        self._table.put(host, self.entrances.before(prepared.release))
        self.news.site(pointer.site)
        await self.peers.put(host, pointer)

    async def point(self, alias: str, pointer: Pointer) -> None:
        """Let an alias lead to a deploy from now on. Call it once that is committed."""
        if pointer.site in self._hidden:
            return
        self._aliases[SiteHost(pointer.site, alias)] = replace(pointer, preview=True, movable=True)
        await self.forget(pointer.site, [alias])

    async def unpoint(self, site: str, aliases: list[str]) -> None:
        """Answer for these aliases no more."""
        for alias in aliases:
            self._aliases.pop(SiteHost(site, alias), None)
        await self.forget(site, aliases)

    async def forget(self, site: str, names: list[str]) -> None:
        """Ask anew what the hosts of these deploys and aliases lead to."""
        hosts = [self._addresses.deploy_host(site, name) for name in names]
        for host in hosts:
            self._table.drop(host)
        self.news.site(site)
        await self.peers.drop(hosts)

    async def take_down(self, site: str) -> None:
        """Have nothing live at a site. Call it once that is committed."""
        self._pointers.pop(site, None)
        host = self._addresses.site_host(site)
        self._table.drop(host)
        self.news.site(site)
        await self.peers.drop([host])

    def is_live(self, site: str) -> bool:
        """Whether a site has something live."""
        return site in self._pointers

    async def regate(self, site: str) -> None:
        """Let everything of a site stand behind the entrance it has to have now."""
        self._table.change(site, self.entrances.before)
        self.news.site(site)
        await self.peers.regate(site)

    async def withdraw(self, site: str, deploys: list[str]) -> None:
        """Stop answering for a site, live and by the hosts of its deploys and aliases: it is gone."""
        await self.hide(site, deploys)
        self.entrances.drop(site)
        self._hidden.discard(site)

    async def show(self, site: str) -> None:
        """Answer for a hidden site again, as its pointers are now; behind the gate it had."""
        pointers = await Live.filter(site__name=site).values_list("site__name", "deploy_id", "deploy__manifest")
        named = Alias.filter(site__name=site).values_list("site__name", "name", "deploy_id", "deploy__manifest")
        aliases = await named
        self._hidden.discard(site)
        self._read_pointers(pointers)
        self._read_aliases(aliases)
        self.news.site(site)

    async def hide(self, site: str, deploys: list[str]) -> None:
        """Stop answering for a site until `show`, live and by the hosts of its deploys and aliases."""
        self._hidden.add(site)
        self._pointers.pop(site, None)
        self._table.drop(self._addresses.site_host(site))
        aliases = [host for host in self._aliases if host.site == site]
        for host in aliases:
            del self._aliases[host]
        for name in [*deploys, *(host.deploy or "" for host in aliases)]:
            self._table.drop(self._addresses.deploy_host(site, name))
        self.news.gone()
        await self.peers.withdraw(site)

    def named_hosts(self) -> list[str]:
        """The hosts of all sites that have something live, and those of all aliases; a deploy's own is none of them."""
        live = [self._addresses.site_host(site) for site in self._pointers]
        return sorted(live + [self._addresses.deploy_host(named.site, named.deploy or "") for named in self._aliases])

    def hosts(self) -> list[str]:
        """The hosts that somebody has asked for, the live ones first."""
        return self._table.hosts()

    async def pointer(self, host: str) -> Pointer | None:
        """What the release at a host of the table is compiled from, at the moment this returns."""
        while (release := self._table.find(host)) is not None:
            named = self._addresses.read(host)
            pointer = self._aliases.get(named) if named else None
            pointer = pointer or await self._pointer_of(release)
            now = self._table.find(host)
            if now is not None and now.deploy == release.deploy:
                return pointer
        return None

    async def find(self, host: str) -> Release | None:
        """The release for a host that is not in the table yet; puts it there. Many who ask at once cause one load."""
        named = self._addresses.read(host)
        if named is None or (named.deploy is None and named.site not in self._pointers):
            return None
        task = self._loading.get(host)
        if task is None:
            task = asyncio.create_task(self._load_host(host, named))
            self._loading[host] = task
            task.add_done_callback(lambda _: self._loading.pop(host, None))
        return await asyncio.shield(task)

    async def _load_host(self, host: str, named: SiteHost) -> Release | None:
        if named.deploy is not None and named not in self._aliases:
            return await self._load_preview(host, named.site, named.deploy)
        while True:
            pointer = self._read(named)
            if pointer is None:
                return None
            release = await self._compile(pointer)
            if self._read(named) == pointer:  # else something was published meanwhile
                return self._load(host, release)

    def _read(self, named: SiteHost) -> Pointer | None:
        return self._pointers.get(named.site) if named.deploy is None else self._aliases.get(named)

    async def _load_preview(self, host: str, site: str, deploy: str) -> Release | None:
        while (pointer := await self._preview(site, deploy)) is not None:
            release = await self._compile(pointer)
            if await self._preview(site, deploy) == pointer:  # else it was deleted, expired, or refined meanwhile
                return self._load(host, release)
        return None

    def _load(self, host: str, release: Release) -> Release:
        release = self.entrances.before(release)
        self._table.put(host, release)
        self.peers.loaded(host)
        return release

    async def _preview(self, site: str, deploy: str) -> Pointer | None:
        if site in self._hidden:
            return None
        try:
            row = await Deploy.get_or_none(id=deploy, site__name=site, state="ready")
        except ValidationError:
            return None  # longer than any id or name
        return _preview(site, deploy, row.manifest) if row is not None and row.manifest else None

    async def _pointer_of(self, release: Release) -> Pointer | None:
        if release.preview:
            return await self._preview(release.site, release.deploy)
        pointer = self._pointers.get(release.site)
        return await self._look_back(pointer) if pointer is not None else None

    async def _compile(self, pointer: Pointer) -> Release:
        if not pointer.preview:
            pointer = await self._look_back(pointer)
        return await asyncio.to_thread(self._compiler.compile, pointer)

    async def _look_back(self, pointer: Pointer) -> Pointer:
        earlier = await earlier_deploys(pointer.site, pointer.deploy, self._grace)
        return replace(pointer, earlier=earlier, published=await published_manifests(pointer.site))


def _preview(site: str, deploy: str, manifest: str) -> Pointer:
    return Pointer(site, deploy, manifest, preview=True)

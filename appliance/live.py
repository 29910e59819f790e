"""From the live pointers to the table visitors are answered from; the one module that knows both planes."""

import asyncio
from dataclasses import dataclass, replace

from tortoise.exceptions import ValidationError

from appliance.addresses import Addresses, SiteHost
from appliance.former import GraceTime, earlier_deploys, published_manifests
from appliance.models.deploy import Deploy, Live
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
    ) -> None:
        self.peers: Peers = Alone()
        self._grace = grace or GraceTime()
        self.entrances = entrances or Entrances()
        self._table = table
        self._addresses = addresses
        self._compiler = compiler
        self._pointers: dict[str, Pointer] = {}
        self._loading: dict[str, asyncio.Task[Release | None]] = {}

    async def load(self) -> None:
        """Read every live pointer."""
        rows = await Live.all().values_list("site__name", "deploy_id", "deploy__manifest")
        self._pointers = {site: Pointer(site, deploy, manifest) for site, deploy, manifest in rows}

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

    async def swap(self, prepared: Prepared) -> None:
        """Let visitors have this release from now on. Call it once the pointer is committed."""
        pointer = prepared.pointer
        host = self._addresses.site_host(pointer.site)
        self._pointers[pointer.site] = pointer
        self._table.put(host, self.entrances.before(prepared.release))
        await self.peers.put(host, pointer)

    def is_live(self, site: str) -> bool:
        """Whether a site has something live."""
        return site in self._pointers

    async def regate(self, site: str) -> None:
        """Let everything of a site stand behind the entrance it has to have now."""
        self._table.change(site, self.entrances.before)
        await self.peers.regate(site)

    async def withdraw(self, site: str, deploys: list[str]) -> None:
        """Stop answering for a site, live and by its deploys' own hosts."""
        self._pointers.pop(site, None)
        self.entrances.drop(site)
        self._table.drop(self._addresses.site_host(site))
        for deploy in deploys:
            self._table.drop(self._addresses.deploy_host(site, deploy))
        await self.peers.withdraw(site)

    async def pointer(self, host: str) -> Pointer | None:
        """What the release at a host of the table is compiled from, at the moment this returns."""
        while (release := self._table.find(host)) is not None:
            pointer = await self._pointer_of(release)
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
        if named.deploy is not None:
            return await self._load_preview(host, named.site, named.deploy)
        while True:
            pointer = self._pointers.get(named.site)
            if pointer is None:
                return None
            release = await self._compile(pointer)
            if self._pointers.get(named.site) == pointer:  # else something was published meanwhile
                return self._load(host, release)

    async def _load_preview(self, host: str, site: str, deploy: str) -> Release | None:
        pointer = await self._preview(site, deploy)
        if pointer is None:
            return None
        release = await self._compile(pointer)
        if not await Deploy.exists(id=deploy):  # deleted while it was read
            return None
        return self._load(host, release)

    def _load(self, host: str, release: Release) -> Release:
        release = self.entrances.before(release)
        self._table.put(host, release)
        self.peers.loaded(host)
        return release

    async def _preview(self, site: str, deploy: str) -> Pointer | None:
        try:
            row = await Deploy.get_or_none(id=deploy, site__name=site, state="ready")
        except ValidationError:
            return None  # longer than any id or name
        return Pointer(site, deploy, row.manifest, preview=True) if row is not None and row.manifest else None

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

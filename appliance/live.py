"""From the live pointers to the table visitors are answered from; the one module that knows both planes."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

import structlog
from tortoise.exceptions import ValidationError

from appliance.addresses import Addresses, SiteHost
from appliance.former import Earlier, GraceTime, earlier_deploys
from appliance.models.deploy import Deploy, Live
from appliance.serving.entrances import Entrances
from appliance.serving.grace import Former, is_asset, look_back
from appliance.serving.release import Release, compile_release, servable
from appliance.serving.table import Table
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Manifest, Manifests, UnreadableManifest

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Pointer:
    deploy: str
    manifest: str


class LiveSites:
    """Which deploy each site has live, and the compiled releases of those that somebody has asked for.

    Releases are loaded at the first request for their host, so that a start costs the same with ten thousand sites;
    a published one is put in place at once. Used on the event loop only.
    """

    def __init__(
        self,
        table: Table,
        addresses: Addresses,
        manifests: Manifests,
        blobs: Blobs,
        entrances: Entrances | None = None,
        grace: GraceTime | None = None,
    ) -> None:
        self._grace = grace or GraceTime()
        self.entrances = entrances or Entrances()
        self._table = table
        self._addresses = addresses
        self._manifests = manifests
        self._blobs = blobs
        self._pointers: dict[str, _Pointer] = {}
        self._loading: dict[str, asyncio.Task[Release | None]] = {}

    async def load(self) -> None:
        """Read every live pointer."""
        rows = await Live.all().values_list("site__name", "deploy_id", "deploy__manifest")
        self._pointers = {site: _Pointer(deploy, manifest) for site, deploy, manifest in rows}

    async def prepare(self, site: str, deploy: str, manifest: Manifest) -> Release:
        """Compile a release beside the one that is live."""
        earlier = await earlier_deploys(site, deploy, self._grace)
        return await asyncio.to_thread(self._make, site, deploy, manifest, earlier)

    async def load_release(self, site: str, deploy: str, manifest: str) -> Release:
        """Compile a stored deploy beside the one that is live; FileNotFoundError, UnreadableManifest."""
        return await self._compile(site, _Pointer(deploy, manifest), preview=False)

    def swap(self, site: str, release: Release, manifest: str) -> None:
        """Let visitors have this release from now on. Call it once the pointer is committed."""
        self._pointers[site] = _Pointer(release.deploy, manifest)
        self._table.put(self._addresses.site_host(site), self.entrances.before(release))

    def is_live(self, site: str) -> bool:
        """Whether a site has something live."""
        return site in self._pointers

    def regate(self, site: str) -> None:
        """Let everything of a site stand behind the entrance it has to have now."""
        self._table.change(site, self.entrances.before)

    def withdraw(self, site: str, deploys: list[str]) -> None:
        """Stop answering for a site, live and by its deploys' own hosts."""
        self._pointers.pop(site, None)
        self.entrances.drop(site)
        self._table.drop(self._addresses.site_host(site))
        for deploy in deploys:
            self._table.drop(self._addresses.deploy_host(site, deploy))

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
            release = await self._compile(named.site, pointer, preview=False)
            if self._pointers.get(named.site) == pointer:  # else something was published meanwhile
                release = self.entrances.before(release)
                self._table.put(host, release)
                return release

    async def _load_preview(self, host: str, site: str, deploy: str) -> Release | None:
        try:
            row = await Deploy.get_or_none(id=deploy, site__name=site, state="ready")
        except ValidationError:
            return None  # longer than any id or name
        if row is None or row.manifest is None:
            return None
        release = await self._compile(site, _Pointer(deploy, row.manifest), preview=True)
        if not await Deploy.exists(id=deploy):  # deleted while it was read
            return None
        release = self.entrances.before(release)
        self._table.put(host, release)
        return release

    async def _compile(self, site: str, pointer: _Pointer, *, preview: bool) -> Release:
        earlier = None if preview else await earlier_deploys(site, pointer.deploy, self._grace)

        def read_and_compile() -> Release:
            return self._make(site, pointer.deploy, self._manifests.get(pointer.manifest), earlier)

        return await asyncio.to_thread(read_and_compile)

    # ── in a thread ──

    def _make(self, site: str, deploy: str, manifest: Manifest, earlier: list[Earlier] | None) -> Release:
        """Compile a release; without `earlier` it is one by its own host, to which nothing came before."""
        release = compile_release(
            site=site, deploy=deploy, preview=earlier is None, manifest=manifest, blob_path=self._blobs.path
        )
        return replace(release, grace=look_back(release.entries, self._read(earlier, release))) if earlier else release

    def _read(self, earlier: list[Earlier], release: Release) -> Iterator[Former]:
        def is_gone(path: str) -> bool:
            return path not in release.entries and is_asset(path)

        for each in earlier:
            try:
                yield Former(servable(self._manifests.get(each.manifest, is_gone).entries), each.until)
            except (OSError, UnreadableManifest):
                log.exception("earlier_manifest_unreadable", manifest=each.manifest)  # its tabs have to be reloaded

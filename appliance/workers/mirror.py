"""What a worker answers from: those sites of the live table that its visitors have asked for."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from weakref import WeakValueDictionary

import structlog

from appliance.pointer import Compiler, Pointer
from appliance.serving.entrances import Entrances
from appliance.serving.hosts import normalise_host
from appliance.serving.release import Release
from appliance.serving.table import Table
from appliance.workers.messages import Gated

log = structlog.get_logger(__name__)

_STAGED = 4  # releases compiled and not yet put: deploys that go live at the same moment
_LONGEST_HOST = 253  # bytes of a name (RFC 1035, 2.3.4); longer ones are nobody's


class AskingTable(Table):
    """A table that has its gaps noticed: `ask` is called with each normalised host that was looked for in vain."""

    def __init__(self, previews: int, ask: Callable[[str], None]) -> None:
        super().__init__(previews=previews)
        self._ask = ask

    def find_raw(self, raw: bytes) -> Release | None:
        """The release for a `Host` header as it was sent."""
        release = super().find_raw(raw)
        if release is None and 0 < len(raw) <= _LONGEST_HOST:
            self._ask(normalise_host(raw))
        return release


class Mirror:
    """Applies what the control plane says. When a call returns, what it says is in force for this worker's visitors.

    Changes of a host are applied in the order they came in, whatever each takes to compile. A host that cannot be
    compiled is forgotten: its visitors go to the control plane.
    """

    def __init__(self, compiler: Compiler, entrances: Entrances, previews: int, ask: Callable[[str], None]) -> None:
        self.table = AskingTable(previews, ask)
        self._compiler = compiler
        self._entrances = entrances
        self._staged: OrderedDict[Pointer, Release] = OrderedDict()
        self._order: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._withdrawn: dict[str, int] = {}  # how often each site was

    async def stage(self, host: str, pointer: Pointer) -> None:
        """Compile ahead what a host will lead to, if it is known here."""
        if self.table.find(host) is None:
            return
        release = await self._compile(host, pointer)
        if release is not None:
            self._staged[pointer] = release
            while len(self._staged) > _STAGED:
                self._staged.popitem(last=False)

    async def put(self, host: str, pointer: Pointer, gate: Gated | None, *, asked: bool) -> None:
        """Let a host lead there, if it is known here or was asked for."""
        self._gate(pointer.site, gate)
        age = self._withdrawn.get(pointer.site, 0)
        async with self._turn(host):
            if not asked and self.table.find(host) is None:
                return
            release = self._staged.pop(pointer, None) or await self._compile(host, pointer)
            if release is None or self._withdrawn.get(pointer.site, 0) != age:
                self.table.drop(host)
            else:
                self.table.put(host, self._entrances.before(release))

    async def drop(self, hosts: list[str]) -> None:
        """Forget what these hosts lead to, also where it is just being compiled."""
        for host in hosts:
            self.table.drop(host)
        for host in hosts:
            async with self._turn(host):
                self.table.drop(host)

    def regate(self, site: str, gate: Gated | None) -> None:
        """Let a site stand behind this gate."""
        self._gate(site, gate)
        self.table.change(site, self._entrances.before)

    def withdraw(self, site: str) -> None:
        """Forget a site, also where it is just being compiled."""
        self._withdrawn[site] = self._withdrawn.get(site, 0) + 1
        self._entrances.drop(site)
        self.table.drop_site(site)

    def _gate(self, site: str, gate: Gated | None) -> None:
        if gate is None:
            self._entrances.drop(site)
            return
        made = self._entrances.make(site, gate.version, gate.password, gate.shares, gate.bypass)
        self._entrances.put(gate.covers, made)

    def _turn(self, host: str) -> asyncio.Lock:
        lock = self._order.get(host)
        if lock is None:
            lock = self._order[host] = asyncio.Lock()
        return lock

    async def _compile(self, host: str, pointer: Pointer) -> Release | None:
        try:
            return await asyncio.to_thread(self._compiler.compile, pointer)
        except Exception:  # whatever is wrong with it, the control plane says so to whoever asks
            log.exception("release_not_compiled", host=host, manifest=pointer.manifest)
            return None

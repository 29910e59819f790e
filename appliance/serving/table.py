"""Host to release: what is live, and the previews that were asked for lately."""

from collections import OrderedDict
from collections.abc import Callable

from appliance.serving.hosts import normalise_host
from appliance.serving.release import Release

_SPELLINGS = 8_192  # raw Host values remembered, or two for each live host; then forgotten together, a microsecond each


class Table:
    """The sites by host. Read and written on the event loop only; a reader sees a host's old release or its new one.

    Live releases stay until they are dropped. Releases marked as previews are a cache of the `previews` used last,
    and may go at any time. A host that `reserved` claims, such as the admin's, never leads to a site.
    """

    def __init__(self, *, previews: int = 256, reserved: Callable[[str], bool] = lambda _: False) -> None:
        self._live: dict[str, Release] = {}
        self._previews: OrderedDict[str, Release] = OrderedDict()
        self._max_previews = previews
        self._reserved = reserved
        self._spellings: dict[bytes, str] = {}
        self.version = 0
        """Grows with every change: what was looked up is good as long as this is the same."""

    def put(self, host: str, release: Release) -> None:
        """Let a host, as `normalise_host` spells it, lead to a release; replaces what was there."""
        self.version += 1
        if self._reserved(host):
            return
        self.drop(host)
        if not release.preview:
            self._live[host] = release
            return
        self._previews[host] = release
        if len(self._previews) > self._max_previews:
            self._previews.popitem(last=False)

    def drop(self, host: str) -> None:
        """Forget a host; no error when it is not there."""
        self.version += 1
        self._live.pop(host, None)
        self._previews.pop(host, None)

    def drop_site(self, site: str) -> None:
        """Forget every host that leads to a site."""
        self.version += 1
        for releases in (self._live, self._previews):
            for host in [host for host, release in releases.items() if release.site == site]:
                del releases[host]

    def change(self, site: str, change: Callable[[Release], Release]) -> None:
        """Put another release in the place of each of a site's, all at once for whoever looks."""
        self.version += 1
        for releases in (self._live, self._previews):
            for host, release in releases.items():
                if release.site == site:
                    releases[host] = change(release)

    def find(self, host: str) -> Release | None:
        """The release for a normalised host."""
        release = self._live.get(host)
        if release is None:
            release = self._previews.get(host)
            if release is not None:
                self._previews.move_to_end(host)
        return release

    def find_raw(self, raw: bytes) -> Release | None:
        """The release for a `Host` header as it was sent."""
        host = self._spellings.get(raw)
        if host is None:
            host = self._spell(raw)
        return self._live.get(host) or self.find(host)

    def _spell(self, raw: bytes) -> str:
        host = normalise_host(raw)
        if host in self._live:  # only spellings of real sites are kept, so strangers cannot fill the memory
            if len(self._spellings) >= max(_SPELLINGS, 2 * len(self._live)):
                self._spellings.clear()
            self._spellings[raw] = host
        return host

    def hosts(self) -> list[str]:
        """Every host that leads somewhere, the previews last."""
        return [*self._live, *self._previews]

    def __len__(self) -> int:
        """How many hosts are live."""
        return len(self._live)

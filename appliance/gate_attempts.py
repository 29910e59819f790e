"""How often passwords of gates may be tried: counted per visitor's address and per site, in memory."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from appliance.networks import network_of

MOST = 20_000  # addresses or sites counted at the same time; the longest known are forgotten first


class Attempts:
    """At most `per_address` tries from an address at a site, and `per_site` in all, in `window` seconds.

    Tries are counted before their password is looked at, so that a thousand sent at once are a thousand counted.
    """

    def __init__(
        self, *, per_address: int, per_site: int, window: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._addresses = _Windows(per_address, window, now)
        self._sites = _Windows(per_site, window, now)

    def count(self, site: str, address: str) -> int:
        """Count a try; 0 when it may be made, else the seconds to wait."""
        return self._addresses.count((site, network_of(address))) or self._sites.count(site)

    def forgive(self, site: str, address: str) -> None:
        """Take back what was counted for an address, and the one try of the site: the password was right."""
        self._addresses.forget((site, network_of(address)))
        self._sites.take_back(site)


class _Windows:
    """Counts by key, each from its first try to the end of its window."""

    def __init__(self, most: int, window: float, now: Callable[[], float]) -> None:
        self._most = most
        self._window = window
        self._now = now
        self._counts: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def count(self, key: Hashable) -> int:
        now = self._now()
        ends, count = self._counts.get(key, (0.0, 0))
        if ends <= now:
            self._counts.pop(key, None)
            ends, count = now + self._window, 0
        if count >= self._most:
            return max(1, math.ceil(ends - now))
        self._counts[key] = (ends, count + 1)
        if len(self._counts) > MOST:
            self._counts.popitem(last=False)
        return 0

    def take_back(self, key: Hashable) -> None:
        ends, count = self._counts.get(key, (0.0, 0))
        if count:
            self._counts[key] = (ends, count - 1)

    def forget(self, key: Hashable) -> None:
        self._counts.pop(key, None)

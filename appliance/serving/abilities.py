"""What a server can do for the rules of its sites besides looking things up; the operator decides."""

from dataclasses import dataclass
from typing import Final

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Abilities:
    """`countries`: it can tell where a visitor is. `proxy_hosts`: whose answers it fetches for a site, lower-case.

    Such a host is a name, `*.` and a name for all below it, and with a port where that is not the scheme's own.
    """

    countries: bool = False
    proxy_hosts: tuple[str, ...] = ()

    def inert(self, condition: str) -> bool:
        """Whether a condition of this name never holds, for nothing here can tell it."""
        return condition == "Role" or (condition == "Country" and not self.countries)

    def may_fetch(self, origin: str) -> bool:
        """Whether answers may come from `http(s)://host[:port]`."""
        scheme, _, host = origin.lower().partition("://")
        host = host.removesuffix(_DEFAULT_PORTS.get(scheme, ""))
        return host in self.proxy_hosts or "*." + host.partition(".")[2] in self.proxy_hosts


NO_ABILITIES = Abilities()

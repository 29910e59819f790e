"""Where a build may connect while it fetches: public addresses, and what the operator allows beside them."""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = (80, 443)  # of public addresses: nothing else is a package registry
CLOSED = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # behind a provider's NAT (RFC 6598)
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and where clouds hand out credentials
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
PUBLIC_IPV6 = ip_network("2000::/3")  # all that was ever given out (RFC 4291, 2.4)
TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))  # an IPv4 address is in the last four bytes


@dataclass(frozen=True, slots=True)
class Reach:
    """The networks that are not public, and may be reached all the same, at any port."""

    networks: tuple[Network, ...] = ()

    def allows(self, address: str, port: int) -> bool:
        """Whether a build may connect there."""
        found = meant(ip_address(address.partition("%")[0]))
        if any(found in network for network in self.networks):
            return True
        return port in PORTS and not _is_closed(found) and not _is_here(found)


def is_public(address: Address) -> bool:
    """Whether an address is the whole world's, as `meant`; what nobody was ever given is not."""
    found = meant(address)
    return found.is_global and not _is_closed(found)


def _is_closed(address: Address) -> bool:
    """Whether there may be something of somebody's own there.

    Not among the addresses kept for examples (RFC 5737), which are not public either: some networks have their mirrors
    of the registries stand there.
    """
    if isinstance(address, IPv6Address):
        return address not in PUBLIC_IPV6
    return any(address in network for network in CLOSED)


def meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does: mapped, translated, 6to4 or Teredo."""
    if isinstance(address, IPv4Address):
        return address
    if any(address in network for network in TRANSLATED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address


def _is_here(address: Address) -> bool:
    """Whether it is this machine's own: then packets to it would come from it. Nothing is sent to find out."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(address), PORTS[0]))
        except OSError:
            return False  # no way there: connecting will say so
        return bool(probe.getsockname()[0] == str(address))

"""Which addresses are one network's, as far as counting tries goes: whoever has one of them has all of it."""

import ipaddress

from appliance.units import Networks

CUSTOMER = 64  # bits of an IPv6 address that tell one customer from another (RFC 6177)


def network_of(address: str) -> str:
    """The address, or the network of an IPv6 address; what is no address as it is."""
    parsed = _parse(address)
    if parsed is None:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, CUSTOMER), strict=False))
    return str(parsed)


def tells_visitors_apart(address: str, proxies: Networks) -> bool:
    """Whether an address says something of who is asking: this machine's and those of our `proxies` do not.

    Behind a proxy that is not trusted, or says nothing of its visitors, everybody comes from the same one.
    """
    parsed = _parse(address)
    return parsed is not None and not parsed.is_loopback and not any(parsed in network for network in proxies)


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address without its zone; IPv4 mapped into IPv6 (RFC 4291, 2.5.5.2) counts as IPv4."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed

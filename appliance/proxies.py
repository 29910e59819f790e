"""What a trusted proxy says of the visitor behind it: address, scheme and host."""

import ipaddress
from collections.abc import Iterable, Mapping
from functools import lru_cache

from appliance.serving.slow_lane import Scope
from appliance.serving.visitor import FORWARDED, Introductions, Visitor
from appliance.units import Networks

FOR, PROTO, HOST = b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"
_SCHEMES = {b"http": False, b"https": True}
_HOPS = 64  # of X-Forwarded-For looked at, from the right: no real chain is longer


class Proxies:
    """The networks whose `X-Forwarded-*` headers are believed; everybody else's mean nothing.

    `country_header` is the one in which they say where the visitor is, if they do.
    """

    def __init__(self, networks: Networks = (), country_header: str = "") -> None:
        self._networks = networks
        self._country = country_header.lower().encode("ascii")
        self.trusts = lru_cache(maxsize=1024)(self._trusts)
        """Whether a connection from this address may speak for others; the latest addresses are remembered."""

    def visitor(self, peer: Visitor, said: Mapping[bytes, bytes]) -> Visitor:
        """The visitor behind a proxy that is trusted; `said` holds its headers FORWARDED, repeated ones comma-joined.

        The address is the right-most in X-Forwarded-For that is no trusted proxy's: what stands to its left, the
        visitor may have written. Scheme and host are the last proxy's word, the right-most.
        """
        address = self._right_most(peer.address, said.get(FOR, b"").split(b","))
        secure = _SCHEMES.get(_last(said.get(PROTO, b"")).lower(), peer.secure)
        return Visitor(address, secure, _last(said.get(HOST, b"")), _country(said.get(self._country, b"")))

    def _trusts(self, address: str) -> bool:
        found = _parse(address)
        return found is not None and any(found in network for network in self._networks)

    def _right_most(self, address: str, hops: list[bytes]) -> str:
        for hop in reversed(hops[-_HOPS:]):
            found = _parse(_without_port(hop.strip().decode("latin-1")))
            if found is None:
                break  # whoever wrote that, nothing further left can be relied on
            address = str(found)
            if not self.trusts(address):
                break
        return address


def introduce(scope: Scope, proxies: Introductions) -> Visitor:
    """Who is behind an ASGI request; where that is not who has connected, the scope says so from here on."""
    client = scope.get("client") or ("", 0)
    peer = Visitor(str(client[0]), scope.get("scheme") == "https")
    if not proxies.trusts(peer.address):
        return peer
    visitor = proxies.visitor(peer, _said(scope["headers"]))
    scope["client"] = (visitor.address, 0)
    scope["scheme"] = "https" if visitor.secure else "http"
    if visitor.host:
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        scope["headers"] = [(b"host", visitor.host), *others]
    return visitor


def _said(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Those of a request's headers that proxies set, repeated ones joined by a comma; names are in lower case."""
    said: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in FORWARDED:
            said[name] = said[name] + b"," + value if name in said else value
    return said


def _country(value: bytes) -> str:
    """Two letters; Cloudflare says XX for unknown, and T1 for Tor."""
    code = _last(value).decode("latin-1").upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() and code != "XX" else ""


def _last(value: bytes) -> bytes:
    return value.rpartition(b",")[2].strip()


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address; IPv4 mapped into IPv6 (RFC 4291, 2.5.5.2) counts as IPv4."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _without_port(text: str) -> str:
    """`[::1]:80` and `10.0.0.1:80`, as some proxies write them, without brackets and port."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    host, _, port = text.partition(":")
    return text if ":" in port else host

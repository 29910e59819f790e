"""Connections to other hosts, made only to addresses that are public: resolved, checked, and dialled as checked."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

import httpcore

from builds.sandbox.destinations import is_public

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class PublicOnly(httpcore.AsyncNetworkBackend):
    """Dials for httpcore. With `private`, any address will do, such as those of the operator's own network.

    The address that was checked is the one dialled, so that a name which resolves differently a moment later leads
    nowhere else.
    """

    def __init__(self, *, private: bool = False) -> None:
        self._private = private
        self._dialler = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect; raises httpcore.ConnectError also where no address of the host is public."""
        failure = httpcore.ConnectError(f"{host} has no public address")
        for address in await _resolve(host, port):
            if not (self._private or is_public(address)):
                continue
            try:
                return await self._dialler.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = httpcore.ConnectError(f"{host} ({address}): {error}")
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109, ARG002  (httpcore's signature)
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise httpcore.ConnectError(f"{path} is no host")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def _resolve(host: str, port: int) -> list[IpAddress]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
    return list(dict.fromkeys(ipaddress.ip_address(str(where[0]).partition("%")[0]) for *_, where in found))

"""Connections to addresses that somebody else named: over TLS, and only to machines that are the whole world's.

What a name resolves to is looked at when a connection is made, and that very address is connected to: a name that
answers differently the second time gains nothing, nor does a redirect, which makes a connection like any other.
"""

import ipaddress
import socket
import ssl
from collections.abc import Sequence
from typing import Any

import certifi
from urllib3 import BaseHTTPResponse, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NewConnectionError

from builds.sandbox.destinations import is_public, meant

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Kept(NewConnectionError):
    """The name leads to an address nobody may be sent to."""


def is_open(address: str, allowed: Sequence[Network]) -> bool:
    """Whether an address may be connected to: it is public, or in a network the operator allows.

    An IPv6 address that stands for an IPv4 one is as good as that one.
    """
    ip = meant(ipaddress.ip_address(address.partition("%")[0]))
    return is_public(ip) or any(ip.version == network.version and ip in network for network in allowed)


class Pool(PoolManager):
    """Connections, and the answers that came over them: what a user of them forgets to close, `close` does."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - as PoolManager takes them
        super().__init__(**options)
        self._answers: list[BaseHTTPResponse] = []

    def urlopen(self, *arguments: Any, **options: Any) -> BaseHTTPResponse:  # noqa: ANN401 - as PoolManager takes them
        """Ask, as PoolManager does."""
        self._answers.append(super().urlopen(*arguments, **options))
        return self._answers[-1]

    def close(self) -> None:
        """Close every connection."""
        for answer in self._answers:
            answer.close()
        self.clear()


def pool(allowed: Sequence[Network], seconds: float) -> Pool:
    """A pool of HTTPS connections that keeps to this module's rule; `seconds` is the longest wait for anything."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()  # the system's own, and those of SSL_CERT_FILE

    class Checked(HTTPSConnection):
        """Connects to an address that was looked at, under the name that was asked for."""

        def _new_conn(self) -> socket.socket:
            return _connect(self, allowed)

    class CheckedPool(HTTPSConnectionPool):
        ConnectionCls = Checked

    manager = Pool(ssl_context=context, timeout=seconds, retries=False)
    manager.pool_classes_by_scheme = {"https": CheckedPool}
    return manager


def _connect(connection: HTTPSConnection, allowed: Sequence[Network]) -> socket.socket:
    host, port = connection._dns_host, connection.port  # noqa: SLF001 - where urllib3's own `_new_conn` finds it
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise NewConnectionError(connection, f"{host} is not known: check the address.") from None
    reasons: list[str] = []
    for family, kind, protocol, _, address in found:
        if not is_open(str(address[0]), allowed):
            raise Kept(connection, f"{host} leads to a private address, which the operator has not allowed.")
        made = socket.socket(family, kind, protocol)
        made.settimeout(_seconds(connection.timeout))
        try:
            made.connect(address)
        except OSError as error:
            made.close()
            reasons.append(error.strerror or str(error))
        else:
            return made
    raise NewConnectionError(connection, f"{host} could not be reached: {'; '.join(reasons) or 'no address'}.")


def _seconds(timeout: Any) -> float | None:  # noqa: ANN401 - urllib3's timeout is a number, None or a marker of its own
    return timeout if isinstance(timeout, int | float) else None

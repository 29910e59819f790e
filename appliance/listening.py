"""The sockets the front door listens on: bound once, on the next free port when the wanted one is taken."""

import errno
import socket
import sys
from dataclasses import dataclass

from appliance.units import Address

PORTS_TRIED = 50  # beyond that something else is wrong, and a far-off port would surprise
NOT_HERE = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})  # this machine has no such address
BACKLOG = 2048  # connections the kernel may hold while the loop is busy; it caps this at its own limit


class CannotListen(Exception):
    """No socket could be bound; `str()` is a sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Listening:
    """The bound sockets and the port they share; `wanted` is the port that was asked for."""

    sockets: list[socket.socket]
    port: int
    wanted: int

    def close(self) -> None:
        """Give the sockets up, if nobody has taken them over."""
        for bound in self.sockets:
            bound.close()


def listen(address: Address) -> Listening:
    """Bind every address the host name stands for; port 0 is any free one, a taken port gives the next free one.

    Raises CannotListen.
    """
    families = _resolve(address)
    last = min(address.port + PORTS_TRIED, 65535) if address.port else 0
    for port in range(address.port, last + 1) if last else [0] * PORTS_TRIED:
        sockets = _bind_all(families, port)
        if sockets:
            return Listening(sockets, sockets[0].getsockname()[1], address.port)
    raise CannotListen(
        f"Every port from {address.port} to {last} on {address.host} is taken: give another with --listen."
    )


def share(listening: Listening) -> list[socket.socket]:
    """Sockets for another process that is to listen where these do.

    Linux has a queue for each socket, and puts every connection into one of them by its addresses and ports. Other
    systems have one queue, from which the processes take as they come. Raises CannotListen.
    """
    if sys.platform != "linux":
        return [bound.dup() for bound in listening.sockets]
    sockets: list[socket.socket] = []
    for bound in listening.sockets:
        # Not before it is bound: a port that another program has must not seem to be free.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        host, port = bound.getsockname()[:2]
        try:
            sockets.append(_bind(bound.family, host, port, shared=True))
        except OSError as error:
            for other in sockets:
                other.close()
            raise CannotListen(f"{host} port {port} cannot be shared by processes: {error.strerror}.") from None
    return sockets


def _resolve(address: Address) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(address.host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise CannotListen(f"{address.host} is no address of this machine: give another with --listen.") from None
    known = {(family, str(where[0])) for family, _, _, _, where in found}
    if address.host == "localhost":
        known |= {(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")}  # browsers try both
    if address.host == "::":  # everything, as people mean it
        known |= {(socket.AF_INET, "0.0.0.0")}  # noqa: S104 - the operator asked for it
    return sorted(known)


def _bind_all(families: list[tuple[socket.AddressFamily, str]], port: int) -> list[socket.socket]:
    """Sockets on every address, all on one port; none at all when one of them has it taken.

    An address this machine does not have, as when IPv6 is switched off, is left out if there is another.
    """
    sockets: list[socket.socket] = []
    for family, host in families:
        try:
            sockets.append(_bind(family, host, port))
        except OSError as error:
            is_left_out = error.errno in NOT_HERE and (sockets or (family, host) != families[-1])
            if is_left_out:
                continue
            for bound in sockets:
                bound.close()
            if error.errno == errno.EADDRINUSE:
                return []
            raise CannotListen(f"{host} port {port} cannot be listened on: {_why(error)}.") from None
        port = sockets[0].getsockname()[1]
    return sockets


def _why(error: OSError) -> str:
    if error.errno == errno.EACCES:
        return (
            "ports below 1024 take a right that this user has not. `dropdock service install`, run once more, gives it "
            "to the service; else listen on a higher one, such as 8080"
        )
    return error.strerror or str(error)


def _bind(family: int, host: str, port: int, *, shared: bool = False) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there the option would share the port with whoever has it
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait for old connections
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # IPv4 has a socket of its own
        bound.bind((host, port))
        bound.listen(BACKLOG)
        bound.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    except OSError:
        bound.close()
        raise
    return bound

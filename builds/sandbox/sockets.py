"""What waits in the sockets of a build: memory of the kernel's, which counts for no process."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from builds.sandbox.family import PROC

PAGE = 4096  # bytes, in which `tcp_mem` is counted
UNREAD = 212_992  # bytes that a socket holds at most where the system does not say, as Linux has it
QUEUES = ("tcp", "tcp6", "udp", "udp6")  # of /proc/net; their fifth column is `tx_queue:rx_queue`, in hexadecimal


@dataclass(frozen=True, slots=True)
class Waiting:
    """Bytes that wait in sockets: `tcp` of TCP and UDP, as they are; `most` of all, as much as each may hold."""

    tcp: int = 0
    most: int = 0


def waiting(root: int) -> Waiting:
    """What waits in the network that the process `root` has; nothing where that is the machine's, and not a build's."""
    try:
        if _network(str(root)) == _network("self"):
            return Waiting()
        net = PROC / str(root) / "net"
        tcp = sum(_queued(net / name) for name in QUEUES)
        return Waiting(tcp, tcp + _sockets(net / "sockstat") * _holds())
    except OSError:
        return Waiting()  # it has ended meanwhile


@cache
def tcp_most() -> int:
    """How much of a build's may wait in TCP: half of what all of the machine's may before the kernel holds them back.

    That figure is one for all networks: beyond it, visitors' connections get slow and are dropped (tcp(7), `tcp_mem`).
    """
    return int((PROC / "sys/net/ipv4/tcp_mem").read_text().split()[0]) * PAGE // 2


@cache
def _holds() -> int:
    try:
        return int((PROC / "sys/net/core/wmem_default").read_text())
    except OSError:
        return UNREAD  # a container may hide it


def _network(process: str) -> int:
    return (PROC / process / "ns" / "net").stat().st_ino


def _sockets(file: Path) -> int:
    """From the first line, `sockets: used 12`."""
    return int(file.read_text().split("\n", 1)[0].split()[2])


def _queued(file: Path) -> int:
    try:
        lines = file.read_text().splitlines()[1:]
    except FileNotFoundError:
        return 0  # a system without IPv6
    return sum(int(queue, 16) for line in lines for queue in line.split()[4].split(":"))

"""Opens a listening socket inside another process's network namespace and hands it back.

It takes a process of its own, `internal listen-within`: only one with a single thread may join a user namespace.
"""

import ctypes
import fcntl
import os
import socket
import subprocess
from pathlib import Path

from builds.sandbox.itself import internal
from builds.sandbox.refusals import failed

ADDRESS = ("127.0.0.1", 3128)  # inside, where nothing else is
OWNER = 0xB701  # NS_GET_USERNS of ioctl_ns(2): the user namespace that a namespace belongs to
SECONDS = 20  # for a helper that is an unpacked single executable


def listener(pid: int) -> socket.socket:
    """A socket that listens on ADDRESS in the network of process `pid`. Raises OSError."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        helper = subprocess.run(  # noqa: S603 - this program itself
            internal("listen-within", str(pid), str(theirs.fileno())),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            env={"LANG": "C.UTF-8"},
            timeout=SECONDS,
            check=False,
        )
        if helper.returncode:
            raise OSError(helper.stderr.decode(errors="replace").strip().rpartition("\n")[2])
        _, (found, *_), _, _ = socket.recv_fds(ours, 1, 1)
        return socket.socket(fileno=found)


def of(pid: int | None) -> socket.socket:
    """The same; raises BuildError, also where there is no process to join."""
    if pid is None:
        raise failed("it did not start, or not on this machine")
    try:
        return listener(pid)
    except OSError as error:
        raise failed(f"its network could not be prepared ({error})") from error


def main(pid: str, hand_over: str) -> int:
    """The helper: join the network of `pid`, listen, pass the socket through the file descriptor `hand_over`."""
    network = os.open(Path("/proc") / pid / "ns" / "net", os.O_RDONLY)
    owner = fcntl.ioctl(network, OWNER)
    if os.fstat(owner).st_ino != Path("/proc/self/ns/user").stat().st_ino:
        _join(owner)  # that user namespace was made by this user: in it, this process may join the network
    _join(network)
    with socket.create_server(ADDRESS, backlog=128) as listening, socket.socket(fileno=int(hand_over)) as back:
        socket.send_fds(back, [b"1"], [listening.fileno()])
    return 0


def _join(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, 0):
        raise OSError(ctypes.get_errno(), "it may not be joined")

"""The user id of this process's builds, where the server is root: one that nobody else has."""

import pwd
import socket
from functools import cache


@cache
def own_uid(first: int, last: int) -> int | None:
    """A user id from `first` to `last` that is no account's and no other build child's, until this process ends.

    What says so is an abstract Unix socket: the system lets go of it with the process, however that ends. None when
    every one is taken.
    """
    return next((uid for uid in range(first, last + 1) if not _is_known(uid) and _hold(uid)), None)


def _hold(uid: int) -> bool:
    held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        held.bind(f"\0dropdock-build-{uid}")
    except OSError:
        held.close()
        return False
    held.detach()  # stays open for good
    return True


def _is_known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True

"""Landlock: what a thread, and all that it starts, gives up for good, where the kernel has it."""

from collections.abc import Sequence
from pathlib import Path

import landlockpy
from landlockpy import AccessFS, AccessNet, Ruleset, Scope

FILES, SCOPES = 1, 6  # the ABI from which Landlock knows files, and signals and abstract Unix sockets
OUTSIDE = Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL
READ = AccessFS.EXECUTE | AccessFS.READ_FILE | AccessFS.READ_DIR
OF_A_FILE = AccessFS.EXECUTE | AccessFS.READ_FILE | AccessFS.WRITE_FILE | AccessFS.TRUNCATE | AccessFS.IOCTL_DEV
TCP = AccessNet.CONNECT_TCP  # since ABI 4; there is nothing for UDP yet


def abi() -> int:
    """Which Landlock the kernel has, 0 for none."""
    return landlockpy.abi_version()


def give_up_others() -> None:
    """Signalling processes outside, and reaching their abstract Unix sockets: this thread can do neither any more."""
    with Ruleset(handled_fs=AccessFS.NONE, handled_net=AccessNet.NONE, scoped=OUTSIDE) as rules:
        rules.restrict()


def give_up_files(writable: Sequence[Path], readable: Sequence[Path], *, network: bool) -> None:
    """Besides, this thread sees no file but these and, without `network`, connects to nobody over TCP."""
    with Ruleset(handled_net=AccessNet.NONE if network else TCP, scoped=OUTSIDE) as rules:
        for paths, access in ((writable, rules.handled_fs), (readable, READ)):
            for path in paths:
                rules.allow_path(path, access if path.is_dir() else access & OF_A_FILE)
        rules.restrict()

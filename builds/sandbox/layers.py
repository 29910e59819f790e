"""Landlock and seccomp: what a thread, and all that it starts, gives up for good, where the kernel has them."""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

import landlockpy
from landlockpy import AccessFS, AccessNet, Ruleset, Scope

FILES, SCOPES = 1, 6  # the ABI from which Landlock knows files, and signals and abstract Unix sockets
OUTSIDE = Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL
READ = AccessFS.EXECUTE | AccessFS.READ_FILE | AccessFS.READ_DIR
OF_A_FILE = AccessFS.EXECUTE | AccessFS.READ_FILE | AccessFS.WRITE_FILE | AccessFS.TRUNCATE | AccessFS.IOCTL_DEV
TCP = AccessNet.CONNECT_TCP  # since ABI 4; there is nothing for UDP yet

NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER
INSTRUCTION = 8  # bytes of one in a filter


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


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


def give_up_calls(program: bytes) -> None:
    """Besides, this thread makes no system call that the filter denies (`seccomp.compiled`). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    whole = _Program(len(program) // INSTRUCTION, program)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(SECCOMP, FILTER, ctypes.byref(whole), 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

"""A filter of system calls that no build needs, compiled for bubblewrap: what leads out of it, or deep into the kernel.

Classic BPF as `seccomp(2)` takes it. It is a list of what is denied: a build runs whatever there is, and a list of
what is allowed would break one tool or another with every release. The numbers are the kernel's (`unistd.h`).
"""

import errno
import platform
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

LOAD, JUMP_EQUAL, JUMP_FROM, JUMP_BITS, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in `struct seccomp_data`; arguments are 8 bytes, low half first
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
X32 = 0x40000000  # numbers from here on are x86-64's second set: they would walk around the first
NAMESPACES = 0x7E020000 | 0x80  # every CLONE_NEW… flag
FAMILIES = (1, 2, 10, 16)  # Unix, IPv4, IPv6, netlink; above all not vsock, which network namespaces do not hold
NETLINK, RAW, TYPE = 16, 3, 0xF
TIOCSTI, TIOCLINUX = 0x5412, 0x541C  # type into the terminal, as if a person did


@dataclass(frozen=True, slots=True)
class Calls:
    """An architecture's numbers: `denied` answer EPERM, `missing` ENOSYS, so that a program takes another way."""

    audit: int
    denied: tuple[int, ...]
    missing: tuple[int, ...]
    clone: int
    socket: int
    ioctl: int


# In order: mount umount2 pivot_root chroot · ptrace process_vm_readv process_vm_writev kcmp · bpf perf_event_open
# add_key request_key keyctl userfaultfd · kexec_load kexec_file_load init_module finit_module delete_module reboot ·
# unshare setns open_by_handle_at fanotify_init lookup_dcookie · swapon swapoff syslog acct quotactl vhangup nfsservctl
# · settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname · mbind migrate_pages move_pages
_X86 = (
    *(165, 166, 155, 161, 101, 310, 311, 312, 321, 298, 248, 249, 250, 323, 246, 320, 175, 313, 176, 169),
    *(272, 308, 304, 300, 212, 167, 168, 103, 163, 179, 153, 180, 164, 227, 305, 159, 170, 171, 237, 256, 279),
    *(172, 173, 154),  # iopl, ioperm, modify_ldt
)
_ARM = (
    *(40, 39, 41, 51, 117, 270, 271, 272, 280, 241, 217, 218, 219, 282, 104, 294, 105, 273, 106, 142),
    *(97, 268, 265, 262, 18, 224, 225, 116, 89, 60, 58, 42, 170, 112, 266, 171, 161, 162, 235, 238, 239),
)
# io_uring_setup io_uring_enter io_uring_register open_tree move_mount fsopen fsconfig fsmount fspick pidfd_getfd
# process_madvise mount_setattr quotactl_fd open_tree_attr
_EVERYWHERE = (425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 440, 442, 443, 467)
# clone3 memfd_secret: flags in memory, which a filter cannot see; memory that no limit counts. So with memfd_create
# and shmget, whose numbers differ.
_GONE = (435, 447)

CALLS: Mapping[str, Calls] = {
    "x86_64": Calls(0xC000003E, (*_X86, *_EVERYWHERE), (*_GONE, 319, 29), clone=56, socket=41, ioctl=16),
    "aarch64": Calls(0xC00000B7, (*_ARM, *_EVERYWHERE), (*_GONE, 279, 194), clone=220, socket=198, ioctl=29),
}

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if not, value


@cache
def compiled() -> bytes | None:
    """The filter for this machine; None where its numbers are not known."""
    calls = CALLS.get(platform.machine())
    if calls is None:
        return None
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in _program(calls))


def _program(calls: Calls) -> Iterator[Instruction]:
    yield LOAD, 0, 0, ARCHITECTURE
    yield JUMP_EQUAL, 1, 0, calls.audit
    yield RETURN, 0, 0, KILL  # a 32-bit program has numbers of its own
    yield LOAD, 0, 0, NUMBER
    yield JUMP_FROM, 0, 1, X32
    yield _refuse(errno.ENOSYS)
    for number in calls.denied:
        yield JUMP_EQUAL, 0, 1, number
        yield _refuse(errno.EPERM)
    for number in calls.missing:
        yield JUMP_EQUAL, 0, 1, number
        yield _refuse(errno.ENOSYS)
    yield from _when(calls.clone, ((LOAD, 0, 0, ARGUMENTS), (JUMP_BITS, 0, 1, NAMESPACES), _refuse(errno.EPERM)))
    yield from _when(calls.ioctl, tuple(_terminal()))
    yield from _when(calls.socket, tuple(_socket()))
    yield RETURN, 0, 0, ALLOW


def _when(number: int, then: tuple[Instruction, ...]) -> Iterator[Instruction]:
    yield JUMP_EQUAL, 0, len(then) + 1, number
    yield from then
    yield RETURN, 0, 0, ALLOW


def _terminal() -> Iterator[Instruction]:
    yield LOAD, 0, 0, ARGUMENTS + 8
    for request in (TIOCSTI, TIOCLINUX):
        yield JUMP_EQUAL, 0, 1, request
        yield _refuse(errno.EPERM)


def _socket() -> Iterator[Instruction]:
    """Families of the list only, and no raw socket but netlink's, which has no other kind."""
    yield LOAD, 0, 0, ARGUMENTS
    yield JUMP_EQUAL, 0, 1, NETLINK
    yield RETURN, 0, 0, ALLOW
    for left, family in zip(range(len(FAMILIES), 0, -1), FAMILIES, strict=True):
        yield JUMP_EQUAL, left, 0, family
    yield _refuse(errno.EAFNOSUPPORT)
    yield LOAD, 0, 0, ARGUMENTS + 8
    yield AND, 0, 0, TYPE
    yield JUMP_EQUAL, 0, 1, RAW
    yield _refuse(errno.EPERM)


def _refuse(number: int) -> Instruction:
    return RETURN, 0, 0, ERRNO | number

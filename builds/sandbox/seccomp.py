"""A filter of system calls that no build needs, for bubblewrap and containers: what leads out, or deep into the kernel.

Classic BPF as `seccomp(2)` takes it. It is a list of what is denied: a build runs whatever there is, and a list of
what is allowed would break one tool or another with every release. The numbers are the kernel's (`unistd.h`).
"""

import errno
import json
import platform
import struct
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

LOAD, JUMP_EQUAL, JUMP_FROM, JUMP_BITS, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in `struct seccomp_data`; arguments are 8 bytes, low half first
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
X32 = 0x40000000  # numbers from here on are x86-64's second set: they would walk around the first
NAMESPACES = 0x7E020000 | 0x80  # every CLONE_NEW… flag
FAMILIES = (1, 2, 10, 16)  # Unix, IPv4, IPv6, netlink; above all not vsock, which network namespaces do not hold
NETLINK, RAW, TYPE = 16, 3, 0xF
TIOCSTI, TIOCLINUX = 0x5412, 0x541C  # type into the terminal, as if a person did


# Each call's number on x86-64 and on arm64; None where there is no such call.
Numbers = tuple[int, int | None]
DENIED: Mapping[str, Numbers] = {  # answer EPERM
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "syslog": (103, 116),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "vhangup": (153, 58),
    "nfsservctl": (180, 42),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "mbind": (237, 235),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
MISSING: Mapping[str, Numbers] = {  # answer ENOSYS, so that a program takes another way
    "clone3": (435, 435),  # its flags are in memory, which a filter cannot see
    "memfd_create": (319, 279),  # memory that no limit counts, as all of these
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
}
CLONE, SOCKET, IOCTL, SET_OPTION = (56, 220), (41, 198), (16, 29), (54, 208)
SOCKET_LEVEL, SEND_BUFFER, RECEIVE_BUFFER = 1, 7, 8  # SOL_SOCKET, SO_SNDBUF, SO_RCVBUF
AUDIT = (0xC000003E, 0xC00000B7)  # how the kernel names the two
MACHINES = ("x86_64", "aarch64")

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if not, value
Condition = dict[str, int | str]  # what an argument of a call is compared with


@cache
def compiled() -> bytes | None:
    """The filter for this machine; None where its numbers are not known."""
    if platform.machine() not in MACHINES:
        return None
    return b"".join(struct.pack("=HBBI", *step) for step in _program(MACHINES.index(platform.machine())))


@cache
def profile() -> str:
    """The same for a container engine, as JSON in its words (Docker's `seccomp.json`)."""
    rules = [
        _rule(DENIED, errno.EPERM),
        _rule(MISSING, errno.ENOSYS),
        *(_rule(("clone",), errno.EPERM, _has(0, flag)) for flag in _bits(NAMESPACES)),
        *(_rule(("socket",), errno.EAFNOSUPPORT, _is(0, family)) for family in range(46) if family not in FAMILIES),
        *(_rule(("socket",), errno.EPERM, _is(0, family), _is_type(RAW)) for family in (2, 10)),
        *(_rule(("ioctl",), errno.EPERM, _is(1, request)) for request in (TIOCSTI, TIOCLINUX)),
    ]
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules})


def _rule(names: Iterable[str], number: int, *conditions: Condition) -> dict[str, object]:
    return {"names": list(names), "action": "SCMP_ACT_ERRNO", "errnoRet": number, "args": list(conditions)}


def _is(index: int, value: int) -> Condition:
    return {"index": index, "value": value, "op": "SCMP_CMP_EQ"}


def _is_type(kind: int) -> Condition:
    return {"index": 1, "value": TYPE, "valueTwo": kind, "op": "SCMP_CMP_MASKED_EQ"}


def _has(index: int, flag: int) -> Condition:
    return {"index": index, "value": flag, "valueTwo": flag, "op": "SCMP_CMP_MASKED_EQ"}


def _bits(flags: int) -> Iterator[int]:
    return (1 << bit for bit in range(flags.bit_length()) if flags >> bit & 1)


def _program(machine: int) -> Iterator[Instruction]:
    yield LOAD, 0, 0, ARCHITECTURE
    yield JUMP_EQUAL, 1, 0, AUDIT[machine]
    yield RETURN, 0, 0, KILL  # a 32-bit program has numbers of its own
    yield LOAD, 0, 0, NUMBER
    yield JUMP_FROM, 0, 1, X32
    yield _refuse(errno.ENOSYS)
    for calls, answer in ((DENIED, errno.EPERM), (MISSING, errno.ENOSYS)):
        for numbers in calls.values():
            if (number := numbers[machine]) is not None:
                yield JUMP_EQUAL, 0, 1, number
                yield _refuse(answer)
    yield from _when(CLONE[machine], ((LOAD, 0, 0, ARGUMENTS), (JUMP_BITS, 0, 1, NAMESPACES), _refuse(errno.EPERM)))
    yield from _when(IOCTL[machine], tuple(_terminal()))
    yield from _when(SOCKET[machine], tuple(_socket()))
    yield from _when(SET_OPTION[machine], tuple(_buffers()))
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


def _buffers() -> Iterator[Instruction]:
    """What sizes of a socket's buffers are asked for, which is advice, is not taken: so what waits in it is bounded."""
    yield LOAD, 0, 0, ARGUMENTS + 8
    yield JUMP_EQUAL, 1, 0, SOCKET_LEVEL
    yield RETURN, 0, 0, ALLOW
    yield LOAD, 0, 0, ARGUMENTS + 16
    for option in (SEND_BUFFER, RECEIVE_BUFFER):
        yield JUMP_EQUAL, 0, 1, option
        yield _refuse(0)


def _refuse(number: int) -> Instruction:
    return RETURN, 0, 0, ERRNO | number

"""What a hostile project tries: scripts that end with status 0 when they got what they wanted.

Each is run as the command of a build, once in a sandbox, where it must fail, and once outside, where it must not: an
attack that nothing stops shows nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Target:
    """What there is to be had on the machine; the test made all of it."""

    data: str  # a data folder, with a database, a key, and another site's build in it
    outside: str  # a folder beside the workspace
    server: int  # a process that stands for the server, with `marker` in its environment
    marker: str
    port: int  # of a TCP service on loopback
    path: str  # of a Unix socket that has a name in the file system
    abstract: str  # of one that has none


BEGIN = "import ctypes, json, os, pathlib, signal, socket, sys\ntarget = json.load(open('target.json'))\n"
SYSCALL = "libc = ctypes.CDLL(None, use_errno=True)\n"

READING: Mapping[str, str] = {
    "the database": "print(open(target['data'] + '/dropdock.db').read())",
    "the key that signs tokens": "print(open(target['data'] + '/secret.key').read())",
    "another site's build": "print(open(target['data'] + '/work/other/index.html').read())",
    "the server's environment": "assert target['marker'] in open(f\"/proc/{target['server']}/environ\").read()",
    "what it inherits": "assert target['marker'] in os.environ.values()",
    "any process's environment": """
for found in pathlib.Path('/proc').glob('[0-9]*/environ'):
    try:
        if target['marker'] in found.read_text(errors='replace'):
            sys.exit(0)
    except OSError:
        pass
sys.exit(1)
""",
    "files through a process's root": """
print(open(f"/proc/{target['server']}/root{target['data']}/secret.key").read())
""",
}
CONNECTING: Mapping[str, str] = {
    "TCP on loopback": "socket.create_connection(('127.0.0.1', target['port']), 5)",
    "a Unix socket with a path": "socket.socket(socket.AF_UNIX).connect(target['path'])",
    "an abstract Unix socket": "socket.socket(socket.AF_UNIX).connect('\\0' + target['abstract'])",
}
WRITING: Mapping[str, str] = {
    "beside its workspace": "open(target['outside'] + '/planted', 'w').write('x')",
    "over another site's build": "open(target['data'] + '/work/other/index.html', 'w').write('x')",
    "through a link out of its workspace": """
os.symlink(target['outside'], 'public')
open('public/planted', 'w').write('x')
""",
    "by a hard link to what is outside": """
os.link(target['outside'] + '/mine', 'copied')
open('copied', 'w').write('x')
""",
}
GAINING: Mapping[str, str] = {
    "a signal to the server": "os.kill(target['server'], signal.SIGUSR1)",
    "rights of a new user namespace": SYSCALL + "sys.exit(libc.unshare(0x10000000))",
    "a process to trace": SYSCALL + "sys.exit(libc.ptrace(0, 0, 0, 0))",
    "memory that no limit counts": SYSCALL + "sys.exit(libc.memfd_create(b'hidden', 0) < 0)",
    "semaphores that no limit counts": SYSCALL
    + """
found = libc.semget(0, 1, 0o600)
sys.exit(found < 0 or libc.semctl(found, 0, 0))  # which takes them away again
""",
    "queues of messages that no limit counts": SYSCALL
    + """
found = libc.msgget(0, 0o600)
sys.exit(found < 0 or libc.msgctl(found, 0, 0))
""",
    "a kernel's keyring": SYSCALL + "sys.exit(libc.syscall(250, 0, -3, 1) < 0)",
    "io_uring": SYSCALL + "sys.exit(libc.syscall(425, 1, ctypes.create_string_buffer(120)) < 0)",
    "a socket to the machine below this one": "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
    "the chance to gain rights": "sys.exit('NoNewPrivs:\\t1' in open('/proc/self/status').read())",
}


def project(attack: str, target: Target) -> Mapping[str, str]:
    """The files of the hostile project."""
    return {"build.py": f"{BEGIN}{attack}\n", "target.json": json.dumps(asdict(target))}


def write(files: Mapping[str, str], folder: Path) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")

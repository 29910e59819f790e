"""What of the operating system a sandbox shows: programs, libraries and certificates, nothing of this machine's own."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TOP = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")  # links into /usr, or folders where a system keeps them
SHOWN = (
    "/usr",
    "/nix/store",
    "/gnu/store",
    "/etc/ssl/certs",  # and no more of it or of /etc/pki: private keys are there too, and the server may read some
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/openssl.cnf",
    "/etc/pki/ca-trust",
    "/etc/ca-certificates",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/fonts",
    "/etc/os-release",
    "/etc/debian_version",
)
BASIC: dict[str, str] = {"PATH": PATH, "HOME": "/tmp", "LANG": "C.UTF-8"}  # noqa: S108 - its own /tmp
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def shown() -> list[Path]:
    """Folders and files of the system that are here; everyone may read what is in them."""
    return [path for path in map(Path, SHOWN) if path.exists()]


def top() -> Iterator[tuple[Path, str | None]]:
    """The folders beside /usr: each with what it links to, None where it is a folder."""
    for path in map(Path, TOP):
        if path.is_symlink():
            yield path, str(path.readlink())
        elif path.is_dir():
            yield path, None


def made(uid: int) -> dict[str, str]:
    """Files of /etc that programs look themselves and this machine up in, by path."""
    return {
        "/etc/passwd": f"root:x:0:0:root:/:/bin/sh\nbuild:x:{uid}:{uid}:build:/tmp:/bin/sh\n",
        "/etc/group": f"root:x:0:\nbuild:x:{uid}:\n",
        "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }


def script(environment: Mapping[str, str], folder: Path) -> str:
    """A script for `sh` that sets the environment and goes to the folder.

    Values stand on no command line, where everyone could read them. Raises ValueError for a name or value that no
    environment can hold.
    """
    lines = []
    for name, value in (BASIC | dict(environment)).items():
        if not NAME.fullmatch(name) or "\0" in value:
            raise ValueError(f"{name!r} cannot be a variable of the environment, or its value cannot.")
        lines.append(f"export {name}={shlex.quote(value)}\n")
    return "".join(lines) + f"cd {shlex.quote(str(folder))} || exit 126\n"


def ancestors(paths: Sequence[Path]) -> list[Path]:
    """Every folder above the paths but the root, the outermost first."""
    above = {parent for path in paths for parent in path.parents if parent != parent.parent}
    return sorted(above, key=lambda folder: len(folder.parts))

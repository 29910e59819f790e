"""Writes the signed list of releases that `dropdock update` reads.

    python packaging/sign_releases.py make-key KEY_FILE
    python packaging/sign_releases.py sign --key KEY_FILE --version 1.2.3 --base URL --index FILE EXECUTABLE…

`make-key` makes a private key (PEM, readable by its owner alone) and prints the public one, for the setting update_key.
`sign` adds a version to the list in FILE, which is made where it is missing and has to be signed by the same key where
it is not. Executables are named dropdock-SYSTEM-MACHINE, such as dropdock-linux-x86_64 or dropdock-windows-x86_64.exe;
they are to be found below URL by that name. In place of a file, KEY_FILE may be `-`: the key is then read from
standard input, so that a workflow can hand over a secret that is written nowhere.
"""

import argparse
import base64
import hashlib
import os
import re
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from appliance.releases import index
from appliance.releases.index import Index, Release, ReleaseFile

NAME = re.compile(r"dropdock-(?P<system>linux|darwin|windows)-(?P<machine>x86_64|aarch64)(\.exe)?")
RAW = serialization.Encoding.Raw


def main() -> None:
    """Read the arguments and do as they say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("make-key").add_argument("key")
    signing = commands.add_parser("sign")
    for name in ("--key", "--version", "--base", "--index"):
        signing.add_argument(name, required=True)
    signing.add_argument("executables", nargs="+", type=Path)
    given = parser.parse_args()
    if given.command == "make-key":
        make_key(Path(given.key))
    else:
        sign(read_key(given.key), given.version, given.base, Path(given.index), given.executables)


def make_key(path: Path) -> None:
    """Write a new private key and print the public one."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(pem)
    print(public(key))


def read_key(name: str) -> Ed25519PrivateKey:
    """The private key in a file, or on standard input for `-`."""
    pem = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        sys.exit("The key is no Ed25519 key: make-key makes one.")
    return key


def public(key: Ed25519PrivateKey) -> str:
    """The public key as the setting update_key has it."""
    raw = key.public_key().public_bytes(RAW, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def sign(key: Ed25519PrivateKey, version: str, base: str, path: Path, executables: list[Path]) -> None:
    """Put a version into the list, in place of what it had there before."""
    before = index.read(path.read_bytes(), public(key)).releases if path.exists() else ()
    release = Release(version, tuple(described(file, base) for file in executables))
    releases = sorted([release, *(one for one in before if one.version != version)], key=lambda one: one.order)
    path.write_bytes(index.write(Index(tuple(releases)), key))
    print(f"{path}: {version} for {', '.join(f'{file.system}-{file.machine}' for file in release.files)}")


def described(executable: Path, base: str) -> ReleaseFile:
    """An executable as the list has it."""
    named = NAME.fullmatch(executable.name)
    if named is None:
        sys.exit(f"{executable.name} is not named as dropdock-linux-x86_64 is.")
    content = executable.read_bytes()
    url = f"{base.rstrip('/')}/{executable.name}"
    return ReleaseFile(named["system"], named["machine"], url, len(content), hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()

"""The list of releases: a signed document, read only when its signature holds.

The document is JSON, `{"signed": TEXT, "signature": BASE64}`. TEXT is JSON itself, as a string, so that what was signed
and what is read are the same bytes. The signature is Ed25519 (RFC 8032) over PURPOSE and TEXT in UTF-8.
`packaging/sign_releases.py` writes it.
"""

import base64
import platform
import re
import sys
from collections.abc import Iterable

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from appliance.releases.values import CannotUpdate

PURPOSE = b"dropdock releases 1\n"  # before what is signed: a signature made for something else is none for this
Version = tuple[int, ...]


class ReleaseFile(msgspec.Struct, frozen=True):
    """An executable for one kind of machine. `url` may be relative to the list's own; `size` is in bytes."""

    system: str
    machine: str
    url: str
    size: int
    sha256: str


class Release(msgspec.Struct, frozen=True):
    """A version, and its files."""

    version: str
    files: tuple[ReleaseFile, ...]

    @property
    def order(self) -> Version:
        """What versions are compared by."""
        return order(self.version)


class Index(msgspec.Struct, frozen=True):
    """Every release on offer."""

    releases: tuple[Release, ...]


class _Signed(msgspec.Struct, frozen=True):
    signed: str
    signature: str


def read(document: bytes, key: str) -> Index:
    """The list, once its signature holds under `key` (base64). Raises CannotUpdate."""
    try:
        outer = msgspec.json.decode(document, type=_Signed)
        signature = base64.b64decode(outer.signature, validate=True)
        Ed25519PublicKey.from_public_bytes(base64.b64decode(key)).verify(signature, PURPOSE + outer.signed.encode())
        return msgspec.json.decode(outer.signed, type=Index)
    except InvalidSignature:
        raise CannotUpdate(
            "The list of releases is not signed by update_key: somebody else wrote it, or the key is another. "
            "Nothing was changed."
        ) from None
    except ValueError as error:  # msgspec's errors are among these
        raise CannotUpdate(f"The list of releases cannot be read ({error}). Nothing was changed.") from None


def write(index: Index, key: Ed25519PrivateKey) -> bytes:
    """The signed document."""
    text = msgspec.json.encode(index).decode()
    signature = base64.b64encode(key.sign(PURPOSE + text.encode())).decode()
    return msgspec.json.encode(_Signed(text, signature)) + b"\n"


def newest(releases: Iterable[Release], than: str) -> tuple[Release, ReleaseFile] | None:
    """The newest release above version `than` with a file for this machine, and that file; None where there is none.

    Never an older one or the same: whoever may write an old list again cannot bring an old fault back by it.
    """
    ours = [(release, file) for release in releases for file in release.files if _fits(file)]
    newer = [pair for pair in ours if pair[0].order > order(than)]
    return max(newer, key=lambda pair: pair[0].order, default=None)


def order(version: str) -> Version:
    """A version such as 1.2.10 as numbers. Raises CannotUpdate for any other text."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9}){0,5}", version):
        raise CannotUpdate(f"{version[:50]!r} is no version such as 1.2.3. Nothing was changed.")
    return tuple(map(int, version.split(".")))


def this_machine() -> tuple[str, str]:
    """System and machine as the list names them: linux, darwin or windows; x86_64 or aarch64."""
    machine = platform.machine().lower()
    return {"win32": "windows"}.get(sys.platform, sys.platform), {"amd64": "x86_64", "arm64": "aarch64"}.get(
        machine, machine
    )


def _fits(file: ReleaseFile) -> bool:
    return (file.system, file.machine) == this_machine()

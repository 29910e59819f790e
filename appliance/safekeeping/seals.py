"""How files of backups are written where they are kept: as they are, or so that only a passphrase opens them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from appliance.safekeeping.copying import Hashed, Readable, copy
from appliance.safekeeping.items import Refused
from appliance.safekeeping.places import Means, Place

IDENTITY = "identity.age"  # opens everything else in a place; itself closed by the passphrase
LARGEST_IDENTITY = 64 * 1024  # bytes; a real one has some 250
LEAST_PASSPHRASE = 12  # characters
_ENCRYPTION = "appliance.safekeeping.encryption"  # imported only where there is something to encrypt or decrypt


class Seal(Protocol):
    """Writes files so that they can be kept anywhere, and reads them back."""

    def name(self, sha256: str) -> str:
        """What content is called where it is kept: 64 hexadecimal digits, always the same for the same content."""

    def fits(self, stored: int, size: int) -> bool:
        """Whether a file of so many `stored` bytes may hold content of that size."""

    def write(self, source: Hashed, target: Path) -> None:
        """Write what is left of the source to a new file, for its owner only; raises FileExistsError."""

    def read(self, stream: Readable) -> AbstractContextManager[Readable]:
        """What was written, as it comes; raises Damaged, at the end of the block at the latest."""


class NoSeal:
    """Files as they are, named by their own SHA-256."""

    def name(self, sha256: str) -> str:
        """Its SHA-256."""
        return sha256

    def fits(self, stored: int, size: int) -> bool:
        """The very size."""
        return stored == size

    def write(self, source: Hashed, target: Path) -> None:
        """A copy."""
        copy(source, target, 0o400)

    def read(self, stream: Readable) -> AbstractContextManager[Readable]:
        """The stream itself."""
        return nullcontext(stream)


class Encryption(Protocol):
    """What `appliance.safekeeping.encryption` has."""

    new_identity: Callable[[], str]
    closed: Callable[[str, str], bytes]
    opened: Callable[[bytes, str], str | None]
    Sealed: Callable[[str], Seal]
    encrypt: Callable[[str, Readable, object], None]
    decrypt: Callable[[str, Readable, object], None]


def encryption() -> Encryption:
    """The module, which brings its library."""
    return cast("Encryption", import_module(_ENCRYPTION))


def seal_of(place: Place, means: Means, top: set[str]) -> Seal:
    """The seal of the backups in a place, whose `top` this is. Raises Refused where the passphrase is not theirs."""
    if IDENTITY not in top:
        if means.passphrase and "snapshots" in top and any(True for _ in place.files("snapshots")):
            raise Refused(
                f"The backups in {place.address} are not encrypted: name another place for encrypted ones, or leave "
                f"out {means.said}."
            )
        return NoSeal()
    with place.read(IDENTITY) as stream:
        found = read_whole(stream, LARGEST_IDENTITY)
    return encryption().Sealed(identity_in(found, means, place.address))


def new_seal(place: Place, means: Means) -> Seal:
    """A seal for a place that has none and holds no backup; its identity is there once this returns."""
    identity = encryption().new_identity()
    beside = place.scratch / IDENTITY
    beside.touch(0o600)
    beside.write_bytes(encryption().closed(identity, means.passphrase))
    place.create(IDENTITY, beside)
    return encryption().Sealed(identity)


def identity_in(found: bytes, means: Means, where: str) -> str:
    """The identity that a passphrase opens; raises Refused where there is none, or another one."""
    if not means.passphrase:
        raise Refused(f"{where} is encrypted: name the file that holds its passphrase with --passphrase-file.")
    identity = encryption().opened(found, means.passphrase)
    if identity is None:
        raise Refused(f"The passphrase in {means.said} does not open {where}: name the file with the right one.")
    return identity


def passphrase_in(path: Path) -> str:
    """The passphrase on the first line of a file; raises Refused."""
    try:
        with path.open(encoding="utf-8") as file:
            found = file.readline(LARGEST_IDENTITY).rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise Refused(f"{path}, which should hold the passphrase, cannot be read: name another file.") from None
    if len(found) < LEAST_PASSPHRASE:
        raise Refused(f"The passphrase in {path} has fewer than {LEAST_PASSPHRASE} characters: use a longer one.")
    return found


def read_whole(stream: Readable, most: int) -> bytes:
    """All of a small file; at most so many bytes."""
    pieces, left = [], most
    while left and (piece := stream.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)

"""Seals backups with age (age-encryption.org/v1), so that the program `age` opens them too.

A place has one X25519 identity, which everything in it is encrypted to: cheap for each of many objects. The identity
itself is kept there as an age file that a passphrase opens, `age -d -i identity.age OBJECT` asks for it.
"""

import hashlib
import hmac
import os
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pyrage
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from appliance.safekeeping.copying import Hashed, Readable
from appliance.safekeeping.items import Damaged
from appliance.safekeeping.pipes import written_by

WORK = 17  # log₂ of scrypt's N: 128 MiB and half a second for each guess, and for us
MOST_WORK = 20  # of a file that somebody else may have written: a gigabyte
_HEADER = re.compile(rb"age-encryption\.org/v1\n-> scrypt [\w+/]{22} (\d{1,2})\n")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Sealed:
    """Encrypts to one identity. Memory is some hundred KiB for each file, however large that is.

    Names are a keyed hash of the content's SHA-256: whoever sees the place, but has not the identity, cannot tell
    whether a file that they know is in it. The same content has the same name still, so it is kept once.
    """

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self._key = hashlib.sha256(f"dropdock names of objects\n{identity}".encode()).digest()

    def name(self, sha256: str) -> str:
        """Its keyed hash."""
        return hmac.digest(self._key, sha256.encode(), "sha256").hex()

    def fits(self, stored: int, size: int) -> bool:
        """Encrypted, it is longer, by some bytes that are not always as many."""
        return stored > size

    def write(self, source: Hashed, target: Path) -> None:
        """Encrypt it. What was begun goes if that fails."""
        file = os.fdopen(os.open(target, _NEW, 0o400), "wb")
        try:
            with file:
                encrypt(self._identity, source, file)
        except BaseException:
            target.unlink()
            raise

    @contextmanager
    def read(self, stream: Readable) -> Iterator[Readable]:
        """Decrypt it, piece by piece: each is authenticated before it is given."""
        with written_by(partial(decrypt, self._identity, stream)) as file:
            yield file


def new_identity() -> str:
    """`AGE-SECRET-KEY-1…`."""
    return str(pyrage.x25519.Identity.generate())


def encrypt(identity: str, source: Readable, target: BinaryIO) -> None:
    """To the recipient that belongs to an identity; raises what the source or target raise."""
    recipient = pyrage.x25519.Identity.from_str(identity).to_public()
    watched = _Watched(source)
    try:
        pyrage.encrypt_io(watched, target, [recipient])
    except Exception:
        watched.raise_again()
        raise


def decrypt(identity: str, source: Readable, target: BinaryIO) -> None:
    """With an identity; raises Damaged, and what the source raises."""
    watched = _Watched(source)
    try:
        pyrage.decrypt_io(watched, target, [pyrage.x25519.Identity.from_str(identity)])
    except (pyrage.DecryptError, OSError) as error:
        watched.raise_again()
        raise Damaged("The backup is damaged (what is encrypted does not open): use another one.") from error


def closed(identity: str, passphrase: str) -> bytes:
    """An identity as an age file that the passphrase opens.

    Written here because the library lets nobody choose scrypt's cost, and takes what a second of this machine's time
    allows: a gigabyte of memory, which a small server has not got. It reads what is written here, as `age` does.
    Format: C2SP, age.md, "scrypt recipient stanza", "Header MAC" and "Payload" (of a single chunk).
    """
    file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    wrapping = Scrypt(salt=b"age-encryption.org/v1/scrypt" + salt, length=32, n=2**WORK, r=8, p=1)
    wrapped = ChaCha20Poly1305(wrapping.derive(passphrase.encode())).encrypt(bytes(12), file_key, None)
    header = b"age-encryption.org/v1\n-> scrypt %b %d\n%b\n---" % (_base64(salt), WORK, _base64(wrapped))
    mac = hmac.digest(_derived(file_key, b"", b"header"), header, "sha256")
    last = bytes(11) + b"\x01"  # the first chunk, and the last
    payload = ChaCha20Poly1305(_derived(file_key, nonce, b"payload")).encrypt(last, f"{identity}\n".encode(), None)
    return b"%b %b\n%b%b" % (header, _base64(mac), nonce, payload)


def opened(found: bytes, passphrase: str) -> str | None:
    """The identity in such a file; None where the passphrase is another one, or the file is not as it was written."""
    header = _HEADER.match(found)
    if header is None or int(header[1]) > MOST_WORK:
        return None
    try:
        return str(pyrage.passphrase.decrypt(found, passphrase).decode()).strip()
    except (pyrage.DecryptError, UnicodeDecodeError):
        return None


def _base64(value: bytes) -> bytes:
    return b64encode(value).rstrip(b"=")


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(key)


class _Watched:
    """Remembers what reading raised: the library turns it into an error of its own."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._error: Exception | None = None

    def read(self, at_most: int = -1) -> bytes:
        try:
            return self._source.read(at_most)
        except Exception as error:
            self._error = error
            raise

    def raise_again(self) -> None:
        if self._error is not None:
            raise self._error

"""What must be readable again later, such as a token for somebody else's server, kept encrypted."""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12  # bytes, as NIST SP 800-38D asks; random ones suffice for 2³² values under one key
_MARK = "v1:"  # what is written today; another scheme would write another


class Unreadable(Exception):
    """The value was sealed with another key, for another purpose, or has been altered."""


class Sealer:
    """Seals texts with one key (32 bytes): AES-256-GCM, each text bound to the purpose it is kept for.

    A sealed text that is moved to another row, site or field has another purpose there, and cannot be opened.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, text: str, purpose: str) -> str:
        """The text as it may be stored; two seals of one text differ."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._cipher.encrypt(nonce, text.encode(), purpose.encode())
        return _MARK + base64.b64encode(nonce + sealed).decode("ascii")

    def open(self, sealed: str, purpose: str) -> str:
        """The text again. Raises Unreadable."""
        try:
            raw = base64.b64decode(sealed.removeprefix(_MARK), validate=True)
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode()).decode()
        except (ValueError, InvalidTag):
            raise Unreadable("What was kept encrypted cannot be read: has the secret key been changed?") from None

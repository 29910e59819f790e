"""What it takes to tell who is asking, and to tell others of it, in one value.

The settings, the keys, the password hasher, the clock, and the news that open windows are told.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from appliance.news import News
from appliance.passwords import Passwords
from appliance.settings import Settings

_PURPOSES = (
    b"dropdock access token",
    b"dropdock csrf token",
    b"dropdock gate",
    b"dropdock upload token",
    b"dropdock sealing",
)


@dataclass(frozen=True, slots=True)
class Keys:
    """One key per purpose, so that a value made for one can never pass for another."""

    access: bytes
    csrf: bytes
    gate: bytes
    upload: bytes
    sealing: bytes

    @classmethod
    def derive(cls, secret: str) -> "Keys":
        """From the installation's secret key; 32 bytes each (HMAC-SHA-256 with the purpose as message)."""
        return cls(*(hmac.digest(secret.encode(), purpose, hashlib.sha256) for purpose in _PURPOSES))


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Access:
    """Made once at start; handed to everything that proves, signs or checks."""

    settings: Settings
    keys: Keys
    passwords: Passwords
    now: Callable[[], datetime] = utc_now
    news: News = field(default_factory=News)

    @classmethod
    def of(cls, settings: Settings, secret: str) -> "Access":
        """From the settings and the secret key (`settings.secret_key`, else the data folder's)."""
        return cls(settings, Keys.derive(secret), Passwords())

    @property
    def https(self) -> bool:
        """Whether browsers reach the admin over TLS, so that cookies may insist on it."""
        return self.settings.public_scheme == "https"

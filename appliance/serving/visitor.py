"""Who asks, and how they came; whose word on that is believed; and who writes down what they got."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from appliance.serving.secure import Policy

COUNTRY_HEADERS = (
    b"cf-ipcountry",
    b"cloudfront-viewer-country",
    b"x-country-code",
    b"x-geo-country",
    b"x-vercel-ip-country",
    b"x-appengine-country",
)
"""Those by which it may say where they are; the operator names the one that it sets."""

FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", *COUNTRY_HEADERS})
"""The headers by which a proxy speaks for the visitor behind it."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """The visitor's address, and whether they speak TLS, with us or with a trusted proxy.

    `host` is what such a proxy was asked for, as it was sent; empty when the request's own counts. `country` is where
    they are by its word, in two letters; empty when it said nothing.
    """

    address: str
    secure: bool = False
    host: bytes = b""
    country: str = ""


class Asked(NamedTuple):
    """A request as the access log tells it; `version` is `1.0`, `1.1` or `2`, the rest is as it was sent.

    A tuple, for it is made for every request.
    """

    address: str
    host: bytes
    method: bytes
    target: bytes
    version: str


class Introductions(Protocol):
    """Whose word is believed about the visitor behind a connection."""

    def trusts(self, address: str, /) -> bool:
        """Whether a connection from this address may speak for others."""
        ...

    def visitor(self, peer: Visitor, said: Mapping[bytes, bytes]) -> Visitor:
        """Who is behind a connection that is trusted and said this, by the headers FORWARDED."""
        ...


class Scribe(Protocol):
    """Where answered requests are written down; called on the event loop, so it must only take note."""

    def note(self, asked: Asked, status: int, sent: int) -> None:
        """An answer has gone out; `sent` is its body's length in bytes."""
        ...


class Nobody:
    """The introductions of a server without proxies in front."""

    def trusts(self, address: str, /) -> bool:  # noqa: ARG002 - the protocol's signature
        """Nobody is believed."""
        return False

    def visitor(self, peer: Visitor, said: Mapping[bytes, bytes]) -> Visitor:  # noqa: ARG002 - as above
        """Whoever has connected is the visitor."""
        return peer


class Whereabouts(Protocol):
    """Tells where visitors are; called on the event loop, for sites whose rules ask."""

    def of(self, visitor: Visitor, /) -> str:
        """A visitor's country in two letters, "" where that is not known."""
        ...


class Nowhere:
    """The whereabouts of a server that cannot tell."""

    def of(self, visitor: Visitor, /) -> str:
        """What a proxy said of it."""
        return visitor.country


NOBODY = Nobody()
NOWHERE = Nowhere()
AS_IT_COMES = Policy()


@dataclass(frozen=True, slots=True)
class Reception:
    """What is done for every request besides answering it, by each lane alike."""

    proxies: Introductions = NOBODY
    policy: Policy = AS_IT_COMES
    log: Scribe | None = None
    countries: Whereabouts = NOWHERE

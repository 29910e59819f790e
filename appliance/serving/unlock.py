"""Is this visitor let in? Answered from what a request carries and from values; slow proofs are made elsewhere.

What is signed here is signed with HMAC-SHA-256 over its purpose, the site and everything it is good for, so that
nothing made for one purpose or one site can pass for another.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from appliance.serving import sign_in_pages
from appliance.serving.addresses import safe_location
from appliance.serving.replies import NO_INDEX, Field, Fields, Reply, make_reply
from appliance.serving.sign_in_pages import Said

OWN_PREFIX = b"/.dropdock/"
UNLOCK = OWN_PREFIX + b"unlock"
BYPASS_HEADER = b"x-dropdock-bypass"
CREDENTIALS = frozenset({b"cookie", b"authorization", b"accept", b"sec-fetch-mode", BYPASS_HEADER})
"""The request headers a gate reads, on sites that have one."""

PRIVATE: Field = (b"cache-control", b"private, no-store")
_CACHED_BY = frozenset({b"expires", b"pragma", b"surrogate-control", b"x-accel-expires"})
_KNEW_IT = "p"  # stands in a session where others have the id of their share link
_COOKIE = "dropdock_gate"
_COOKIES_READ = 8  # of our name: a neighbour's site may set more for the whole base, which must not shut out ours
_CLOSED_SCHEME = b'DropdockSignIn realm="site"'  # no browser knows it, so it shows our page and not its own dialog
_BASIC_SCHEME = b'Basic realm="site", charset="UTF-8"'

Context = Mapping[bytes, bytes]
"""Those of CREDENTIALS that a request carries, by lower-case name."""


class Proofs:
    """Basic credentials that were right lately, as keyed digests; the `most` used last are kept.

    A digest covers what the credentials were checked against, so a changed password needs no clearing.
    """

    def __init__(self, key: bytes, most: int = 4_096) -> None:
        self.key = key
        self._most = most
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self.told: Callable[[bytes], None] = lambda _: None
        """Told of each digest that `add` makes, for whoever has the same key to `learn`."""

    def add(self, against: str, token: bytes) -> None:
        """Note that a credential was right for what `against` names."""
        digest = self._digest(against, token)
        self.learn(digest)
        self.told(digest)

    def learn(self, digest: bytes) -> None:
        """Note a credential that was right elsewhere, by its digest."""
        self._known[digest] = None
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def has(self, against: str, token: bytes) -> bool:
        """Whether that was noted."""
        digest = self._digest(against, token)
        if digest not in self._known:
            return False
        self._known.move_to_end(digest)
        return True

    def _digest(self, against: str, token: bytes) -> bytes:
        return hmac.digest(self.key, against.encode() + b"\0" + token, hashlib.sha256)


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """What stands before a whole site: a password, share links, a token for automation, or nothing that opens it.

    `version` changes with the password; sessions are bound to it. `password` is an argon2id hash; `shares` maps the
    id of each link that is good to when it ends, in seconds since 1970; `bypass` is the SHA-256 of the token;
    `session` is in seconds; `secure` says that all visitors come over TLS, whatever it looks like here.
    """

    site: str
    version: str
    key: bytes
    proofs: Proofs
    password: str | None = None
    shares: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    bypass: bytes = b""
    session: int = 7 * 24 * 3600
    secure: bool = False
    now: Callable[[], float] = time.time

    def lets_in(self, context: Context) -> bool:
        """Whether a request carries what opens this gate."""
        return self._by_cookie(context) or self._by_bypass(context) or self._by_basic(context)

    @property
    def password_id(self) -> str:
        """What a proof of the password is good for."""
        return f"{self.site}\0{self.version}"

    def share_link(self, share: str, ends: int) -> str:
        """The secret part of a share link."""
        return f"{share}.{ends}.{self._sign('share', share, ends)}"

    def enter(self, by: str, until: int, to: str, *, secure: bool = False) -> Reply:
        """Send a visitor on with a session, until then at most; `by` is a share link's id, or `_KNEW_IT`."""
        ends = min(until, int(self.now()) + self.session)
        value = f"{by}.{ends}.{self._sign('session', self.version, by, ends)}"
        return see_other(to, _cookie(value, ends - int(self.now()), secure=secure or self.secure))

    def enter_by_password(self, to: str, *, secure: bool = False) -> Reply:
        """Send on a visitor who knew the password."""
        return self.enter(_KNEW_IT, int(self.now()) + self.session, to, secure=secure)

    def page(self, status: int, said: Said, to: str, *extra: Field) -> Reply:
        """The sign-in page."""
        body = sign_in_pages.render(status, said, to, has_password=self.password is not None)
        return make_reply(status, (*sign_in_pages.FIELDS, PRIVATE, NO_INDEX, *extra), body)

    def challenge(self, target: bytes, context: Context) -> Reply:
        """The 401 (RFC 9110, 15.5.2): a page for people, Basic for tools."""
        is_tool = self.password is not None and not _is_browser(context)
        scheme = _BASIC_SCHEME if is_tool else _CLOSED_SCHEME
        return self.page(401, Said.ASK, read_next(target), (b"www-authenticate", scheme))

    def at_unlock(self, query: bytes, *, secure: bool = False) -> Reply:
        """Our own page on the site's host, and where share links lead."""
        given = dict(_parameters(query))
        to = read_next(given.get(b"next", b"/"))
        if b"share" not in given:
            return self.page(200, Said.ASK, to)
        share, _, rest = given[b"share"].decode("latin-1").partition(".")
        ends, _, signature = rest.partition(".")
        good = self._is_signed(signature, "share", share, ends) and self.shares.get(share, 0) > self.now()
        if not good:
            return self.page(403, Said.ENDED, to)
        return self.enter(share, self.shares[share], to, secure=secure)

    def _by_cookie(self, context: Context) -> bool:
        cookies = context.get(b"cookie")
        return cookies is not None and any(map(self._is_session, _sessions(cookies)))

    def _is_session(self, value: str) -> bool:
        by, _, rest = value.partition(".")
        ends, _, signature = rest.partition(".")
        if not self._is_signed(signature, "session", self.version, by, ends) or int(ends) <= self.now():
            return False
        return self.password is not None if by == _KNEW_IT else self.shares.get(by, 0) > self.now()

    def _by_bypass(self, context: Context) -> bool:
        token = context.get(BYPASS_HEADER)
        if token is None or not self.bypass:
            return False
        return hmac.compare_digest(hashlib.sha256(token).digest(), self.bypass)

    def _by_basic(self, context: Context) -> bool:
        token = basic(context)
        return token is not None and self.password is not None and self.proofs.has(self.password_id, token)

    def _sign(self, purpose: str, *parts: object) -> str:
        said = "\0".join([purpose, self.site, *(str(part) for part in parts)])
        digest = hmac.digest(self.key, said.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _is_signed(self, signature: str, purpose: str, *parts: object) -> bool:
        return hmac.compare_digest(signature.encode(), self._sign(purpose, *parts).encode())


def basic(context: Context) -> bytes | None:
    """The credential of an `Authorization: Basic` header, still encoded (RFC 7617), or None."""
    scheme, _, token = context.get(b"authorization", b"").partition(b" ")
    return token.strip() if scheme.lower() == b"basic" else None


def user_and_password(token: bytes) -> tuple[str, str] | None:
    """What a Basic credential says (RFC 7617, 2), or None when it is none."""
    try:
        user, colon, password = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None


def private(reply: Reply) -> Reply:
    """The same answer, which no cache may keep."""
    kept: Fields = tuple(one for one in reply.fields if not _is_for_caches(one[0]) and one[0] != b"content-length")
    if reply.upstream:
        return replace(reply, fields=(*kept, PRIVATE))
    return make_reply(reply.status, (*kept, PRIVATE), reply.body, reply.part)


def read_next(target: bytes) -> str:
    """Where to go once inside: a path of this site as it was asked for; `/` for what could lead elsewhere."""
    text = target.decode("latin-1")
    is_path = text.startswith("/") and text.isascii() and text.isprintable() and " " not in text
    return safe_location(text) if is_path and not target.startswith(UNLOCK) else "/"


def at_no_gate(target: bytes) -> Reply | None:
    """Where the sign-in page's address and share links lead on a site that has no gate."""
    path, _, query = target.partition(b"?")
    return see_other(read_next(dict(_parameters(query)).get(b"next", b"/"))) if path == UNLOCK else None


def see_other(to: str, *extra: Field) -> Reply:
    """On to another path of the site, with GET (RFC 9110, 15.4.4)."""
    return make_reply(303, ((b"location", to.encode("ascii")), PRIVATE, NO_INDEX, *sign_in_pages.SAFE, *extra))


def _is_browser(context: Context) -> bool:
    """Browsers answer a Basic challenge with a dialog of their own, also when a script or a picture was asked for."""
    return b"sec-fetch-mode" in context or b"text/html" in context.get(b"accept", b"")


def _is_for_caches(name: bytes) -> bool:
    return name in _CACHED_BY or name.endswith(b"cache-control")


def _cookie(value: str, seconds: int, *, secure: bool) -> Field:
    """Over TLS with the `__Host-` prefix: no site beside ours can set such (RFC 6265bis, 4.1.3.2)."""
    prefix, end = ("__Host-", "; Secure") if secure else ("", "")
    text = f"{prefix}{_COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{end}"
    return (b"set-cookie", text.encode("ascii"))


def _sessions(cookies: bytes) -> list[str]:
    pairs = [part.strip().removeprefix(b"__Host-").partition(b"=") for part in cookies.split(b";")]
    values = [value.decode("latin-1") for name, _, value in pairs if name == _COOKIE.encode()]
    return values[:_COOKIES_READ]


def _parameters(query: bytes) -> Iterator[tuple[bytes, bytes]]:
    for part in query.split(b"&")[:_COOKIES_READ]:
        name, _, value = part.partition(b"=")
        yield name, unquote_to_bytes(value)

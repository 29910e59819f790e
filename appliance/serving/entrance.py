"""What stands before a release: its site's gate and the locks on its paths, looked at before anything else is."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from appliance.serving import pages, sign_in_pages
from appliance.serving.addresses import Address, BadTarget, read_path
from appliance.serving.pages import Words
from appliance.serving.replies import NO_INDEX, Field, Reply, make_reply
from appliance.serving.resolve import INDEXES, folded
from appliance.serving.rules.patterns import CLOUDFLARE, NETLIFY_HEADERS, BadPattern, Pattern, parse, subject
from appliance.serving.unlock import PRIVATE, UNLOCK, Context, Gate, Proofs, basic, private, user_and_password

_PAGE_ENDS = ("", ".html", ".htm", "/index", *sorted({f"/{folded(index)}" for index in INDEXES}))
_CHALLENGE: Field = (b"www-authenticate", b'Basic realm="site", charset="UTF-8"')
_LOCKED = Words(
    "This page is not public",
    "It opens with a name and a password.",
    "The people who made the site can tell you.",
)


class LockRule(Protocol):
    """What a site's rules say of a lock; each of the users is `name:hash`, argon2id over the password."""

    @property
    def path(self) -> str:
        """The path pattern, as written."""
        ...

    @property
    def users(self) -> tuple[str, ...]:
        """Who may pass."""
        ...


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on the paths that match, whatever their capitals.

    `against` names its users, so that a proof holds for these only.
    """

    pattern: Pattern
    users: tuple[str, ...]
    against: str

    def fits(self, addresses: Iterable[Address]) -> bool:
        """Whether one of the spellings of a page is locked."""
        folders = self.pattern.folders
        return any(self.pattern.match(subject(address, folders=folders)) is not None for address in addresses)

    def hashes_of(self, user: str) -> tuple[str, ...]:
        """The hashes of the passwords with which a user may pass."""
        named = (one.partition(":") for one in self.users)
        return tuple(hashed for name, _, hashed in named if name == user)


@dataclass(frozen=True, slots=True)
class Question:
    """A name and password that nobody has looked at yet.

    The password is right if one of `hashes` (argon2id) is of it; then `Proofs` is told with `against` and `token`.
    """

    token: bytes
    against: str
    password: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Entrance:
    """What a visitor has to pass: the gate, where the site has one, then the last of the locks that match the path."""

    gate: Gate | None
    locks: Sequence[Lock]
    proofs: Proofs

    def admit(self, target: bytes, context: Context, inside: Callable[[], Reply], *, secure: bool = False) -> Reply:
        """The answer for somebody at the entrance; `inside` gives the site's own, for those who may have it.

        `secure` says that they come over TLS, so that their cookie will only go that way.
        """
        lock = self._lock_at(target)
        if self.gate is None and lock is None:
            return inside()
        return self._refusal(target, context, lock, secure=secure) or private(inside())

    def refuses(self, target: bytes, context: Context) -> bool:
        """Whether a request stops here."""
        return self._refusal(target, context, self._lock_at(target)) is not None

    def question(self, target: bytes, context: Context) -> Question | None:
        """The password in a request that only a slow check can tell right from wrong, if there is one."""
        token = basic(context)
        if token is None:
            return None
        gate, lock = self.gate, self._lock_at(target)
        if gate is not None and not gate.lets_in(context):
            return _ask_gate(gate, token)
        if lock is not None and not self.proofs.has(lock.against, token):
            user, password = user_and_password(token) or ("", "")
            return Question(token, lock.against, password, lock.hashes_of(user))
        return None

    def _refusal(self, target: bytes, context: Context, lock: Lock | None, *, secure: bool = False) -> Reply | None:
        if self.gate is not None:
            path, _, query = target.partition(b"?")
            if path == UNLOCK:
                return self.gate.at_unlock(query, secure=secure)
            if not self.gate.lets_in(context):
                return self.gate.challenge(target, context)
        if lock is None:
            return None
        token = basic(context)
        return None if token is not None and self.proofs.has(lock.against, token) else _ask_for_name()

    def _lock_at(self, target: bytes) -> Lock | None:
        if not self.locks:
            return None
        try:
            addresses = _spellings(read_path(target.partition(b"?")[0]))
        except BadTarget:
            return None  # there is nothing at such an address
        return next((lock for lock in reversed(self.locks) if lock.fits(addresses)), None)


def compile_locks(rules: Iterable[LockRule], dialect: str) -> tuple[Lock, ...]:
    """The locks of a site's rules, in their order. One whose pattern cannot be read locks the whole site."""
    style = CLOUDFLARE if dialect == "cloudflare" else NETLIFY_HEADERS
    compiled = []
    for rule in rules:
        try:
            pattern = parse(rule.path, style).folded(folded)
        except BadPattern:
            pattern = parse("/*", NETLIFY_HEADERS)
        named = hashlib.sha256("\0".join(rule.users).encode("utf-8", "surrogatepass")).hexdigest()
        compiled.append(Lock(pattern, rule.users, named))
    return tuple(compiled)


def is_locked(locks: Sequence[Lock], path: str) -> bool:
    """Whether one of the locks stands before the file at a path of a manifest."""
    addresses = _spellings(Address(path, slash=False)) if locks else []
    return any(lock.fits(addresses) for lock in locks)


def _ask_gate(gate: Gate, token: bytes) -> Question | None:
    if gate.password is None:
        return None
    _, password = user_and_password(token) or ("", "")
    return Question(token, gate.password_id, password, (gate.password,))


def _spellings(address: Address) -> list[Address]:
    """Every address at which the same page may be found, whatever the HTML mode, as `folded` has them.

    A lock is for the page, however it is asked for: `/a`, `/a/`, `/a.html` and `/a/index.html` are one.
    """
    key = folded(address.key)
    stems = {key, *(key.removesuffix(end) for end in _PAGE_ENDS if end), *([""] if f"/{key}" in _PAGE_ENDS else [])}
    keys = {(stem + end).lstrip("/") for stem in stems for end in _PAGE_ENDS}
    return [Address(key, slash) for key in keys for slash in (False, True)]


def _ask_for_name() -> Reply:
    fields = (*sign_in_pages.FIELDS, PRIVATE, NO_INDEX, _CHALLENGE)
    return make_reply(401, fields, pages.render(401, _LOCKED))

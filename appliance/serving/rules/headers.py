"""Reads `_headers`: a path line, then `Name: value` lines for what matches it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from appliance.serving.replies import TO_PROXIES
from appliance.serving.rules.compiled import styles
from appliance.serving.rules.patterns import BadPattern
from appliance.serving.rules.patterns import parse as parse_pattern
from appliance.serving.rules.redirects import read_source
from appliance.serving.rules.report import BadRule, Report, RuleLimits, check_length, lines, shown
from appliance.storage.rules import HeaderBlock, Lock

REFUSED = frozenset(
    {"accept-ranges", "age", "allow", "alt-svc", "connection", "content-encoding", "content-length", "content-range"}
    | {"date", "location", "server", "set-cookie", "trailer", "transfer-encoding", "upgrade"}
    | {"keep-alive", "proxy-connection", "te"}  # HTTP/2 forbids them (RFC 9113, 8.2.2)
    | {"etag", "last-modified"}  # conditions and ranges are decided by ours
    | {name.decode() for name in TO_PROXIES}
)
MOST_USERS = 100  # of all locks together: each costs a slow hash when the deploy is made

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
LOCK = "basic-auth"

HashPassword = Callable[[str], str]


@dataclass(slots=True)
class Draft:
    """A block as it is being read."""

    path: str
    host: str
    line: int
    file: str = "_headers"
    fields: dict[str, str] = field(default_factory=dict)
    drop: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Headers:
    """The blocks found fit so far. `hash_password` makes an argon2id hash; it is slow, and called for locks only."""

    dialect: str
    limits: RuleLimits
    hash_password: HashPassword
    blocks: list[HeaderBlock] = field(default_factory=list)
    locks: list[Lock] = field(default_factory=list)
    seen: int = 0
    users: int = 0
    unplaced: int = 0  # the line of a lock that belongs to no path we know

    def begin(self, source: str, line: int, file: str = "_headers") -> Draft:
        """A new block for a path or an `https://host/path`; raises BadRule."""
        host, path = read_source(source)
        try:
            parse_pattern(path, styles(self.dialect)[1])
        except BadPattern as bad:
            raise BadRule(f"{shown(source)} is no pattern: {bad}. Its headers are left out.") from None
        self.seen += 1
        if self.seen > self.limits.headers:
            raise BadRule(f"There are more than {self.limits.headers:,} blocks (header_rules): left out.", "rule_limit")
        return Draft(path, host, line, file)

    def put(self, draft: Draft, name: str, value: str) -> None:
        """Set a field in a block; raises BadRule."""
        lower = name.strip().lower()
        if lower == LOCK:
            self._lock(draft, value.strip())
            return
        _check(lower, value)
        before = draft.fields.get(lower)
        draft.fields[lower] = value.strip() if before is None else f"{before}, {value.strip()}"

    def take_off(self, draft: Draft, name: str) -> None:
        """Take off in this block what an earlier one has set; raises BadRule."""
        if self.dialect != "cloudflare":
            raise BadRule("`! Name` is understood in the Cloudflare dialect only: left out.", "bad_header")
        if not _TOKEN.fullmatch(name.strip()):
            raise BadRule(f"{shown(name)} is no header name: left out.", "bad_header")
        draft.drop.append(name.strip().lower())

    def end(self, draft: Draft | None) -> None:
        """Keep a block, if there is anything in it."""
        if draft is not None and (draft.fields or draft.drop):
            fields = tuple(draft.fields.items())
            self.blocks.append(HeaderBlock(draft.path, fields, tuple(draft.drop), draft.host, draft.line, draft.file))

    def _lock(self, draft: Draft, value: str) -> None:
        """Lock a path. What cannot be read still locks it, for everybody: a slip must not lay it open."""
        pairs = [pair.partition(":") for pair in value.split()]
        good = [(user, password) for user, _, password in pairs if user and password]
        room = max(0, MOST_USERS - self.users)
        users = tuple(f"{user}:{self.hash_password(password)}" for user, password in good[:room])
        self.users += len(users)
        self.locks.append(Lock(draft.path, users))
        if len(users) < len(pairs) or not users:
            raise BadRule(
                f"Basic-Auth wants user:password, and at most {MOST_USERS} of them in all. "
                f"The path stays locked, for those that could be read ({len(users)}).",
                "bad_lock",
            )


def read_headers(text: str, into: Headers, report: Report) -> None:
    """Read a whole `_headers`; what cannot be used goes into the report, line by line."""
    draft: Draft | None = None
    for number, line in enumerate(lines(text), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        opens = stripped.startswith("/") or _ADDRESS.match(stripped) is not None
        if opens:
            into.end(draft)
            draft = None
        try:
            if not stripped.lower().startswith(LOCK):
                check_length(line, into.limits)
            if opens:
                draft = into.begin(stripped, number)
            else:
                _read_field(stripped, draft, into, number)
        except BadRule as bad:
            report.add(bad.code, str(bad), number)
    into.end(draft)


def _read_field(line: str, draft: Draft | None, into: Headers, number: int) -> None:
    if draft is None:
        if line.lower().startswith(LOCK):
            into.unplaced = into.unplaced or number
        raise BadRule("This header belongs to no path: left out.", "bad_header")
    if line.startswith("!"):
        into.take_off(draft, line[1:])
        return
    name, colon, value = line.partition(":")
    if not colon or (name.lower().startswith(LOCK) and name.strip().lower() != LOCK):
        line = "This line about Basic-Auth" if line.lower().startswith(LOCK) else shown(line)  # it may hold a password
        raise BadRule(f"{line} is not `Name: value`: left out.", "bad_header")
    into.put(draft, name, value)


def _check(name: str, value: str) -> None:
    if not _TOKEN.fullmatch(name):
        raise BadRule(f"{shown(name)} is no header name: left out.", "bad_header")
    if name in REFUSED:
        raise BadRule(f"{shown(name)} is the server's own to send: left out.", "header_refused")
    if _CONTROL.search(value.strip()):
        raise BadRule(f"The value of {shown(name)} holds control characters: left out.", "bad_header")
    if not value.strip():
        raise BadRule(f"{shown(name)} has no value: left out.", "bad_header")

"""Take secrets out of what is about to be logged: by the name of a field, and by the shape of a value, at any depth."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

HIDDEN = "[redacted]"
DEPTH = 8  # levels of nesting looked into; what lies deeper is hidden whole

_WORD = r"passw(?:or)?d|passphrase|secret|token|csrf|cookies?|authorization|api[_-]?key|credential|jwt"
_NAME = rf"(?<![\w-])[\w-]{{0,40}}(?:{_WORD})[\w-]{{0,40}}"  # bounded, so that long text costs its length and no more
_VALUE = r"""(?:"[^"]*"|'[^']*'|[^&;,\s"'#)\]}>]+)"""
_SECRET_FIELD = re.compile(_WORD, re.IGNORECASE)
_PLAIN_FIELD = re.compile(r"(?:_id|_ids|_name|_count|_lifetime|_at)$", re.IGNORECASE)  # about a secret, not one

# Keys that say by how they begin what they are, as those who hand them out document it or scan for them.
_KEYS = (
    r"gh[pousr]_[\w.-]{20,}|github_pat_\w{20,}",  # GitHub
    r"glpat-[\w.-]{20,}",  # GitLab
    r"npm_[A-Za-z0-9]{30,}|pypi-AgE[\w-]{20,}|dckr_pat_[\w-]{20,}|hf_[A-Za-z0-9]{30,}",  # registries
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",  # AWS; its secret keys are told by their names only
    r"xox[abeoprs]-[\w.-]{10,}|xapp-\d-[\w-]{10,}|hooks\.slack\.com/(?:services|workflows)/[\w/]+",  # Slack
    r"AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}",  # Google
    r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}",  # Stripe
    r"sk-(?:ant|proj|svcacct)-[\w-]{20,}|sk-[A-Za-z0-9]{40,}",  # Anthropic, OpenAI
    r"SG\.[\w-]{16,}\.[\w-]{16,}|nf[pc]_[A-Za-z0-9]{36,}|do[opr]_v1_[0-9a-f]{64}",  # SendGrid, Netlify, DigitalOcean
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|AGE-SECRET-KEY-1[0-9A-Z]{40,}",  # Shopify, age
)
_WORD_IN_TEXT = re.compile(r"([A-Z]?[a-z]+)\.*")


def _basic(found: re.Match[str]) -> str:
    """What follows the word Basic, hidden unless it is just a word: credentials (RFC 7617) have a colon inside."""
    kind, space, value = found.groups()
    word = _WORD_IN_TEXT.fullmatch(value)
    if word and b":" not in base64.b64decode(word[1][: len(word[1]) // 4 * 4]):
        return found[0]
    return f"{kind}{space}{HIDDEN}"


_SHAPES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # Cookie and Authorization header lines, to the end of the line: a cookie header holds several.
    (re.compile(r"((?:set-)?cookie|authorization)(\s*:\s*)[^\r\n]+", re.IGNORECASE), rf"\1\2{HIDDEN}"),
    # Authorization values on their own (RFC 6750, RFC 7617).
    (re.compile(r"\b(bearer)(\s+)[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1\2{HIDDEN}"),
    (re.compile(r"\b(basic)(\s+)([\w.~+/=-]{6,})", re.IGNORECASE), _basic),
    # "password": "…", (b'cookie', b'…'): JSON, and what Python prints of dicts and header lists.
    (
        re.compile(
            rf"""(["'])({_NAME})\1(\s*[:,]\s*b?)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,}})\]]+)""", re.IGNORECASE
        ),
        rf"\1\2\1\3{HIDDEN}",
    ),
    # token=… in queries, forms and what Python prints of objects.
    (re.compile(rf"({_NAME}=){_VALUE}", re.IGNORECASE), rf"\1{HIDDEN}"),
    # The set-up link, should its token stand in the path.
    (re.compile(r"(/set-?up/)[\w-]{8,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    # The password of a URL's user.
    (re.compile(r"(://[^\s/:@]{0,100}:)[^\s/@]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"\bdd_[\w-]{8,}"), HIDDEN),  # personal tokens
    (re.compile(r"\beyJ[\w-]{4,}(?:\.[\w-]*){2,4}"), HIDDEN),  # JWT (RFC 7519), signed or encrypted
    (re.compile(r"\$argon2\w*\$[^\s\"']+"), HIDDEN),  # password hashes
    # DEPLOY_KEY=… as variables are printed, and api_key: … as configuration is written.
    (re.compile(rf"\b([A-Z][A-Z0-9_]{{0,60}}(?:KEY|PASS|PWD|AUTH)=){_VALUE}"), rf"\1{HIDDEN}"),
    (re.compile(rf"""({_NAME}\s{{0,3}}[:=]\s{{1,3}}["']?)[\w+/.=~-]{{16,}}""", re.IGNORECASE), rf"\1{HIDDEN}"),
    # Private keys (RFC 7468; OpenPGP's, RFC 9580), where all of one is in the text.
    (
        re.compile(r"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10})-----(?:[^-]|-(?!----))+-----END \1-----"),
        HIDDEN,
    ),
    (re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_KEYS)})"), HIDDEN),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # could rewrite what a terminal shows


def redact(value: Any) -> Any:  # noqa: ANN401 - a log field may be anything
    """The value as it may be logged: plain JSON values with every secret replaced by `[redacted]`."""
    return _redact(value, DEPTH)


def redact_text(text: str) -> str:
    """The text with every secret replaced that can be told by its shape, and without control characters."""
    for pattern, replacement in _SHAPES:
        text = pattern.sub(replacement, text)
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def _redact(value: Any, depth: int) -> Any:  # noqa: ANN401 - as above
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth == 0:
        return HIDDEN
    if isinstance(value, Mapping):
        return {redact_text(str(name)): _field(str(name), held, depth - 1) for name, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return _sequence(value, depth - 1)
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "replace"))
    return redact_text(value if isinstance(value, str) else str(value))


def _field(name: str, value: Any, depth: int) -> Any:  # noqa: ANN401 - as above
    if (
        _SECRET_FIELD.search(name)
        and not _PLAIN_FIELD.search(name)
        and not isinstance(value, bool | int | float | None)
    ):
        return HIDDEN
    return _redact(value, depth)


def _sequence(values: Any, depth: int) -> list[Any]:  # noqa: ANN401 - as above
    """A pair of a name and a value, as in lists of headers, is taken for a field."""
    pair = list(values)
    if isinstance(values, tuple) and len(pair) == 2 and isinstance(pair[0], str | bytes):
        name = pair[0].decode("latin-1") if isinstance(pair[0], bytes) else pair[0]
        return [redact_text(name), _field(name, pair[1], depth)]
    return [_redact(value, depth) for value in pair]

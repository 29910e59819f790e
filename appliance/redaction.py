"""Take secrets out of what is about to be logged: by the name of a field, and by the shape of a value, at any depth."""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[redacted]"
DEPTH = 8  # levels of nesting looked into; what lies deeper is hidden whole

_WORD = r"passw(?:or)?d|passphrase|secret|token|csrf|cookies?|authorization|api[_-]?key|credential|jwt"
_NAME = rf"(?<![\w-])[\w-]{{0,40}}(?:{_WORD})[\w-]{{0,40}}"  # bounded, so that long text costs its length and no more
_SECRET_FIELD = re.compile(_WORD, re.IGNORECASE)
_PLAIN_FIELD = re.compile(r"(?:_id|_ids|_name|_count|_lifetime|_at)$", re.IGNORECASE)  # about a secret, not one

_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # Cookie and Authorization header lines, to the end of the line: a cookie header holds several.
    (re.compile(r"((?:set-)?cookie|authorization)(\s*:\s*)[^\r\n]+", re.IGNORECASE), rf"\1\2{HIDDEN}"),
    # Authorization values on their own (RFC 6750, RFC 7617).
    (re.compile(r"\b(bearer|basic)(\s+)[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1\2{HIDDEN}"),
    # "password": "…", (b'cookie', b'…'): JSON, and what Python prints of dicts and header lists.
    (
        re.compile(
            rf"""(["'])({_NAME})\1(\s*[:,]\s*b?)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,}})\]]+)""", re.IGNORECASE
        ),
        rf"\1\2\1\3{HIDDEN}",
    ),
    # token=… in queries, forms and what Python prints of objects.
    (re.compile(rf"""({_NAME}=)("[^"]*"|'[^']*'|[^&;,\s"'#)\]}}>]+)""", re.IGNORECASE), rf"\1{HIDDEN}"),
    # The set-up link, should its token stand in the path.
    (re.compile(r"(/set-?up/)[\w-]{8,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    # The password of a URL's user.
    (re.compile(r"(://[^\s/:@]{0,100}:)[^\s/@]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"\bdd_[\w-]{8,}"), HIDDEN),  # personal tokens
    (re.compile(r"\beyJ[\w-]{4,}(?:\.[\w-]*){2,4}"), HIDDEN),  # JWT (RFC 7519), signed or encrypted
    (re.compile(r"\$argon2\w*\$[^\s\"']+"), HIDDEN),  # password hashes
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

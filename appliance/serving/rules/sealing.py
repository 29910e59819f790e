"""Rule files as they may be kept: with hashes where the passwords stood. Read again, they lock what they locked."""

import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

from appliance.serving.rules.headers import LOCK

Seal = Callable[[str], str | None]
"""The hash of a password; None for one that nobody may use."""

_LINE_ENDS = re.compile(r"(\r\n|\r|\n)")
_NOBODY = "!"  # no name and password, so the path stays locked for everybody
_LEFT_OUT = "# A line about Basic-Auth that was not understood stood here."


def sealed(name: str, text: str, seal: Seal) -> str | None:
    """The text of a `_headers` or `netlify.toml` without its passwords; None when they cannot be told from the rest."""
    if name == "netlify.toml":
        return _sealed_toml(text, seal)
    return "".join(_sealed_line(part, seal) for part in _LINE_ENDS.split(text))


def _sealed_line(line: str, seal: Seal) -> str:
    stripped = line.strip()
    if not stripped.lstrip("#! \t\ufeff").lower().startswith(LOCK):
        return line
    name, colon, value = stripped.partition(":")
    if name.strip().lower() != LOCK or not colon:
        return _LEFT_OUT
    return f"{line[: len(line) - len(line.lstrip())]}{name}: {_sealed_value(value, seal)}"


def _sealed_value(value: str, seal: Seal) -> str:
    pairs = (pair.partition(":") for pair in value.split())
    hashes = [(user, seal(password)) for user, _, password in pairs if user and password]
    return " ".join(f"{user}:{hashed}" for user, hashed in hashes if hashed) or _NOBODY


def _sealed_toml(text: str, seal: Seal) -> str | None:
    try:
        values = list(_locks(tomllib.loads(text)))
        for value in values:
            text = text.replace(value, _sealed_value(value, seal))
        kept = list(_locks(tomllib.loads(text)))
    except (ValueError, RecursionError):
        return text if LOCK not in text.lower() else None
    as_meant = kept == [_sealed_value(value, seal) for value in values]  # not where a text was written with escapes
    return text if as_meant and not _mentions(text, values) else None


def _mentions(text: str, values: list[str]) -> bool:
    """Whether something about locks stands in a comment, where no reader of TOML sees it."""
    return any(value in text for value in values) or any(
        LOCK in comment.lower() for line in text.splitlines() for _, mark, comment in [line.partition("#")] if mark
    )


def _locks(values: dict[str, Any]) -> Iterator[str]:
    """Every text that is the value of a lock."""
    tables = values.get("headers")
    for table in tables if isinstance(tables, list) else []:
        fields = table.get("values") if isinstance(table, dict) else None
        for name, value in fields.items() if isinstance(fields, dict) else ():
            if name.strip().lower() == LOCK:
                yield from (str(one) for one in (value if isinstance(value, list) else [value]))

"""A site's own rules as plain values: what its `_redirects`, `_headers` and `netlify.toml` say."""

from dataclasses import dataclass
from typing import Any

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """One redirect or rewrite, in the order of the files.

    `path` is the pattern as written, `host` the host it is bound to ("" for any), `query` the keys that must be
    present, each with a value or a `:name`; `conditions` maps `Language`, `Cookie`, `Country` or `Role` to the values
    that fulfil it. `force` goes before a file that exists; `if_there` leads to files only, for elsewhere it would lead
    around in a circle. `line` counts from 1.
    """

    path: str
    to: str
    status: int
    force: bool = False
    host: str = ""
    query: Pairs = ()
    conditions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    if_there: bool = False
    file: str = "_redirects"
    line: int = 0


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """Header fields for the requests that match: names in lower case to set, and names to take off first."""

    path: str
    fields: Pairs
    drop: tuple[str, ...] = ()
    host: str = ""
    line: int = 0
    file: str = "_headers"


@dataclass(frozen=True, slots=True)
class Lock:
    """Who may see the paths that match: each user as `name:hash`, the hash of argon2id over the password alone."""

    path: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything a site's rule files say that was found fit to use."""

    redirects: tuple[Redirect, ...] = ()
    headers: tuple[HeaderBlock, ...] = ()
    locks: tuple[Lock, ...] = ()


NO_RULES = Rules()


def pack(rules: Rules) -> dict[str, Any]:
    """The rules as JSON holds them."""
    return {
        "redirects": [_row(rule) for rule in rules.redirects],
        "headers": [_row(block) for block in rules.headers],
        "locks": [_row(lock) for lock in rules.locks],
    }


def unpack(stored: dict[str, Any]) -> Rules:
    """The value of `pack`'s form; raises ValueError, KeyError or TypeError for anything else."""
    return Rules(
        tuple(_redirect(*row) for row in stored["redirects"]),
        tuple(_block(*row) for row in stored["headers"]),
        tuple(Lock(path, tuple(users)) for path, users in stored["locks"]),
    )


def _row(value: Redirect | HeaderBlock | Lock) -> list[Any]:
    return [getattr(value, name) for name in type(value).__slots__]


def _redirect(  # noqa: PLR0913, PLR0917  (a stored row, in its order)
    path: str,
    to: str,
    status: int,
    force: bool,  # noqa: FBT001  (a stored row, in its order)
    host: str,
    query: list[list[str]],
    conditions: list[list[Any]],
    if_there: bool,  # noqa: FBT001
    file: str,
    line: int,
) -> Redirect:
    held = tuple((name, tuple(values)) for name, values in conditions)
    return Redirect(path, to, status, force, host, _pairs(query), held, if_there, file, line)


def _block(path: str, fields: list[list[str]], drop: list[str], *where: Any) -> HeaderBlock:  # noqa: ANN401  (likewise)
    return HeaderBlock(path, _pairs(fields), tuple(drop), *where)


def _pairs(rows: list[list[str]]) -> Pairs:
    return tuple((name, value) for name, value in rows)

"""Reads the `redirects` and `headers` tables of a `netlify.toml`; whatever else it says is for a build, not for us."""

import re
import tomllib
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

from appliance.serving.rules.headers import LOCK, Draft, Headers
from appliance.serving.rules.redirects import DEFAULT_STATUS, Redirects, read_condition, read_source
from appliance.serving.rules.report import BadRule, Report, lines, shown
from appliance.storage.rules import Redirect

LARGEST = 256 * 1024  # characters: the parser of the standard library is not linear on every text

_FAULT = re.compile(r"at line (\d+)")
_TABLE = re.compile(r"\[\[\s*(redirects|headers)\s*\]\]")
Table = dict[str, Any]


def read_toml(text: str, redirects: Redirects, headers: Headers, report: Report) -> None:
    """Read both kinds of tables, each into what it belongs to; what cannot be used goes into the report."""
    values = _parse(text, report)
    if values is None:
        headers.unplaced = headers.unplaced or _line_of_lock(text)
        return
    places = _places(text)
    for table, line in _tables(values, "redirects", places):
        try:
            remark = redirects.add(_redirect(table, line, redirects.dialect))
            if remark:
                report.add("rule_inert", remark, line)
        except BadRule as bad:
            report.add(bad.code, str(bad), line)
    for table, line in _tables(values, "headers", places):
        _read_headers(table, line, headers, report)


def _parse(text: str, report: Report) -> Table | None:
    if len(text) > LARGEST:
        report.add("rules_too_large", f"netlify.toml is longer than {LARGEST // 1024} KiB: none of it is used.", 0)
        return None
    try:
        return tomllib.loads("\n".join(lines(text)))
    except (ValueError, RecursionError) as error:
        at = _FAULT.search(str(error))
        report.add("bad_toml", "netlify.toml is not valid TOML here: none of it is used.", int(at[1]) if at else 0)
        return None


def _places(text: str) -> dict[str, list[int]]:
    """The lines at which tables begin, as well as can be told without a parser that keeps them."""
    found: dict[str, list[int]] = {"redirects": [], "headers": []}
    for number, line in enumerate(lines(text), 1):
        table = _TABLE.match(line.strip())
        if table:
            found[table[1]].append(number)
    return found


def _tables(values: Table, name: str, places: dict[str, list[int]]) -> Iterator[tuple[Table, int]]:
    tables = values.get(name)
    if isinstance(tables, list):
        for table, line in zip(tables, chain(places[name], repeat(0)), strict=False):
            yield (table if isinstance(table, dict) else {}), line


def _redirect(table: Table, line: int, dialect: str) -> Redirect:
    source, to = table.get("from"), table.get("to")
    if not isinstance(source, str) or not isinstance(to, str):
        raise BadRule("This redirect has no `from` and `to` that are texts: left out.")
    status, force = table.get("status", DEFAULT_STATUS[dialect]), table.get("force", False)
    if not isinstance(status, int) or not isinstance(force, bool):
        raise BadRule("`status` is a number and `force` true or false: left out.")
    host, path = read_source(source)
    query = tuple((key, _text(value)) for key, value in _table(table, "query").items())
    conditions = tuple(read_condition(name, _texts(value)) for name, value in _table(table, "conditions").items())
    return Redirect(path, to, status, force, host, query, conditions, file="netlify.toml", line=line)


def _read_headers(table: Table, line: int, into: Headers, report: Report) -> None:
    try:
        draft = into.begin(_source(table), line, "netlify.toml")
    except BadRule as bad:
        report.add(bad.code, str(bad), line)
        if LOCK in str(table).lower():
            into.unplaced = into.unplaced or line or 1
        return
    for name, value in table["values"].items():
        _put(draft, name, value, into, report)
    into.end(draft)


def _source(table: Table) -> str:
    source = table.get("for")
    if not isinstance(source, str) or not isinstance(table.get("values"), dict):
        raise BadRule("These headers have no text `for` and no table `values`: left out.")
    return source


def _put(draft: Draft, name: str, value: object, into: Headers, report: Report) -> None:
    for one in value if isinstance(value, list) else [value]:
        try:
            into.put(draft, name, " ".join(_text(one).split("\n")))
        except BadRule as bad:
            report.add(bad.code, str(bad), draft.line)


def _line_of_lock(text: str) -> int:
    return next((number for number, line in enumerate(lines(text), 1) if LOCK in line.lower()), 0)


def _table(table: Table, name: str) -> Table:
    value = table.get(name, {})
    if not isinstance(value, dict):
        raise BadRule(f"`{name}` is not a table: left out.")
    return value


def _texts(value: object) -> list[str]:
    return [_text(one) for one in value] if isinstance(value, list) else _text(value).split(",")


def _text(value: object) -> str:
    if not isinstance(value, str | int | float):
        raise BadRule(f"{shown(repr(value)[:200])} is not a text: left out.")
    return str(value)

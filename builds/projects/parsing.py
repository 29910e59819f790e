"""Small configuration files of untrusted projects, parsed safely and in linear time: TOML, JSON, YAML, Python, Ruby.

Nothing here raises for what a file holds: what cannot be read reads as empty, as if the file said nothing.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

Values = Mapping[str, Any]

DEEPEST = 40  # nested lists and mappings; configurations have five
DOTS = 200  # in one line of TOML: tomllib takes the square of a dotted key's parts
NOTHING: Values = {}

# A plain assignment at the top of a Python file; values are read only where they are one simple string.
ASSIGNED = re.compile(r"^([A-Za-z_][A-Za-z0-9_]{0,80})[ \t]*(?::[^=\n]{1,80})?=(?!=)[ \t]*(.*)$", re.MULTILINE)
PYTHON_STRING = re.compile(r"""[rRuU]?(["'])((?:(?!\1)[^\\\n])*)\1[ \t]*(?:#.*)?$""")
REQUIREMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,100}[A-Za-z0-9])?")
GEM = re.compile(r"""^[ \t]*gem[ \t(]+["']([A-Za-z0-9_-]{1,80})["']""", re.MULTILINE)


def toml(text: str) -> Values:
    """The tables of a TOML file."""
    if any(line.count(".") > DOTS for line in text.splitlines()):
        return NOTHING
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return NOTHING


def json_object(text: str) -> Values:
    """The object in a JSON file."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return NOTHING
    return value if isinstance(value, dict) else NOTHING


def json_fault(text: str) -> int:
    """The line in which a text stops being JSON; 0 where it is JSON, or says nothing at all."""
    try:
        json.loads(text or "null")
    except json.JSONDecodeError as fault:
        return fault.lineno if text.strip() else 0
    except (ValueError, RecursionError):  # a number of too many digits; nested too deeply
        return 1
    return 0


def yaml_mapping(text: str) -> Values:
    """The mapping in a YAML file: strings, lists and mappings; tags are ignored, aliases read as nothing.

    Built from the parser's events, since its own constructors recurse and let aliases and merge keys multiply.
    """
    try:
        value = _from_events(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except (yaml.YAMLError, ValueError, RecursionError):
        return NOTHING
    return value if isinstance(value, dict) else NOTHING


def python_names(text: str) -> Mapping[str, str]:
    """Names assigned at the top of a Python file, with their value where that is a plain string, else empty."""
    return {found[1]: _plain_string(found[2]) for found in ASSIGNED.finditer(text)}


def requirement_names(text: str) -> frozenset[str]:
    """The packages a requirements file names, in lower case with dashes (PEP 503)."""
    lines = (REQUIREMENT.match(line.strip()) for line in text.splitlines())
    return frozenset(package_name(found[0]) for found in lines if found)


def package_name(requirement: str) -> str:
    """The package of a requirement (`mkdocs-material[imaging]>=9`), as PEP 503 spells it."""
    found = REQUIREMENT.match(requirement.strip())
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def gems(text: str) -> frozenset[str]:
    """The gems that a Gemfile names."""
    return frozenset(GEM.findall(text))


def lookup(values: Any, *keys: str) -> Any:  # noqa: ANN401 - a file may hold any kind of value anywhere
    """The value at a path of keys; None where there is none."""
    for key in keys:
        if not isinstance(values, Mapping):
            return None
        values = values.get(key)
    return values


def string(values: Values, *keys: str) -> str:
    """The string at a path of keys; empty where there is none."""
    value = lookup(values, *keys)
    return value.strip() if isinstance(value, str) else ""


def table(values: Values, *keys: str) -> Values:
    """The mapping at a path of keys; empty where there is none."""
    value = lookup(values, *keys)
    return value if isinstance(value, Mapping) else NOTHING


def strings(values: Values, *keys: str) -> tuple[str, ...]:
    """The strings of a list, or the keys of a mapping, at a path of keys; of a list's mappings, their first keys."""
    value = lookup(values, *keys)
    if isinstance(value, Mapping):
        return tuple(key for key in value if isinstance(key, str))
    if not isinstance(value, list):
        return ()
    heads = (next(iter(one), None) if isinstance(one, Mapping) else one for one in value)
    return tuple(one for one in heads if isinstance(one, str))


def _plain_string(code: str) -> str:
    found = PYTHON_STRING.match(code.strip())
    return found[2] if found else ""


def _from_events(events: Iterator[Any]) -> Any:  # noqa: ANN401 - what a YAML document holds
    """The value of the first document; ValueError beyond DEEPEST."""
    open_nodes: list[_Node] = [_Node(is_mapping=False)]
    for event in events:
        if isinstance(event, yaml.DocumentEndEvent):
            break
        if isinstance(event, yaml.ScalarEvent):
            open_nodes[-1].add(event.value)
        elif isinstance(event, yaml.AliasEvent):
            open_nodes[-1].add(None)
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append(_Node(is_mapping=isinstance(event, yaml.MappingStartEvent)))
            if len(open_nodes) > DEEPEST:
                raise ValueError("nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = open_nodes.pop()
            open_nodes[-1].add(closed.value())
    return open_nodes[0].items[0] if open_nodes[0].items else None


class _Node:
    """A list or mapping whose end has not been read."""

    def __init__(self, *, is_mapping: bool) -> None:
        self.items: list[Any] = []
        self._is_mapping = is_mapping

    def add(self, item: Any) -> None:  # noqa: ANN401 - a scalar or a finished node
        self.items.append(item)

    def value(self) -> Any:  # noqa: ANN401 - a list or a dictionary
        if not self._is_mapping:
            return self.items
        pairs = zip(self.items[::2], self.items[1::2], strict=False)
        return {key: value for key, value in pairs if isinstance(key, str)}

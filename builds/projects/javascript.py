"""Settings in a JavaScript or TypeScript configuration file, found by its tokens: nothing is run or guessed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# One token. No alternative can match in two ways, and what lacks its end is taken all the same: to look for an end in
# vain at every opening would take the square of the length.
TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?)
    | (?P<string>"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`(?:[^`\\$]|\\.)*`)
    | (?P<template>`(?:[^`\\]|\\.)*`?)
    | (?P<word>[A-Za-z_$][\w$]*)
    | (?P<number>\d[\w.]*)
    | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
# Bounded, so that a file full of openings costs no more than its length times a constant.
REGEX = re.compile(r"/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.){0,50}\]){1,200}/[a-z]*")
DEEPEST = 40  # brackets within brackets
BEFORE_REGEX = frozenset("(,=:[!&|?{};")  # after these a slash opens a regular expression, after all else it divides
OPENERS, CLOSERS = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a configuration file sets, by dotted path of keys: `build.outDir`.

    `strings` has what is set to one plain string, `other` the paths set to anything else, or twice to different
    things. `calls` has the first argument of every call with a plain string: `setOutputDirectory("public")`.
    `words` are all names in the code, outside comments and strings.
    """

    strings: Mapping[str, str] = field(default_factory=dict)
    other: frozenset[str] = frozenset()
    calls: Mapping[str, str] = field(default_factory=dict)
    words: frozenset[str] = frozenset()


def settings(text: str) -> Settings:
    """The settings of a file, in linear time; never raises. An object in a call is the key's: `adapter: make({…})`."""
    reader = _Reader()
    for kind, value in _tokens(text):
        reader.take(kind, value)
    reader.settle()
    return Settings(
        {path: value for path, value in reader.strings.items() if path not in reader.other},
        frozenset(reader.other),
        reader.calls,
        frozenset(reader.words),
    )


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position, before = 0, ";"
    while position < len(text):
        found = None
        if text[position] == "/" and before in BEFORE_REGEX:
            found = REGEX.match(text, position)
        kind = "regex"
        if found is None:
            found = TOKEN.match(text, position)
            if found is None:
                raise AssertionError("the last alternative matches any character")
            kind = found.lastgroup or "mark"
        position = found.end()
        if kind not in {"space", "comment"}:
            before = found[0][-1]
            yield kind, found[0]


class _Reader:
    """Follows keys and brackets through the tokens."""

    def __init__(self) -> None:
        self.strings: dict[str, str] = {}
        self.other: set[str] = set()
        self.calls: dict[str, str] = {}
        self.words: set[str] = set()
        self._path: list[str] = []  # the keys of the open brackets; empty for a bracket without one
        self._last = self._before_last = ("mark", ";")
        self._key: str | None = None  # read with its colon; what follows is its value
        self._value: list[tuple[str, str]] = []

    def take(self, kind: str, value: str) -> None:
        """The next token."""
        if kind == "mark":
            self._mark(value)
        else:
            if kind == "word":
                self.words.add(value)
            if kind == "string":
                self._argument(value)
            self._part(kind, value)
        self._before_last, self._last = self._last, (kind, value)

    def settle(self) -> None:
        """The value being read is over: keep what it was."""
        path, self._key = self._dotted(), None
        if path is None:
            return
        if len(self._value) == 1 and self._value[0][0] == "string":
            text = _unquoted(*self._value[0])
            if self.strings.setdefault(path, text) == text:
                return
        self.other.add(path)

    def _mark(self, value: str) -> None:
        if value in OPENERS:
            self._open()
        elif value in CLOSERS:
            self.settle()
            if self._path:
                self._path.pop()
        elif value in ",;":
            self.settle()
        elif value == ":" and self._key is None and self._last[0] in {"word", "string"}:
            self._key, self._value = _unquoted(*self._last), []
        else:
            self._part("mark", value)

    def _open(self) -> None:
        """A key's value is what is inside, or is made from it: `build: {`, `adapter: make({`."""
        path, label = self._dotted(), self._key or ""
        if path is not None:
            self.other.add(path)
        self._key = None
        self._path.append(label)

    def _part(self, kind: str, value: str) -> None:
        if self._key is not None and len(self._value) < 2:
            self._value.append((kind, value))

    def _argument(self, value: str) -> None:
        if self._last == ("mark", "(") and self._before_last[0] == "word":
            self.calls.setdefault(self._before_last[1], _unquoted("string", value))

    def _dotted(self) -> str | None:
        """The path of the key being read; None without one, or where it is too deep to be a setting."""
        if self._key is None or len(self._path) > DEEPEST:
            return None
        return ".".join([*(name for name in self._path if name), self._key])


def _unquoted(kind: str, value: str) -> str:
    return value.strip(value[0]) if kind == "string" else value

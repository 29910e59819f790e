"""Takes a build's secrets out of its log: by value, however they are spelled, also where they run over lines."""

import base64
import json
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, quote_plus

HIDDEN = "[redacted]"
SHORTEST = 6  # characters; hiding shorter values (`true`, `1`, `dev`) would leave a log that nobody can read
RECOGNISED = 4  # characters at the end of a line that may begin a secret, so that the line is held back
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")  # RFC 7468; RFC 9580 for OpenPGP
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINES = 200  # of a key at most; a BEGIN without its END must not hide the rest of the log


class Masker:
    """Masks lines in order. A line that may hold the beginning of a secret is held back until the next ones tell.

    `secrets` are values. Each is looked for as it is, in base64 (RFC 4648, wherever it begins in what was encoded),
    percent-encoded (RFC 3986, and as forms do it) and as a JSON string; of one with several lines, every line as well.
    Not safe to use from several threads.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._spellings = _spellings(secrets)
        self._longest = max(map(len, self._spellings), default=0)
        self._beginnings: dict[str, list[str]] = {}
        for spelling in self._spellings:
            self._beginnings.setdefault(spelling[:RECOGNISED], []).append(spelling)
        self._held: list[str] = []
        self._key_lines = 0

    def lines(self, line: str) -> list[str]:
        """What may be shown now that this line has come; it has no line end."""
        line = self._without_key(line)
        if not self._spellings:
            return [line]
        self._held = _masked([*self._held, line], self._spellings)
        cut = self._first_unsure()
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown

    def rest(self) -> list[str]:
        """What was held back, at the end of everything."""
        shown, self._held = self._held, []
        return shown

    def _first_unsure(self) -> int:
        """The number of the first held line in which a secret may begin that goes on in lines to come."""
        text = "".join(self._held)
        for begin in range(max(0, len(text) - self._longest + 1), len(text) - RECOGNISED + 1):
            possible = self._beginnings.get(text[begin : begin + RECOGNISED], ())
            if any(spelling.startswith(text[begin:]) for spelling in possible):
                return _line_of(begin, self._held)
        return len(self._held)

    def _without_key(self, line: str) -> str:
        """The line, unless it is part of a private key in PEM."""
        if self._key_lines:
            ends = _KEY_ENDS.search(line)
            self._key_lines = 0 if ends else self._key_lines - 1
            return f"{HIDDEN}{line[ends.end() :]}" if ends else HIDDEN
        begins = _KEY_BEGINS.search(line)
        if begins is None:
            return line
        if ends := _KEY_ENDS.search(line, begins.end()):
            return f"{line[: begins.start()]}{HIDDEN}{line[ends.end() :]}"
        self._key_lines = _KEY_LINES
        return f"{line[: begins.start()]}{HIDDEN}"


def masked(text: str, secrets: Iterable[str]) -> str:
    """One text on its own, without the secrets."""
    return "\n".join(_masked(text.split("\n"), _spellings(secrets)))


def _spellings(secrets: Iterable[str]) -> tuple[str, ...]:
    """Everything to look for, the longest first, so that no part of one is left standing."""
    found: set[str] = set()
    for secret in secrets:
        for part in {secret, secret.strip(), *(line.strip() for line in secret.splitlines())}:
            if len(part) >= SHORTEST:
                found.update(_spelled(part))
    return tuple(sorted((one for one in found if len(one) >= SHORTEST), key=lambda one: (-len(one), one)))


def _spelled(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    encoded = {quote(raw, safe=""), quote(raw), quote_plus(raw), json.dumps(secret)[1:-1], raw.hex()}
    lower = {re.sub(r"%[0-9A-F]{2}", lambda escape: escape[0].lower(), one) for one in encoded}
    flat = "".join(secret.splitlines())
    return {secret, flat, *encoded, *lower, raw.hex().upper(), *_base64(raw)}


def _base64(raw: bytes) -> Iterable[str]:
    """The characters that stand for these bytes wherever they begin: a group of three bytes is four characters."""
    for before in range(3):
        padded = base64.b64encode(bytes(before) + raw).decode()
        first = (0, 2, 3)[before]  # characters that also depend on what stands before
        whole = padded.rstrip("=")
        last = len(whole) - (1 if (before + len(raw)) % 3 else 0)  # one that depends on what comes after
        text = whole[first:last]
        yield text
        yield text.translate(str.maketrans("+/", "-_"))


def _masked(lines: Sequence[str], spellings: Sequence[str]) -> list[str]:
    """The lines with every occurrence hidden, found in the text they are together, without their line ends."""
    text = "".join(lines)
    hidden = _spans(text, spellings)
    if not hidden:
        return list(lines)
    masked: list[str] = []
    start = 0
    for line in lines:
        masked.append(_without(line, start, hidden))
        start += len(line)
    return masked


def _spans(text: str, spellings: Sequence[str]) -> list[tuple[int, int]]:
    """Where secrets stand: (first, last + 1), in order, overlapping ones as one."""
    found = sorted((at, at + len(spelling)) for spelling in spellings for at in _places(text, spelling))
    merged: list[tuple[int, int]] = []
    for first, last in found:
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _places(text: str, spelling: str) -> Iterable[int]:
    at = text.find(spelling)
    while at >= 0:
        yield at
        at = text.find(spelling, at + 1)


def _without(line: str, start: int, hidden: Sequence[tuple[int, int]]) -> str:
    """A line that begins at `start` of the text, with the hidden stretches of the text replaced."""
    parts: list[str] = []
    at = 0
    for first, last in hidden:
        inner_first, inner_last = max(first - start, 0), min(last - start, len(line))
        if inner_first < inner_last:
            parts += (line[at:inner_first], HIDDEN)
            at = inner_last
    return "".join([*parts, line[at:]])


def _line_of(position: int, lines: Sequence[str]) -> int:
    for number, line in enumerate(lines):
        if position < len(line):
            return number
        position -= len(line)
    return len(lines)

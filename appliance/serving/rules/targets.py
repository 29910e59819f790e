"""Where a rule leads: a text with names in it, filled from what the pattern captured, and no way out of the site."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from appliance.serving.addresses import Address, read_path, safe_location
from appliance.serving.rules.patterns import Captured

_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\\s]")
_IN_PATH = "/!$&'()*+,;=:@~"
_LITERAL = _IN_PATH + "%?[]"


class BadTemplate(Exception):
    """The text leads nowhere we would send a visitor; `str()` is the end of a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Template:
    """A target: texts, already escaped, with the names that stand between them.

    `origin` is `https://host` or "" for a path of this site; `query` and `fragment` are what follows the path.
    """

    origin: str
    path: "Filling"
    query: "Filling | None"
    fragment: "Filling | None"

    def location(self, captured: Captured, query: bytes) -> bytes:
        """The value of `Location`; the request's query goes along unless the target has its own."""
        path = self.path.fill(captured, _IN_PATH)
        sent = (self.origin + path if self.origin else safe_location(path)).encode("ascii")
        if self.query is not None:
            sent += b"?" + self.query.fill(captured, "").encode("ascii")
        elif query:
            sent += b"?" + query
        if self.fragment is not None:
            sent += b"#" + self.fragment.fill(captured, _IN_PATH).encode("ascii")
        return sent

    def address(self, captured: Captured) -> Address:
        """The path in this site, for a rewrite."""
        return read_path(self.path.fill(captured, _IN_PATH).encode("ascii"))


@dataclass(frozen=True, slots=True)
class Filling:
    """Texts and the names between them, one more text than there are names."""

    texts: tuple[str, ...]
    names: tuple[str, ...]

    def fill(self, captured: Captured, safe: str) -> str:
        """The text with every name replaced by what it stands for, percent-escaped but for `safe`."""
        filled = [self.texts[0]]
        for name, text in zip(self.names, self.texts[1:], strict=True):
            filled += (escaped(captured.get(name, ""), safe), text)
        return "".join(filled)


def escaped(value: str, safe: str = _IN_PATH) -> str:
    """Captured text as it may stand in an address or a header: ASCII, an escaped slash as it was sent."""
    return quote(value, safe=safe, errors="surrogateescape").replace("%00", "%2F")


def parse_target(text: str, names: Iterable[str]) -> Template:
    """Read a target: a path of this site or an http(s) address; raises BadTemplate."""
    if _CONTROL.search(text):
        raise BadTemplate("it holds control characters or spaces")
    names = tuple(names)
    origin, rest = _split_origin(text)
    rest, hashed, fragment = rest.partition("#")
    path, asked, query = rest.partition("?")
    return Template(
        origin,
        parse_filling(path or "/", names),
        parse_filling(query, names) if asked else None,
        parse_filling(fragment, names) if hashed else None,
    )


def parse_filling(text: str, names: Iterable[str], safe: str | None = _LITERAL) -> Filling:
    """Split a text at the names it uses, `:name`; the texts in between are escaped but for `safe`, or not at all."""
    known = sorted(names, key=len, reverse=True)
    texts, used, start, at = list[str](), list[str](), 0, text.find(":")
    while at >= 0:
        name = next((name for name in known if _stands(text, at + 1, name)), None)
        if name is not None:
            texts.append(text[start:at])
            used.append(name)
            start = at + 1 + len(name)
        at = text.find(":", at + 1)
    texts.append(text[start:])
    return Filling(tuple(_literal(part, safe) for part in texts), tuple(used))


def _stands(text: str, at: int, name: str) -> bool:
    after = text[at + len(name) : at + len(name) + 1]
    return text.startswith(name, at) and not (after.isalnum() or after == "_")


def _literal(text: str, safe: str | None) -> str:
    return text if safe is None else quote(text, safe=safe, errors="surrogatepass")


def _split_origin(text: str) -> tuple[str, str]:
    if text.startswith("/"):
        return "", text
    scheme = _ABSOLUTE.match(text)
    if scheme is None:
        raise BadTemplate("it is neither a path that begins with a slash nor an http(s) address")
    ends = [at for at in (text.find(mark, scheme.end()) for mark in "/?#\\") if at >= 0]
    end = min(ends, default=len(text))
    host = text[scheme.end() : end]
    if not host or not host.isascii() or re.search(r":(?!\d{1,5}$)", host):
        raise BadTemplate("its host is not one: write it out, in ASCII, without placeholders")
    return text[:end], text[end:]

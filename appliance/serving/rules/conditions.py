"""Conditions of a redirect: what it asks of the visitor's language, country and cookies."""

from collections.abc import Mapping

Conditions = tuple[tuple[str, tuple[str, ...]], ...]
Headers = Mapping[bytes, bytes]

KNOWN = ("Country", "Language", "Cookie", "Role")
READS = {"Language": (b"accept-language", b"cookie"), "Cookie": (b"cookie",), "Country": (b"cookie",), "Role": ()}
HEADERS = frozenset({b"accept-language", b"cookie"})
"""The request headers that conditions read."""

COUNTRY = b":country"
"""Not a header, among which lanes put it: where the visitor is, in two letters; for rules that ask."""

_LANGUAGE_COOKIE = "nf_lang"
_COUNTRY_COOKIE = "nf_country"


def hold(conditions: Conditions, headers: Headers) -> bool:
    """Whether the visitor fulfils every condition."""
    return all(_holds(name, values, headers) for name, values in conditions)


def _holds(name: str, values: tuple[str, ...], headers: Headers) -> bool:
    if name == "Cookie":
        sent = cookies(headers)
        return any(value in sent for value in values)
    if name == "Language":
        preferred = language(headers)
        return any(preferred == value or preferred.startswith(value + "-") for value in map(str.lower, values))
    if name == "Country":
        return country(headers) in map(str.lower, values)
    return False


def country(headers: Headers) -> str:
    """Where the visitor is, in lower case: the cookie's word, else what is known of them; "" for nothing."""
    return (cookies(headers).get(_COUNTRY_COOKIE) or headers.get(COUNTRY, b"").decode("latin-1")).lower()


def cookies(headers: Headers) -> dict[str, str]:
    """The cookies sent, by name; of those sent twice the first (RFC 6265, 5.4: the more specific)."""
    found: dict[str, str] = {}
    for pair in headers.get(b"cookie", b"").decode("latin-1").replace(",", ";").split(";"):
        name, _, value = pair.partition("=")
        found.setdefault(name.strip(), value.strip())
    return found


def language(headers: Headers) -> str:
    """The language the visitor likes best, in lower case: the cookie's, else the heaviest tag; "" if none is said."""
    chosen = cookies(headers).get(_LANGUAGE_COOKIE)
    if chosen:
        return chosen.lower()
    best, weight = "", 0.0
    for part in headers.get(b"accept-language", b"").decode("latin-1").split(","):
        tag, _, rest = part.partition(";")
        quality = _quality(rest)
        if quality > weight:  # of equals, the first
            best, weight = tag.strip().lower(), quality
    return best


def _quality(text: str) -> float:
    """The q of `;q=0.8` (RFC 9110, 12.4.2); 1 without one, 0 for what is none."""
    name, _, value = text.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    value = value.strip()
    plain = value.replace(".", "", 1)
    return min(float(value), 1.0) if plain.isascii() and plain.isdigit() and len(value) <= 5 else 0.0

"""Query strings in a redirect's `from`: exactly these keys, each with its value or a name for whatever it has."""

from urllib.parse import unquote_to_bytes

from appliance.serving.rules.patterns import Captured
from appliance.storage.rules import Pairs


def fits(wanted: Pairs, query: bytes, captured: Captured) -> bool:
    """Whether the query has exactly the wanted keys; values of those with a `:name` are captured."""
    sent = _read(query, len(wanted))
    if sent is None or sent.keys() != {key for key, _ in wanted}:
        return False
    named = {}
    for key, value in wanted:
        if value.startswith(":"):
            named[value[1:]] = sent[key]
        elif sent[key] != value:
            return False
    captured.update(named)
    return True


def _read(query: bytes, most: int) -> dict[str, str] | None:
    """The first value of each key; None when there are more pairs than can fit twice over."""
    parts = [part for part in query.split(b"&") if part]
    if len(parts) > 2 * most + 8:
        return None
    pairs: dict[str, str] = {}
    for part in parts:
        key, _, value = part.partition(b"=")
        pairs.setdefault(_text(key), _text(value))
    return pairs


def _text(raw: bytes) -> str:
    text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "surrogateescape")
    return "".join(character for character in text if character >= " ")

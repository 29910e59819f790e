"""What every text has to be that comes from outside and may be stored, whatever surface it came by."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from appliance.errors import Invalid

_NUL = "\0"


def refuse_nul(given: object) -> None:
    """Raise Invalid for a text with a NUL in it, anywhere in a value: a database may not store it, or cut it there.

    PostgreSQL has none in its texts (8.3, "Character Types"), and C strings, which SQLite's functions take them for,
    end with it. Values are looked into as far as requests have them: mappings, lists and msgspec's structs.
    """
    for path, text in _texts(given, ""):
        if _NUL in text:
            raise Invalid(
                f"The value {path!r} holds a NUL character, which no text may hold.",
                fields={path: "holds a NUL character"},
            )


def _texts(given: object, path: str) -> Iterator[tuple[str, str]]:
    """The texts in a value, each by its path, `links.0.label`; names of a mapping's values are texts, too."""
    if isinstance(given, str):
        yield path, given
        return
    if isinstance(given, msgspec.Struct):
        given = {name: getattr(given, name) for name in given.__struct_fields__}
    if isinstance(given, Mapping):
        yield from ((path or "sent", name) for name in given if isinstance(name, str))
        parts: Iterable[tuple[object, object]] = given.items()
    elif isinstance(given, list | tuple | set | frozenset):
        parts = enumerate(given)
    else:
        return
    for name, value in parts:
        yield from _texts(value, f"{path}.{name}" if path else f"{name}")

"""The compressed forms that were made before, of any content, as the cache has them."""

import zlib
from collections.abc import Collection, Iterable, Sequence
from importlib import metadata
from typing import Any

import zstandard

from builds.cache import Cache, key_of
from builds.compress import Levels
from builds.values import Staging, StoredVariant

COMPRESSORS = " ".join(
    [
        f"zstandard {zstandard.__version__} zlib {zlib.ZLIB_RUNTIME_VERSION}",
        *(f"{name} {metadata.version(name)}" for name in ("brotli", "isal")),
    ]
)

Forms = tuple[StoredVariant, ...]


def key(sha256: str, levels: Levels) -> str:
    """What the forms of this content at these levels are kept under."""
    return key_of(sha256, *_how(levels))


def value(forms: Forms, staging: Staging) -> list[tuple[Any, ...]]:
    """The forms as they are kept: each, and where it lies if that is in a pack."""
    return [(*form, place) if (place := staging.place(form.sha256)) else form for form in forms]


def find(cache: Cache, staging: Staging, contents: Collection[str], *levels: Levels) -> dict[str, Forms]:
    """The forms by the SHA-256 of their content, at the first of these levels at which they are known and in the store.

    One look-up, whatever the levels.
    """
    keys = [{key_of(sha256, *how): sha256 for sha256 in contents} for how in map(_how, levels)]
    kept = cache.get([name for names in keys for name in names])
    found: dict[str, Forms] = {}
    for names in keys:
        known = {sha256: kept[name] for name, sha256 in names.items() if name in kept and sha256 not in found}
        places = {sha256: place[0] if place else None for forms in known.values() for _, sha256, _, *place in forms}
        held = staging.find(places)
        found |= {of: _read(forms) for of, forms in known.items() if held.issuperset(form[1] for form in forms)}
    return found


def _read(value: Iterable[Sequence[Any]]) -> Forms:
    return tuple(StoredVariant(*form[:3]) for form in value)


def _how(levels: Levels) -> tuple[str, ...]:
    return ("forms", COMPRESSORS, *(f"{coding} {level}" for coding, level in levels.items()))

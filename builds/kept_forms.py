"""The compressed forms that were made before, of any content, as the cache has them."""

import zlib
from collections.abc import Collection
from importlib import metadata

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


def find(cache: Cache, staging: Staging, contents: Collection[str], *levels: Levels) -> dict[str, Forms]:
    """The forms by the SHA-256 of their content, at the first of these levels at which they are known and in the store.

    One look-up, whatever the levels.
    """
    keys = [{key_of(sha256, *how): sha256 for sha256 in contents} for how in map(_how, levels)]
    kept = cache.get([name for names in keys for name in names])
    found: dict[str, Forms] = {}
    for names in keys:
        known = {
            sha256: tuple(map(StoredVariant._make, kept[name]))
            for name, sha256 in names.items()
            if name in kept and sha256 not in found
        }
        held = staging.held(form.sha256 for forms in known.values() for form in forms)
        found |= {of: forms for of, forms in known.items() if held.issuperset(form.sha256 for form in forms)}
    return found


def _how(levels: Levels) -> tuple[str, ...]:
    return ("forms", COMPRESSORS, *(f"{coding} {level}" for coding, level in levels.items()))

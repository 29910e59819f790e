"""What a manifest's files cost a visitor who gets each of them, and how better compressed forms get into it."""

from collections.abc import Mapping
from dataclasses import replace

from appliance.storage.manifest import Entry, Manifest, Variant

Forms = Mapping[str, tuple[Variant, ...]]
"""Compressed forms by the SHA-256 of what they are forms of."""


def sent(manifest: Manifest) -> int:
    """Bytes that such a visitor is sent, each file in its smallest form."""
    return sum(min([entry.size, *(form.size for form in entry.variants)]) for entry in manifest.entries.values())


def saved(manifest: Manifest) -> int:
    """Bytes less than its author gave."""
    return max(0, manifest.size - sent(manifest))


def added(manifest: Manifest, before: Manifest | None) -> int:
    """Bytes of the content that its author gave and that `before` has not, each content once."""
    had = {entry.original[0] for entry in before.entries.values()} if before else frozenset()
    return sum(dict(e.original for e in manifest.entries.values() if e.original[0] not in had).values())


def shrinks(manifest: Manifest) -> bool:
    """Whether any file has a compressed form."""
    return any(entry.variants for entry in manifest.entries.values())


def improved(manifest: Manifest, forms: Forms) -> Manifest:
    """The manifest with these forms where they are smaller than its own, or where it has none in that coding.

    The very same manifest when that is nowhere.
    """
    entries = {path: _improved(entry, forms.get(entry.sha256, ())) for path, entry in manifest.entries.items()}
    if all(entries[path] is entry for path, entry in manifest.entries.items()):
        return manifest
    return replace(manifest, entries=entries)


def _improved(entry: Entry, forms: tuple[Variant, ...]) -> Entry:
    own = {form.coding: form for form in entry.variants}
    better = {form.coding: form for form in forms if form.coding not in own or form.size < own[form.coding].size}
    if not better or not own:  # what has no form was found not to shrink, or is not to be compressed
        return entry
    order = [form.coding for form in forms]
    merged = own | better
    ranked = sorted(merged, key=lambda coding: order.index(coding) if coding in order else len(order))
    return replace(entry, variants=tuple(merged[coding] for coding in ranked))

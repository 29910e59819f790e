"""What a manifest's files cost a visitor who gets each of them, and how better compressed forms get into it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from appliance.storage.manifest import Entry, Gently, Manifest, Variant

Forms = Mapping[str, tuple[Variant, ...]]
"""Compressed forms by the SHA-256 of what they are forms of."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What a manifest's files come to, each path counted, in bytes: as their author gave them, as they are served, and
    as such a visitor is sent them, each in its smallest form. `shrinks` says whether any has a compressed form.
    """

    given: int = 0
    served: int = 0
    sent: int = 0
    shrinks: bool = False

    @property
    def saved(self) -> int:
        """Bytes less than their author gave."""
        return max(0, self.given - self.sent)


def summed(manifest: Manifest, gently: Gently = iter) -> Sums:
    """The sums of a manifest, in one pass; `gently` passes on what there is much of."""
    given = served = sent = 0
    shrinks = False
    for entry in gently(manifest.entries.values()):
        given += entry.source_size or entry.size
        served += entry.size
        sent += min(entry.size, *(form.size for form in entry.variants)) if entry.variants else entry.size
        shrinks = shrinks or bool(entry.variants)
    return Sums(given, served, sent, shrinks)


def added(manifest: Manifest, before: Manifest | None, gently: Gently = iter) -> int:
    """Bytes of the content that its author gave and that `before` has not, each content once."""
    had = {entry.original[0] for entry in gently(before.entries.values())} if before else frozenset()
    given = (entry.original for entry in gently(manifest.entries.values()))
    return sum({content: size for content, size in given if content not in had}.values())


def improved(manifest: Manifest, forms: Forms, gently: Gently = iter) -> Manifest:
    """The manifest with these forms where they are smaller than its own, or where it has none in that coding.

    The very same manifest when that is nowhere.
    """
    entries = {path: _improved(entry, forms.get(entry.sha256, ())) for path, entry in gently(manifest.entries.items())}
    if all(entries[path] is entry for path, entry in gently(manifest.entries.items())):
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

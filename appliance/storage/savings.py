"""What a manifest's files cost a visitor who gets each of them, and how better compressed forms get into it."""

from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass, replace

from appliance.storage.manifest import Entry, Gently, Manifest, Variant
from appliance.storage.packs import holding, places

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

    One that lies in a pack gives way to one of the same size. The very same manifest when that is nowhere.
    """
    every, inside = gently(manifest.entries.items()), places(manifest.packs)
    entries = {path: _improved(entry, forms.get(entry.sha256, ()), inside) for path, entry in every}
    if all(entries[path] is entry for path, entry in gently(manifest.entries.items())):
        return manifest
    return replace(manifest, entries=entries)


def unpacked(manifest: Manifest, contents: Collection[str]) -> Manifest:
    """The manifest with these contents, which have files of their own by now, in no pack; nor what it has not any more.

    The very same manifest when that changes nothing.
    """
    named = {sha256 for entry in manifest.entries.values() for sha256 in _served(entry)}
    packs = holding(named.difference(contents), places(manifest.packs))
    return manifest if packs == manifest.packs else replace(manifest, packs=packs)


def _served(entry: Entry) -> Iterator[str]:
    yield entry.sha256
    yield from (form.sha256 for form in entry.variants)


def _improved(entry: Entry, forms: tuple[Variant, ...], inside: Container[str]) -> Entry:
    own = {form.coding: form for form in entry.variants}

    def is_better(form: Variant) -> bool:
        had = own.get(form.coding)
        return had is None or form.size < had.size + (had.sha256 in inside)

    better = {form.coding: form for form in forms if is_better(form)}
    if not better or not own:  # what has no form was found not to shrink, or is not to be compressed
        return entry
    order = [form.coding for form in forms]
    merged = own | better
    ranked = sorted(merged, key=lambda coding: order.index(coding) if coding in order else len(order))
    return replace(entry, variants=tuple(merged[coding] for coding in ranked))

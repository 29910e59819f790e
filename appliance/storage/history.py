"""The evidence for `immutable`: what each path that is named for its content has held in the site's history."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import islice

from appliance.storage.digest_names import is_digest_named
from appliance.storage.manifest import Entry, Found, Gently, History, Manifest

MOST_PATHS = 20_000  # of earlier deploys remembered in a manifest: about a megabyte; the oldest are forgotten first
MOST_SEEN = 100  # manifests remembered as read
_DIGITS = 16  # of the SHA-256, to tell whether bytes are the same
_CHANGED = ""  # stands for bytes that were not always the same


def recall(names: Iterable[str], read: Callable[[str], Manifest], seen: Iterable[str] = ()) -> History:
    """What the stored manifests of these names know, the newest first; raises what `read` raises.

    A manifest tells of those before it, so as a rule one is read; what was `seen` is not read at all.
    """
    known = set(seen)
    found: list[tuple[str, Manifest]] = []
    for name in names:
        if name not in known:
            manifest = read(name)
            found.append((name, manifest))
            known.update((name, *manifest.history.seen))
    return gather(found)


def gather(earlier: Iterable[tuple[str, Manifest]]) -> History:
    """What manifests, given newest first with the names they are stored under, know of paths named for their content.

    Paths that differ between them are marked as changed.
    """
    paths: dict[str, str] = {}
    seen: dict[str, None] = {}
    for stored_as, manifest in earlier:
        seen |= dict.fromkeys((stored_as, *manifest.history.seen))
        for path, entry in manifest.entries.items():
            if is_digest_named(path):
                _note(paths, path, _held(entry))
        for path, held in manifest.history.paths.items():
            _note(paths, path, held)
    return History(paths, tuple(seen)[:MOST_SEEN])


def weigh(manifest: Manifest, history: History | None, gently: Gently = iter) -> Manifest:
    """The manifest with `immutable` where there is evidence, with its history, and with what its author should know.

    A path may be kept for ever by browsers when it is named for its content and never held other bytes. Without a
    history (None: it could not be read) there is no evidence in this deploy; it grows again from the next one on.
    `gently` passes on what there is much of.
    """
    known = history.paths if history else {}
    named = {path: entry for path, entry in gently(manifest.entries.items()) if is_digest_named(path)}
    changed = [path for path, entry in named.items() if known.get(path, _held(entry)) != _held(entry)]
    past = dict.fromkeys(changed, _CHANGED) | {path: held for path, held in known.items() if path not in named}
    entries = manifest.entries
    if history is not None:
        entries = entries | {path: replace(entry, immutable=True) for path, entry in named.items() if path not in past}
    newly = [path for path in changed if known[path]]
    problems = (*_lost(history, len(named)), *_changed(newly), *_forgotten(len(past) - MOST_PATHS))
    kept = History(dict(islice(past.items(), MOST_PATHS)), history.seen if history else ())
    return replace(manifest, entries=entries, problems=(*manifest.problems, *problems), history=kept)


def doubt(entries: dict[str, Entry], *histories: History | None) -> dict[str, Entry]:
    """The entries, without `immutable` where a path held other bytes by one of the histories; None knows the worst."""
    if None in histories:
        known: list[Mapping[str, str]] = [dict.fromkeys(entries, _CHANGED)]
    else:
        known = [history.paths for history in histories if history is not None and history.paths]
    if not known:
        return entries
    lost = {
        path: replace(entry, immutable=False)
        for path, entry in entries.items()
        if entry.immutable and any(paths.get(path, _held(entry)) != _held(entry) for paths in known)
    }
    return {**entries, **lost} if lost else entries


def lost_since(manifest: Manifest, entries: Mapping[str, Entry]) -> tuple[Found, ...]:
    """What the author should know when these entries, of a manifest's release, are less often `immutable` than its own.

    So it is when another deploy went live while this one was made, and neither knew of the other.
    """
    if entries is manifest.entries:
        return ()
    kept = [path for path, entry in manifest.entries.items() if entry.immutable]
    return tuple(_changed([path for path in kept if path in entries and not entries[path].immutable]))


def _note(paths: dict[str, str], path: str, held: str) -> None:
    if paths.setdefault(path, held) != held:
        paths[path] = _CHANGED


def _held(entry: Entry) -> str:
    """The author's bytes, not what was made of them: switching minifying on or off changes nothing that matters."""
    return entry.original[0][:_DIGITS]


def _lost(history: History | None, named: int) -> list[Found]:
    if history is not None or not named:
        return []
    message = (
        "An earlier deploy could not be read, so nothing proves that files named for their content never change: "
        "browsers ask for them again. From the next deploy on they are kept for a year."
    )
    return [Found("history_lost", message, count=named)]


def _changed(paths: list[str]) -> list[Found]:
    if not paths:
        return []
    others = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    message = (
        f"“{paths[0]}”{others} had other content in an earlier deploy although the name looks like a digest: "
        "browsers that kept it for a year may show the old one. From now on it is not kept."
    )
    return [Found("immutable_lost", message, paths[0], count=len(paths))]


def _forgotten(surplus: int) -> list[Found]:
    if surplus <= 0:
        return []
    message = f"More than {MOST_PATHS} files named for their content have come and gone; the oldest are forgotten."
    return [Found("history_forgotten", message, count=surplus)]

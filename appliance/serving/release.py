"""One deploy, compiled for serving: look-ups that are ready, replies that become ready when first asked for."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from appliance.serving.abilities import NO_ABILITIES, Abilities
from appliance.serving.entrance import Entrance, Lock, compile_locks
from appliance.serving.grace import Grace, find
from appliance.serving.replies import ALWAYS, NO_INDEX, PREVIEW, Fields
from appliance.serving.represent import Locate, Page, adorn, locate, represent, represent_missing
from appliance.serving.resolve import Entries, Resolve, chosen
from appliance.serving.rules.compiled import Compiled
from appliance.serving.rules.edits import NO_EDIT, Edit
from appliance.serving.spa import fallback_page
from appliance.storage.manifest import Gently, Manifest
from appliance.storage.packs import Places, places

_RULE_FILES = frozenset({"_redirects", "_headers", "netlify.toml"})  # read when the deploy is made, never served


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """One deploy of one site as visitors get it. Its answers never change, so they are prepared once and kept.

    `ready` maps the path of a request target, in its canonical spelling, to its page: at most a handful of spellings
    for each file, filled as they are asked for.
    """

    site: str
    deploy: str
    preview: bool
    entries: Entries
    resolve: Resolve
    blob_path: Callable[[str], Path]
    inside: Places  # what lies in packs
    always: Fields  # goes with every answer
    locks: tuple[Lock, ...] = ()  # on paths, from the site's own rules
    entrance: Entrance | None = None  # what visitors have to pass first
    grace: Grace = field(default_factory=dict)  # what earlier deploys had
    rules: Compiled | None = None  # the site's own
    fallback: str | None = None  # the file that answers for what is not there
    ready: dict[bytes, Page] = field(default_factory=dict)
    _pages: dict[str, Page] = field(default_factory=dict)
    _missing: dict[tuple[str, int], Page] = field(default_factory=dict)
    _former: dict[str, Page] = field(default_factory=dict)
    _dressed: dict[tuple[int, Edit], Page] = field(default_factory=dict)

    @property
    def asks_country(self) -> bool:
        """Whether an answer may depend on where the visitor is."""
        return self.rules is not None and self.rules.asks_country

    @property
    def repeats(self) -> bool:
        """Whether an answer depends on nothing but the head of the request, and may be kept without a look here.

        Previews must be looked up, or the table forgets them.
        """
        return self.entrance is None and not self.preview and not self.asks_country

    @property
    def plain(self) -> bool:
        """Whether nothing that tells visitors apart changes an answer, besides what the engine reads for every site."""
        asks = self.rules is not None and self.rules.asks_visitor
        return self.repeats and self.fallback is None and not asks

    def page(self, name: str) -> Page:
        """The prepared answers for a file of this release."""
        page = self._pages.get(name)
        if page is None:
            page = self._pages[name] = represent(self.entries[name], self._where(self.inside), self.always)
        return page

    def missing(self, name: str, status: int = 404) -> Page:
        """The page whose `ok` is the 404, or another refusal, with this file as its body; caches do not keep it."""
        page = self._missing.get((name, status))
        if page is None:
            page = represent_missing(self.entries[name], self._where(self.inside), self.always, status)
            self._missing[name, status] = page
        return page

    def dress(self, page: Page, edit: Edit) -> Page:
        """A page of this release with the header fields that the site's rules give it."""
        if edit == NO_EDIT:
            return page
        if not edit.lasting:
            return adorn(page, partial(edit.apply, page.ok.status))
        key = (id(page), edit)  # of a page that this release keeps, so that no other one gets its id
        dressed = self._dressed.get(key)
        if dressed is None:
            dressed = self._dressed[key] = adorn(page, partial(edit.apply, page.ok.status))
        return dressed

    def former(self, path: str) -> Page | None:
        """An asset of an earlier deploy that still answers; search engines are told not to keep it."""
        kept = find(self.grace, path)
        if kept is None:
            return None
        page = self._former.get(path)
        if page is None:
            page = self._former[path] = represent(kept.entry, self._where(kept.inside), (*self.always, NO_INDEX))
        return page

    def _where(self, inside: Places) -> Locate:
        return partial(locate, self.blob_path, inside)


def compile_release(
    *,
    site: str,
    deploy: str,
    preview: bool,
    manifest: Manifest,
    blob_path: Callable[[str], Path],
    abilities: Abilities = NO_ABILITIES,
) -> Release:
    """Make a manifest servable: rule files are taken out, names become look-up keys, the HTML mode its function.

    `blob_path` tells where content with a given SHA-256 stands. Costs one pass over the names.
    """
    entries, rules, options = servable(manifest.entries), manifest.rules, manifest.options
    return Release(
        site=site,
        deploy=deploy,
        preview=preview,
        entries=entries,
        resolve=chosen(options, entries),
        blob_path=blob_path,
        inside=places(manifest.packs),
        always=PREVIEW if preview else ALWAYS,
        rules=Compiled(rules, options.dialect, abilities) if rules.redirects or rules.headers else None,
        fallback=fallback_page(options, entries),
        locks=compile_locks(rules.locks, options.dialect),
    )


def servable(entries: Entries, gently: Gently = iter) -> Entries:
    """The entries that may be served, by NFC name; the very same mapping when that is all of them, as is."""
    if all(name.isascii() and not _hidden(name) for name in gently(entries)):
        return entries
    return {unicodedata.normalize("NFC", name): entry for name, entry in gently(entries.items()) if not _hidden(name)}


def _hidden(name: str) -> bool:
    return name in _RULE_FILES or name.startswith(".git/")

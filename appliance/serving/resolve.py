"""Which file an address stands for, in each HTML mode: look-ups by manifest key, never on the file system."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from appliance.serving.addresses import Address
from appliance.storage.manifest import Entry, Gently, Options

Entries = Mapping[str, Entry]

INDEXES: Final = tuple(  # the page of a folder, the best first; like INDEXES in builds/names.py
    f"{stem}.{extension}" for stem in ("index", "Index", "INDEX") for extension in ("html", "htm", "HTML", "HTM")
)


@dataclass(frozen=True, slots=True)
class File:
    """The address is answered with the file of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Hop:
    """The address is answered with a redirect to its canonical form."""

    status: int
    to: Address


Resolve = Callable[[Entries, Address], File | Hop | None]


def natural(entries: Entries, address: Address) -> File | Hop | None:
    """Every spelling answers in place; only a folder asked for without its slash moves, so that its links work."""
    name = _found(entries, address)
    if name is None:
        return None
    if not address.slash and _folder_of_index(name) == address.key:
        return Hop(301, Address(address.key, slash=True))
    return File(name)


def exact(entries: Entries, address: Address) -> File | None:
    """Names as they are; only `/` has an index."""
    names = () if address.slash else (address.key,)
    name = _first(entries, names) if address.key else _index(entries, "")
    return None if name is None else File(name)


def canonical(entries: Entries, address: Address, *, form: Callable[[str], Address | None]) -> File | Hop | None:
    """Each page has one address, which `form` tells from its name; other spellings of it move there.

    The move is only made when the canonical address leads to the same content.
    """
    name = _found(entries, address)
    if name is None:
        return None
    home = form(name)
    if home is None or home == address:
        return File(name)
    there = _found(entries, home)
    if there is None or entries[there].sha256 != entries[name].sha256:
        return File(name)
    return Hop(308, home)


def _as_written(name: str) -> Address | None:
    """`x/index.html` lives at `/x/`, `x.html` at `/x`."""
    folder = _folder_of_index(name)
    if folder is not None:
        return Address(folder, slash=True)
    stem = name.removesuffix(".html")
    bare = stem == name or not stem or stem.endswith("/")  # no page, or a file that is called just `.html`
    return None if bare else Address(stem, slash=False)


def _with_slash(name: str) -> Address | None:
    home = _as_written(name)
    return home and Address(home.key, slash=True)


def _without_slash(name: str) -> Address | None:
    home = _as_written(name)
    return home and Address(home.key, slash=not home.key)


MODES: Final[dict[str, Resolve]] = {
    "natural": natural,
    "auto": partial(canonical, form=_as_written),
    "slash": partial(canonical, form=_with_slash),
    "noslash": partial(canonical, form=_without_slash),
    "exact": exact,
}


def chosen(options: Options, entries: Entries) -> Resolve:
    """How a deploy with these options finds its files."""
    mode = MODES.get(options.html, natural)
    return in_any_case(entries, mode) if options.any_case else mode


def in_any_case(entries: Entries, resolve: Resolve) -> Resolve:
    """The same mode, in which what is not there moves to what differs from it by capitals or Unicode form only.

    Costs a request that finds something nothing, and another one a look-up. Of names that are then the same, the first
    in alphabetical order answers.
    """
    keys: dict[str, str] = {}
    for name in sorted(entries):
        for key in _keys_of(name):
            keys.setdefault(folded(key), key)

    def resolved(entries: Entries, address: Address) -> File | Hop | None:
        found = resolve(entries, address)
        if found is not None:
            return found
        key = keys.get(folded(address.key))
        if key is None or key == address.key:
            return None
        there = Address(key, address.slash)
        found = resolve(entries, there)
        return Hop(308, found.to if isinstance(found, Hop) else there) if found is not None else None

    return resolved


def _keys_of(name: str) -> tuple[str, ...]:
    """Under which keys, besides the file's own name, a page may be found."""
    folder = _folder_of_index(name)
    stem = name.rpartition(".")[0]
    return (name, folder, stem) if folder is not None else (name, stem) if name.endswith(".html") else (name,)


def folded(key: str) -> str:
    """What is the same for keys that differ only by case or Unicode form (canonical caseless match)."""
    if key.isascii():
        return key.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", key).casefold())


def doubles(entries: Entries, gently: Gently = iter) -> list[str]:
    """The pages `x.html` beside which there is an `x/index.html`: `/x` is the one, `/x/` the other."""
    folders = {name.rpartition("/")[0] for name in gently(entries) if name.rpartition("/")[2] in INDEXES}
    return [f"{folder}.html" for folder in sorted(folders) if folder and f"{folder}.html" in entries]


def nearest(entries: Entries, address: Address, name: str) -> str | None:
    """The file `name` in the address's folder, or in the closest folder above it."""
    folder = address.key if address.slash else address.key.rpartition("/")[0]
    while folder:
        candidate = f"{folder}/{name}"
        if candidate in entries:
            return candidate
        folder = folder.rpartition("/")[0]
    return name if name in entries else None


def _found(entries: Entries, address: Address) -> str | None:
    key = address.key
    if address.slash:
        page = (f"{key}.html",) if key else ()
        return _index(entries, key) or _first(entries, page)
    short = (f"{key}.htm",) if key == "index" or key.endswith("/index") else ()
    return _first(entries, (key, f"{key}.html", *short)) or _index(entries, key)


def _index(entries: Entries, folder: str) -> str | None:
    within = f"{folder}/" if folder else ""
    return next((name for index in INDEXES if (name := within + index) in entries), None)


def _folder_of_index(name: str) -> str | None:
    folder, _, last = name.rpartition("/")
    return folder if last in INDEXES else None


def _first(entries: Entries, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in entries), None)

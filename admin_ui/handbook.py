"""The help's Markdown pages, read from the program's own files and rendered to HTML."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from importlib.resources.abc import Traversable
from typing import Protocol, cast

from markupsafe import Markup

from appliance.errors import NotFound

FIRST = ("first-site", "admin")  # what a newcomer needs; the rest follows by name
CHANGES = "changelog"
_MARKDOWN = "admin_ui.markdown"  # imported with the first page: its library takes a megabyte that many never need


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the plain text below it; what stands before the first heading has none, and no `anchor`."""

    heading: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page of the help; `body` is HTML without anything of a user's in it, `sections` the same as plain text."""

    title: str
    body: Markup
    sections: tuple[Section, ...] = ()


class _Reader(Protocol):
    """What `admin_ui.markdown` has."""

    read: Callable[[str], Chapter]
    render: Callable[[str], Markup]


@cache
def chapters() -> dict[str, Chapter]:
    """Name → page, in the order of the list; read once, at the first look."""
    folder = resources.files("admin_ui") / "help"
    files = {file.name.removesuffix(".md"): file for file in folder.iterdir() if file.name.endswith(".md")}
    names = [name for name in FIRST if name in files] + sorted(files.keys() - set(FIRST))
    found = {name: read(files[name].read_text(encoding="utf-8")) for name in names}
    return found | ({CHANGES: read(_changes().read_text(encoding="utf-8"))} if _changes().is_file() else {})


@cache
def news() -> Chapter | None:
    """What the newest version changed; None where the program came without its changelog."""
    if not _changes().is_file():
        return None
    _, heading, rest = _changes().read_text(encoding="utf-8").partition("\n## ")
    title, _, body = rest.partition("\n## ")[0].partition("\n")
    return Chapter(title.strip(), render(body)) if heading else None


def titles() -> dict[str, str]:
    """Name → title of every page."""
    return {name: chapter.title for name, chapter in chapters().items()}


def chapter(name: str) -> Chapter:
    """One page; NotFound."""
    found = chapters().get(name)
    if found is None:
        raise NotFound(f"The help has no page {name!r}.", code="no_such_help")
    return found


def read(text: str) -> Chapter:
    """A page from its Markdown, which begins with its title."""
    return _reader().read(text)


def render(text: str) -> Markup:
    """Markdown as HTML; raw HTML in it is shown, not obeyed."""
    return _reader().render(text)


def _reader() -> _Reader:
    return cast(_Reader, import_module(_MARKDOWN))


def _changes() -> Traversable:
    return resources.files("admin_ui") / ".." / "CHANGELOG.md"  # beside the packages in a checkout and in the image

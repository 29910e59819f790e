"""The help's Markdown pages, read from the program's own files and rendered to HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from appliance.errors import NotFound

FIRST = ("first-site", "admin")  # what a newcomer needs; the rest follows by name
CHANGES = "changelog"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page of the help; `body` is HTML without anything of a user's in it."""

    title: str
    body: Markup


class _Renderer(RendererHTML):
    """Leads links between the Markdown files to the pages they become."""

    def link_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        target = str(tokens[index].attrs.get("href", ""))
        if "://" not in target and target.endswith(".md"):
            tokens[index].attrSet("href", f"/help/{target.rpartition('/')[2].removesuffix('.md').lower()}")
        return self.renderToken(tokens, index, options, env)


@cache
def chapters() -> dict[str, Chapter]:
    """Name → page, in the order of the list; read once, at the first look."""
    folder = resources.files("admin_ui") / "help"
    files = {file.name.removesuffix(".md"): file for file in folder.iterdir() if file.name.endswith(".md")}
    names = [name for name in FIRST if name in files] + sorted(files.keys() - set(FIRST))
    found = {name: _read(files[name]) for name in names}
    return found | ({CHANGES: _read(_changes())} if _changes().is_file() else {})


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


def render(text: str) -> Markup:
    """Markdown (CommonMark with tables) as HTML; raw HTML in it is shown, not obeyed."""
    markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    return Markup(markdown.render(text))  # noqa: S704 - our own files, with raw HTML switched off


def _changes() -> Traversable:
    return resources.files("admin_ui") / ".." / "CHANGELOG.md"  # beside the packages in a checkout and in the image


def _read(file: Traversable) -> Chapter:
    text = file.read_text(encoding="utf-8")
    title = next((line[2:].strip() for line in text.splitlines() if line.startswith("# ")), file.name)
    return Chapter(title, render(text))

"""The help's Markdown pages, read from the program's own files and rendered to HTML."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
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
PLACE = "on-"  # before the name of a heading, so that it is no other id of a page


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


class _Renderer(RendererHTML):
    """Leads links between the Markdown files to the pages they become; keys reach what scrolls by itself."""

    def link_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        target = str(tokens[index].attrs.get("href", ""))
        file, _, place = target.partition("#")
        if "://" not in target and file.endswith(".md"):
            anchor = f"#{PLACE}{place}" if place else ""
            tokens[index].attrSet("href", f"/help/{file.rpartition('/')[2].removesuffix('.md').lower()}{anchor}")
        return self.renderToken(tokens, index, options, env)

    def table_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        tokens[index].attrSet("tabindex", "0")
        return self.renderToken(tokens, index, options, env)

    def fence(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return super().fence(tokens, index, options, env).replace("<pre>", '<pre tabindex="0">', 1)

    def code_block(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return super().code_block(tokens, index, options, env).replace("<pre>", '<pre tabindex="0">', 1)


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
    title = next((line[2:].strip() for line in text.splitlines() if line.startswith("# ")), "")
    markdown = _markdown()
    tokens = markdown.parse(text)
    sections = tuple(_sections(tokens))  # which also gives the headings their anchors
    return Chapter(title, _html(markdown, tokens), sections)


def render(text: str) -> Markup:
    """Markdown (CommonMark with tables) as HTML; raw HTML in it is shown, not obeyed."""
    markdown = _markdown()
    return _html(markdown, markdown.parse(text))


def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")


def _html(markdown: MarkdownIt, tokens: Sequence[Token]) -> Markup:
    html = markdown.renderer.render(tokens, markdown.options, {})
    return Markup(html)  # noqa: S704 - our own files, with raw HTML switched off


def _changes() -> Traversable:
    return resources.files("admin_ui") / ".." / "CHANGELOG.md"  # beside the packages in a checkout and in the image


def _sections(tokens: Sequence[Token]) -> Iterator[Section]:
    """What stands below each heading but the title, which is left out; the headings get anchors of their own."""
    heading, anchor, texts = "", "", list[str]()
    names: Counter[str] = Counter()
    opened: Token | None = None
    for token in tokens:
        if opened is not None and opened.tag != "h1":
            yield Section(heading, anchor, " ".join(" ".join(texts).split()))
            heading, texts = _plain(token), []
            anchor = _name(heading, names)
            opened.attrSet("id", anchor)
        elif opened is None and token.type in {"inline", "fence", "code_block"}:
            texts.append(_plain(token))
        opened = token if token.type == "heading_open" else None
    yield Section(heading, anchor, " ".join(" ".join(texts).split()))


def _name(heading: str, names: Counter[str]) -> str:
    """A heading's name in an address: its words with hyphens, and a number from the second of its kind on."""
    name = PLACE + (re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") or "more")
    names[name] += 1
    return name if names[name] == 1 else f"{name}-{names[name]}"


def _plain(token: Token) -> str:
    """The text of a token, without its Markdown."""
    if token.type != "inline":
        return token.content
    children = token.children or ()
    return "".join(child.content or " " * child.type.endswith("break") for child in children)

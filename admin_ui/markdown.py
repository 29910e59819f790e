"""Markdown (CommonMark with tables) as pages and as HTML; `handbook` imports it by name, when there is one to read."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from admin_ui.handbook import Chapter, Section

PLACE = "on-"  # before the name of a heading, so that it is no other id of a page


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

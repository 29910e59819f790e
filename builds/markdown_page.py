"""Markdown (CommonMark with tables) as a page; `lone_file` imports it by name, when there is one to make."""

from markdown_it import MarkdownIt


def render(text: str) -> tuple[str, str]:
    """The title, which is the first heading or empty, and the HTML; raw HTML is its author's, as in any page."""
    markdown = MarkdownIt("commonmark").enable("table")
    tokens = markdown.parse(text)
    headings = (tokens[at + 1] for at, token in enumerate(tokens) if token.type == "heading_open")
    words = next((heading.children or [] for heading in headings), [])
    return "".join(word.content for word in words), markdown.renderer.render(tokens, markdown.options, {})

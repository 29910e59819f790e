"""Finds words that stand in a template, a script or a screen's code instead of in the files of the languages."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment

SPOKEN = ("title", "aria-label", "placeholder", "alt", "label")  # attributes that people read or hear
NAMES = ("Dropdock", "Netlify", "Cloudflare Pages")  # written alike in every language
GAP = "\N{OBJECT REPLACEMENT CHARACTER}"  # where a template puts something in
CODE = (
    r"^[/#.\[]|://",  # addresses and selectors
    r"^\w+/[\w+.-]+$|^[A-Z][A-Za-z]*(-[A-Z][A-Za-z]*)+$",  # types and headers
    r"^[a-z_.]+\.$",  # the beginning of a key
    r"^[a-z]+( [a-z]+(-[a-z]+)+)+$",  # classes
    r"^(Files|Escape|Enter|Allow|Bearer|public, max-age=.*)$",  # what browsers call things
    r"^tar .* curl ",
    rf"^{GAP} ({GAP}|ms|s|%)$",  # figures with their units
)


def in_template(source: str) -> list[str]:
    """Text, spoken attributes, and texts in expressions that look like words to people."""
    html, literals = _split(source)
    page = _Texts()
    page.feed(html)
    page.close()
    found = [text.replace(GAP, "…").strip() for text in page.texts if _has_words(text)]
    return found + [literal for literal in literals if _is_sentence(literal)]


def in_python(source: str) -> list[str]:
    """Texts that look like words to people, but for docstrings and what errors and other calls for programs say."""
    tree = ast.parse(source)
    quiet = {id(each) for node in ast.walk(tree) for each in _quiet(node)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in quiet)
    return [node.value for node in texts if isinstance(node.value, str) and _is_sentence(node.value)]


def in_script(source: str) -> list[str]:
    """Texts that look like words to people; comments, addresses and headers do not."""
    code = re.sub(r"^\s*(//|/?\*).*$|\s//\s.*$", "", source, flags=re.MULTILINE)
    literals = re.findall(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`', code)
    texts = [re.sub(r"\$\{[^}]*\}", GAP, double or template) for double, template in literals]
    return [text for text in texts if _is_said(text.replace(GAP, "xx")) and not _code(text)]


def _is_said(text: str) -> bool:
    return re.search(r"[A-Za-z]{2,}[,.:;]? [a-z]{2,}|^[A-Z][a-z]+$", text) is not None


def _split(source: str) -> tuple[str, list[str]]:
    """A template's HTML with a gap for each thing put in, and the texts in its expressions."""
    html, literals, within, tests = "", list[str](), False, False
    for _, kind, value in Environment(autoescape=True).lex(source):
        if kind == "name" and value in {"call", "endcall"}:  # attributes of a field stand between these
            html += "<b " if value == "call" else ">"
        elif kind == "data":
            html += value
        elif kind == "variable_begin":
            html, within, tests = html + GAP, True, False
        elif kind == "block_begin":
            within, tests = True, False
        elif kind == "operator" and value in {"==", "!="}:
            tests = True
        elif kind == "string" and within and not tests:
            literals.append(value[1:-1])
    return html, literals


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tag = tag
        self.texts += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - as its caller has it
        self.tag = ""

    def handle_data(self, data: str) -> None:
        if self.tag != "code":
            self.texts.append(data)


def _quiet(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Raise | ast.Assert):
        yield from ast.walk(node)
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
        yield from ast.walk(node.body[0]) if isinstance(node.body[0], ast.Expr) else ()
    if isinstance(node, ast.Subscript):  # request.headers["User-Agent"], and quoted types
        yield from ast.walk(node.slice)
    if isinstance(node, ast.Expr):  # a docstring of a constant
        yield from ast.walk(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
        yield from ast.walk(node.returns)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        yield from (each for argument in node.args for each in ast.walk(argument))


def _has_words(text: str) -> bool:
    for name in NAMES:
        text = text.replace(name, "")
    return re.search(r"[^\W\d_]", text.replace(GAP, "")) is not None


def _is_sentence(text: str) -> bool:
    return text not in NAMES and re.search(r"[A-Z][a-z]|[a-z][.!?]$|[a-z], [a-z]", text) is not None and not _code(text)


def _code(text: str) -> bool:
    """Whether a text is for programs: an address, a header, a type."""
    return any(re.search(pattern, text) for pattern in CODE)


def template(path: Path) -> list[str]:
    return in_template(path.read_text(encoding="utf-8"))


def python(path: Path) -> list[str]:
    return in_python(path.read_text(encoding="utf-8"))


def script(path: Path) -> list[str]:
    return in_script(path.read_text(encoding="utf-8"))

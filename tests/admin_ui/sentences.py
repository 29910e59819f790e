"""The sentences of the code, read from its source: what errors say, and every text there is."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PLACE = "{}"
RAISING = frozenset({"BuildError", "_unsafe"})  # makes an error of what it is given, or raises one


@cache
def texts() -> frozenset[str]:
    """Every text in the server's and the workshop's code, `{}` for each value put in."""
    folders = ("appliance", "builds", "admin_ui")
    trees = (_tree(path) for folder in folders for path in (ROOT / folder).rglob("*.py"))
    found = (_text(node) for tree in trees for node in ast.walk(tree))
    return frozenset(text for text in found if text)


def plain(text: str) -> str:
    """A text with `{}` in the place of each value, or of several in a row."""
    return re.sub(r"(\{\w*\})+", PLACE, text)


def filled(text: str) -> str:
    """A text with something in each place."""
    return text.replace(PLACE, "x")


def refusals(module: str) -> Iterator[str]:
    """What the errors of a module say, and what they say of fields, as far as it stands where they are raised."""
    for node in ast.walk(_tree(ROOT / module)):
        call = node.exc if isinstance(node, ast.Raise) else node
        if isinstance(call, ast.Call) and (call is not node or getattr(call.func, "id", "") in RAISING):
            yield from (text for argument in call.args[:2] if " " in (text := _text(argument)))  # a code has no blank
            fields = (keyword.value for keyword in call.keywords if keyword.arg == "fields")
            yield from filter(None, (_text(each) for field in fields for each in getattr(field, "values", ())))


def arguments(module: str, function: str) -> Iterator[str]:
    """The texts that a module gives to a function."""
    calls = (node for node in ast.walk(_tree(ROOT / module)) if isinstance(node, ast.Call))
    given = (each for call in calls if getattr(call.func, "id", "") == function for each in call.args)
    return (text for each in given if (text := _text(each)))


def statements(module: str) -> Iterator[str]:
    """The sentences of a module, whether they are raised, returned or noted, without what it says of itself."""
    return (text for text in _written(_tree(ROOT / module)) if " " in text and text.endswith("."))


def _written(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.JoinedStr | ast.Constant):
        yield _text(node)
    inner = (piece for piece in getattr(node, "values", ()) if isinstance(piece, ast.FormattedValue))
    for child in inner if isinstance(node, ast.JoinedStr) else ast.iter_child_nodes(node):
        yield from _written(child)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return plain(node.value)
    if isinstance(node, ast.JoinedStr):
        return plain("".join(_piece(piece) for piece in node.values))
    return ""


def _piece(piece: ast.expr) -> str:
    if isinstance(piece, ast.Constant):
        return str(piece.value)
    return f"'{PLACE}'" if isinstance(piece, ast.FormattedValue) and piece.conversion == ord("r") else PLACE

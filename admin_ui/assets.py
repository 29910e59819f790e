"""The files the admin ships: read once at start, served under an address that changes with their content."""

import gzip
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable

import brotli
from quart import Blueprint, Response, request

from admin_ui import scripts
from admin_ui.look.sheets import icon, sheet
from admin_ui.look.themes import Themes
from admin_ui.look.tokens import Tokens
from appliance.errors import NotFound
from appliance.guard import opened
from appliance.serving import codings

SHEETS = (  # in this order: later ones may override earlier ones
    "reset",
    "base",
    "bar",
    "head",
    "busy",
    "button",
    "field",
    "card",
    "table",
    "more",
    "tabs",
    "tree",
    "chart",
    "preview",
    "badge",
    "empty",
    "notice",
    "away",
    "dropzone",
    "steps",
    "tray",
    "foot",
    "share",
    "split",
    "log",
    "dialog",
    "door",
    "prose",
    "components",
)
TOKENS = "css/tokens.css"  # before all of them, and before what a theme changes of it
SCRIPT = "js/main.js"
ICON = "icons/logo.svg"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
FOREVER = "public, max-age=31536000, immutable"
PACKED = ("text/css", "text/javascript", "image/svg+xml")
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # of an operator's picture, opened as a page


@dataclass(frozen=True, slots=True)
class Assets:
    """Path below the prefix → content; `prefix` names the content's hash."""

    files: Mapping[str, bytes]
    prefix: str
    _packed: dict[tuple[str, bytes], bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, chosen: Themes) -> "Assets":
        """Everything in `static/`: the scripts as one, and the style sheets as one for each theme."""
        files = dict(_walk(resources.files("admin_ui") / "static", ""))
        tokens, rest = files.pop(TOKENS), b"\n".join(files.pop(f"css/{name}.css") for name in SHEETS)
        known = Tokens.read(tokens.decode())
        for theme in chosen.found.values():
            files[f"{theme.name}.css"] = b"\n".join((tokens, sheet(theme, known).encode(), rest))
            files[f"{theme.name}.svg"] = icon(files[ICON].decode(), {**known.colours, **theme.colours}).encode()
            files.update({f"themes/{theme.name}/{name}": content for name, content in theme.files.items()})
        del files[ICON]
        modules = {path[3:-3]: content.decode() for path, content in files.items() if path.startswith("js/")}
        files[SCRIPT] = scripts.joined(modules, "main").encode()
        digest = hashlib.sha256(b"".join(name.encode() + files[name] for name in sorted(files))).hexdigest()
        return cls(files, f"/static/{digest[:12]}")

    def serve(self, blueprint: Blueprint) -> None:
        """Answer for them on a blueprint; no account is needed to see a style sheet."""

        @opened
        async def asset(path: str) -> Response:
            return self._answer(path, codings.wanted(request.headers.get("Accept-Encoding", "").encode()))

        blueprint.add_url_rule(f"{self.prefix}/<path:path>", "asset", asset)

    def _answer(self, path: str, wanted: codings.Order) -> Response:
        content, kind = self.files.get(path), TYPES.get(path[path.rfind(".") :])
        if content is None or kind is None:
            raise NotFound("There is no such file.")
        coding = next((each for each in wanted if each in _PACK), None) if kind.startswith(PACKED) else None
        response = Response(self._pack(path, coding) if coding else content, content_type=kind)
        if coding:
            response.headers["Content-Encoding"] = coding.decode()
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = FOREVER
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = PICTURE_POLICY
        return response

    def _pack(self, path: str, coding: bytes) -> bytes:
        """A file in a coding: packed when it is first asked for, then kept."""
        key = path, coding
        if key not in self._packed:
            self._packed[key] = _PACK[coding](self.files[path])
        return self._packed[key]


def _br(content: bytes) -> bytes:
    return bytes(brotli.compress(content, quality=9))  # a quarter of the time of 11, and 2 % larger


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content)


_PACK: dict[bytes, Callable[[bytes], bytes]] = {b"br": _br, b"gzip": _gzip}


def _walk(folder: Traversable, above: str) -> Iterator[tuple[str, bytes]]:
    for child in folder.iterdir():
        if child.is_dir():
            yield from _walk(child, f"{above}{child.name}/")
        else:
            yield f"{above}{child.name}", child.read_bytes()

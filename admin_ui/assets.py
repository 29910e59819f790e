"""The files the admin ships: read once at start, served under an address that changes with their content."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from quart import Blueprint, Response

from appliance.errors import NotFound
from appliance.guard import opened

SHEETS = (  # in this order: later ones may override earlier ones
    "tokens",
    "reset",
    "base",
    "bar",
    "button",
    "field",
    "card",
    "table",
    "badge",
    "notice",
    "dropzone",
    "steps",
    "dialog",
    "door",
    "prose",
)
SHEET = "admin.css"  # all of them as one file, so that a page waits for one answer
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Assets:
    """Path below the prefix → content; `prefix` names the content's hash."""

    files: dict[str, bytes]
    prefix: str

    @classmethod
    def load(cls) -> "Assets":
        """Everything in `static/`, with the style sheets as one."""
        files = dict(_walk(resources.files("admin_ui") / "static", ""))
        sheets = [files.pop(f"css/{name}.css") for name in SHEETS]
        files[SHEET] = b"\n".join(sheets)
        digest = hashlib.sha256(b"".join(name.encode() + files[name] for name in sorted(files))).hexdigest()
        return cls(files, f"/static/{digest[:12]}")

    def serve(self, blueprint: Blueprint) -> None:
        """Answer for them on a blueprint; no account is needed to see a style sheet."""

        @opened
        async def asset(path: str) -> Response:
            return self._answer(path)

        blueprint.add_url_rule(f"{self.prefix}/<path:path>", "asset", asset)

    def _answer(self, path: str) -> Response:
        content, kind = self.files.get(path), TYPES.get(path[path.rfind(".") :])
        if content is None or kind is None:
            raise NotFound("There is no such file.")
        response = Response(content, content_type=kind)
        response.headers["Cache-Control"] = FOREVER
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _walk(folder: Traversable, above: str) -> Iterator[tuple[str, bytes]]:
    for child in folder.iterdir():
        if child.is_dir():
            yield from _walk(child, f"{above}{child.name}/")
        else:
            yield f"{above}{child.name}", child.read_bytes()

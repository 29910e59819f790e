"""Single-page applications: the page that answers for addresses which only its script knows."""

from collections.abc import Mapping
from typing import Final

from appliance.serving.addresses import Address
from appliance.serving.resolve import INDEXES, Entries
from appliance.storage.manifest import Options

FETCH_MODE: Final = b"sec-fetch-mode"
"""The request header by which browsers tell a visit to a page from a script's or an image's request."""

_OWN_PAGE = "200.html"
_ASSETS = frozenset(
    {"cjs", "css", "data", "js", "json", "jsonld", "map", "mem", "mjs", "ts", "wasm", "webmanifest", "xml"}
    | {"avif", "bmp", "gif", "glb", "gltf", "ico", "jpeg", "jpg", "png", "svg", "svgz", "webp"}
    | {"aac", "flac", "m4a", "m4v", "mov", "mp3", "mp4", "oga", "ogg", "ogv", "opus", "vtt", "wav", "webm"}
    | {"eot", "otf", "ttf", "woff", "woff2"}
    | {"br", "csv", "gz", "md", "pdf", "rss", "tar", "txt", "zip"}
)


def fallback_page(options: Options, entries: Entries) -> str | None:
    """The file that answers for what is not there, where the site wants one.

    A `200.html` says so by itself; the Cloudflare dialect takes the home page where the site has no `404.html`.
    """
    if _OWN_PAGE in entries:
        return _OWN_PAGE
    if options.spa or (options.dialect == "cloudflare" and "404.html" not in entries):
        return next((name for name in INDEXES if name in entries), None)
    return None


def is_visit(address: Address, context: Mapping[bytes, bytes]) -> bool:
    """Whether somebody goes to a page. A missing script or image is not found, never answered with HTML."""
    last = address.key.rpartition("/")[2]
    if not address.slash and last.rpartition(".")[2].lower() in _ASSETS and "." in last:
        return False
    mode = context.get(FETCH_MODE)
    return mode is None or mode.strip().lower() == b"navigate"

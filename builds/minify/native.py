"""The minifier for all four languages, tdewolff's, called without its Python wrapper's detours."""

from typing import Any

try:
    import minify as _library
except (ImportError, OSError):  # there is no build of it for this platform (macOS on ARM)
    _library = None

_SETTINGS = {
    "html-keep-whitespace": True,  # runs of spaces become one; none is dropped: `<a>…</a> <a>…</a>` stay apart
    "html-keep-default-attr-vals": True,  # stylesheets and scripts look for `[type=submit]`
    "html-keep-document-tags": True,
    "html-keep-end-tags": True,
    "json-keep-numbers": True,  # 1.0 and 1 are two things to some readers
}


class Unsuitable(Exception):
    """Content that is better left as it is."""


def run(media_type: bytes, content: bytes) -> bytes:
    """The content minified; raises Unsuitable for what the library cannot parse, or cannot make smaller.

    Its own wrapper would end the result at the first NUL. The library writes into what it reads: it gets a copy.
    """
    if _library is None:
        raise Unsuitable("there is no minifier for this platform")
    ffi: Any = _library.ffi
    size = len(content)
    made = ffi.new("char[]", size)
    length = ffi.new("long long *")
    fault = _library.lib.minifyString(media_type, ffi.from_buffer(bytearray(content)), size, made, length)
    if fault:
        raise Unsuitable(ffi.string(fault).decode("utf-8", "replace"))
    return bytes(ffi.buffer(made, length[0]))


if _library is not None:
    _library.config(_SETTINGS)

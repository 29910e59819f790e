"""Which media type a path is served with: one built-in table, so that every node and platform says the same."""

DEFAULT = "application/octet-stream"

_TEXT = {
    "html": "text/html",
    "htm": "text/html",
    "shtml": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "cjs": "text/javascript",
    "txt": "text/plain",
    "text": "text/plain",
    "log": "text/plain",
    "ini": "text/plain",
    "conf": "text/plain",
    "asc": "text/plain",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "rst": "text/x-rst",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "ics": "text/calendar",
    "ifb": "text/calendar",
    "vcf": "text/vcard",
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "htc": "text/x-component",
    "diff": "text/x-diff",
    "patch": "text/x-diff",
    "c": "text/x-c",
    "h": "text/x-c",
    "cc": "text/x-c",
    "cpp": "text/x-c",
    "hpp": "text/x-c",
    "java": "text/x-java-source",
    "py": "text/x-python",
    "rb": "text/plain",
    "go": "text/plain",
    "rs": "text/plain",
    "ts": "text/plain",  # a script's source; MPEG streams ship as .m2ts
    "tsx": "text/plain",
    "jsx": "text/javascript",
    "vue": "text/plain",
    "svelte": "text/plain",
    "sh": "text/x-sh",
    "scss": "text/x-scss",
    "sass": "text/x-sass",
    "less": "text/x-less",
    "tex": "text/x-tex",
    "adoc": "text/plain",
    "org": "text/plain",
    "xml": "application/xml",
    "xsl": "application/xml",
    "xsd": "application/xml",
    "xslt": "application/xslt+xml",
    "dtd": "application/xml-dtd",
    "xhtml": "application/xhtml+xml",
    "xht": "application/xhtml+xml",
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "opml": "text/x-opml",
    "kml": "application/vnd.google-earth.kml+xml",
    "gpx": "application/gpx+xml",
    "mathml": "application/mathml+xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "toml": "application/toml",
    "sql": "application/sql",
    "webmanifest": "application/manifest+json",
    "svg": "image/svg+xml",
    "m3u8": "application/vnd.apple.mpegurl",
    "m3u": "audio/x-mpegurl",
    "mpd": "application/dash+xml",
}
"""Text, sent with `; charset=utf-8`; not so XML, which says itself what it is in, and would be overruled (RFC 7303)."""

_BINARY = {
    # JSON is UTF-8 by definition (RFC 8259, 8.1) and has no charset parameter
    "json": "application/json",
    "map": "application/json",
    "json5": "application/json5",
    "jsonld": "application/ld+json",
    "geojson": "application/geo+json",
    "topojson": "application/json",
    "ndjson": "application/x-ndjson",
    "jsonl": "application/jsonl",
    "har": "application/json",
    "gltf": "model/gltf+json",
    # programs
    "wasm": "application/wasm",
    "jar": "application/java-archive",
    "apk": "application/vnd.android.package-archive",
    "deb": "application/vnd.debian.binary-package",
    "rpm": "application/x-rpm",
    "dmg": "application/x-apple-diskimage",
    "msi": "application/x-msi",
    "exe": "application/vnd.microsoft.portable-executable",
    "swf": "application/x-shockwave-flash",
    "crx": "application/x-chrome-extension",
    "xpi": "application/x-xpinstall",
    "torrent": "application/x-bittorrent",
    # images
    "png": "image/png",
    "apng": "image/apng",
    "svgz": "image/svg+xml",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "jpe": "image/jpeg",
    "jfif": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "avifs": "image/avif",
    "jxl": "image/jxl",
    "jp2": "image/jp2",
    "heic": "image/heic",
    "heif": "image/heif",
    "ico": "image/x-icon",
    "cur": "image/x-icon",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "psd": "image/vnd.adobe.photoshop",
    "eps": "application/postscript",
    "ps": "application/postscript",
    "ai": "application/postscript",
    # fonts
    "woff": "font/woff",
    "woff2": "font/woff2",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "ttc": "font/collection",
    "eot": "application/vnd.ms-fontobject",
    # sound
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "m4b": "audio/mp4",
    "aac": "audio/aac",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "spx": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "mid": "audio/midi",
    "midi": "audio/midi",
    "aif": "audio/aiff",
    "aiff": "audio/aiff",
    # moving pictures
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "m4s": "video/iso.segment",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "mov": "video/quicktime",
    "qt": "video/quicktime",
    "mkv": "video/matroska",
    "avi": "video/x-msvideo",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "m2ts": "video/mp2t",
    "mts": "video/mp2t",
    "3gp": "video/3gpp",
    "3g2": "video/3gpp2",
    "wmv": "video/x-ms-wmv",
    "flv": "video/x-flv",
    # documents
    "pdf": "application/pdf",
    "epub": "application/epub+zip",
    "mobi": "application/x-mobipocket-ebook",
    "rtf": "application/rtf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "odg": "application/vnd.oasis.opendocument.graphics",
    "ipynb": "application/x-ipynb+json",
    "kmz": "application/vnd.google-earth.kmz",
    "djvu": "image/vnd.djvu",
    # archives
    "zip": "application/zip",
    "gz": "application/gzip",
    "tgz": "application/gzip",
    "br": "application/x-brotli",
    "bz2": "application/x-bzip2",
    "tbz2": "application/x-bzip2",
    "xz": "application/x-xz",
    "txz": "application/x-xz",
    "zst": "application/zstd",
    "tar": "application/x-tar",
    "7z": "application/x-7z-compressed",
    "rar": "application/vnd.rar",
    "iso": "application/x-iso9660-image",
    # models and data
    "glb": "model/gltf-binary",
    "obj": "model/obj",
    "stl": "model/stl",
    "usdz": "model/vnd.usdz+zip",
    "sqlite": "application/vnd.sqlite3",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
    "pmtiles": "application/vnd.pmtiles",
    "pgp": "application/pgp-encrypted",
    "sig": "application/pgp-signature",
    "crt": "application/x-x509-ca-cert",
    "der": "application/x-x509-ca-cert",
    "pem": "application/x-pem-file",
    "p12": "application/x-pkcs12",
}

_WELL_KNOWN = {
    "apple-app-site-association": "application/json",
    "security.txt": "text/plain; charset=utf-8",
    "cname": "text/plain; charset=utf-8",
    "license": "text/plain; charset=utf-8",
    "readme": "text/plain; charset=utf-8",
    "changelog": "text/plain; charset=utf-8",
    "copying": "text/plain; charset=utf-8",
    "authors": "text/plain; charset=utf-8",
}
"""Files without an extension whose content everybody agrees on, by lower-case name."""

_CODED = {"br": "br", "gz": "gzip"}  # the extensions of files that are shipped compressed, and their coding
_CODED_BY_ITSELF = {"svgz": "gzip"}  # extensions that say both what is in a file and its coding (SVG 2, appendix I.2)
_PARTS_OF_PAGES = frozenset(  # what a page loads; others, `.tar.gz` above all, are to arrive as they are
    {"wasm", "js", "mjs", "css", "html", "htm", "json", "svg", "map", "data", "mem", "gltf", "glb", "ttf", "otf"}
)


def _of_text(kind: str) -> str:
    return kind if kind.endswith("xml") else f"{kind}; charset=utf-8"


_BY_EXTENSION = {**_BINARY, **{extension: _of_text(kind) for extension, kind in _TEXT.items()}}


def media_type(path: str) -> str:
    """The `Content-Type` for a path, told by the last extension without regard to case.

    Text but XML comes with `charset=utf-8`; what is unknown is `application/octet-stream`.
    """
    name = path.rpartition("/")[2].lower()
    known = _WELL_KNOWN.get(name)
    if known is not None:
        return known
    _, dot, extension = name.rpartition(".")
    if dot and extension in _BY_EXTENSION:
        return _BY_EXTENSION[extension]
    plain, query, _ = name.partition("?")
    return media_type(plain) if query else DEFAULT  # copied from a server: `style.css?ver=1.2`


def served_as(path: str) -> tuple[str, str]:
    """The `Content-Type` for a path, and its `Content-Encoding` or "".

    A part of a page that is shipped compressed, `game.wasm.br`, has the type of what is in it.
    """
    inner, dot, last = path.rpartition(".")
    coding = _CODED.get(last.lower(), "") if dot else ""
    stem, _, part = inner.rpartition(".")
    if stem and coding and part.lower() in _PARTS_OF_PAGES:
        return media_type(inner), coding
    return media_type(path), _CODED_BY_ITSELF.get(last.lower(), "") if dot else ""


COMPRESSIBLE = tuple(
    sorted(
        {*_TEXT, "wasm", "ttf", "otf", "ttc", "eot", "woff", "ico", "cur", "bmp", "glb", "ipynb"}
        | {extension for extension, kind in _BINARY.items() if kind.endswith(("json", "jsonl", "json5"))}
    )
)
"""The extensions, in lower case and without a dot, of files worth compressing: text, JSON, WebAssembly, fonts.

Not WOFF 2, which is compressed already.
"""

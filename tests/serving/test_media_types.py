import pytest

from appliance.storage.media_types import COMPRESSIBLE, DEFAULT, media_type, served_as


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("a/b/STYLE.CSS", "text/css; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.mjs", "text/javascript; charset=utf-8"),
        ("app.js.map", "application/json"),
        ("data.json", "application/json"),
        ("logo.svg", "image/svg+xml"),  # XML says its encoding itself
        ("feed.xml", "application/xml"),
        ("feed.rss", "application/rss+xml"),
        ("notes.txt", "text/plain; charset=utf-8"),
        ("readme.md", "text/markdown; charset=utf-8"),
        ("site.webmanifest", "application/manifest+json; charset=utf-8"),
        ("m.wasm", "application/wasm"),
        ("f.woff2", "font/woff2"),
        ("p.avif", "image/avif"),
        ("favicon.ico", "image/x-icon"),
        ("v.mp4", "video/mp4"),
        ("s.opus", "audio/ogg"),
        ("d.pdf", "application/pdf"),
        ("a.tar.gz", "application/gzip"),
        (".well-known/apple-app-site-association", "application/json"),
        ("LICENSE", "text/plain; charset=utf-8"),
        ("html", DEFAULT),
        ("noextension", DEFAULT),
        ("what.everthisis", DEFAULT),
        ("style.css?ver=6.4.2", "text/css; charset=utf-8"),
        ("Index.HTML?p=2", "text/html; charset=utf-8"),
        ("view?file=a.pdf", "application/pdf"),
        ("?", DEFAULT),
        ("folder.html/file", DEFAULT),
        ("trailing.", DEFAULT),
        ("", DEFAULT),
    ],
)
def test_types_come_from_the_table_alone(path: str, kind: str) -> None:
    assert media_type(path) == kind


@pytest.mark.parametrize(
    ("path", "kind", "coding"),
    [
        ("game.wasm.br", "application/wasm", "br"),
        ("Build/Game.DATA.GZ", DEFAULT, "gzip"),
        ("bundle.js.gz", "text/javascript; charset=utf-8", "gzip"),
        ("all.tar.gz", "application/gzip", ""),
        ("list.csv.gz", "application/gzip", ""),
        ("wasm.br", "application/x-brotli", ""),
        (".js.gz", "application/gzip", ""),
        ("a.js/.gz", "application/gzip", ""),
        ("a.js/br", DEFAULT, ""),
        ("pic.svgz", "image/svg+xml", "gzip"),
        ("a.b/Pic.SVGZ", "image/svg+xml", "gzip"),
        ("svgz", DEFAULT, ""),
        ("x.js.zst", "application/zstd", ""),
        ("app.js", "text/javascript; charset=utf-8", ""),
    ],
)
def test_parts_of_pages_shipped_compressed_have_the_type_of_their_content(path: str, kind: str, coding: str) -> None:
    assert served_as(path) == (kind, coding)


def test_what_is_worth_compressing_is_told_by_the_extension() -> None:
    assert {"html", "css", "js", "svg", "json", "map", "wasm", "ttf", "xml", "txt"} <= set(COMPRESSIBLE)
    assert not {"woff2", "png", "jpg", "zip", "gz", "br", "mp4", "pdf", "svgz"} & set(COMPRESSIBLE)

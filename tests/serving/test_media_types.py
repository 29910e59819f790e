import pytest

from appliance.storage.media_types import DEFAULT, media_type


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("a/b/STYLE.CSS", "text/css; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.mjs", "text/javascript; charset=utf-8"),
        ("app.js.map", "application/json"),
        ("data.json", "application/json"),
        ("logo.svg", "image/svg+xml; charset=utf-8"),
        ("feed.xml", "application/xml; charset=utf-8"),
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
        ("folder.html/file", DEFAULT),
        ("trailing.", DEFAULT),
        ("", DEFAULT),
    ],
)
def test_types_come_from_the_table_alone(path: str, kind: str) -> None:
    assert media_type(path) == kind

import pytest

from appliance.storage.digest_names import is_digest_named

NAMED = [
    "main.3f2a1b9c.js",
    "assets/index-BxQ2k9aZ.js",
    "chunk-5YRGH2QX.js",
    "polyfills.ABCD1EF2.js",
    "logo.5d5d9eef0a31e3d1a3f5.svg",
    "f-1a2b3c4d.woff2",
    "static/js/main.e40bdb3a.chunk.js",
    "app-9d2bcd1ea71cf7d0a9d1c0d6b0b4d0a2.css",
    "component---src-pages-index-js-c7a4d7a1f8d8b1f6c1a3.js",
    "_next/static/chunks/main-app-0123456789abcdef.js",
    "_astro/hoisted.Dx2jK3lm.css",
    "_astro/hoisted.DiwrgTda.css",
    "docs/_nuxt/entry.4f9a2e1b.js",
    "_app/immutable/nodes/0.CkRzSGJ7.js",
    "3f2a1b9c",
]

PLAIN = [
    "index.html",
    "page.3f2a1b9c.html",
    "page.3f2a1b9c.HTM",
    "jquery-3.6.0.min.js",
    "bootstrap.bundle.min.js",
    "3f2a1b9.js",
    "20240101.js",
    "photo-20240101.jpg",
    "12345678.js",
    "deadbeef.js",
    "effaceed.js",
    "iPhone12Pro.png",
    "IMG_12345678.jpg",
    "IMG20230101WA0001.jpg",
    "DSC00001.JPG",
    "version2.js",
    "Version2.js",
    "README2023.txt",
    "GitHubUI.js",
    "assets/GitHubUI.js",
    "ABCD1234.png",
    "MacBookPro16.png",
    "YouTube4K.mp4",
    "Q1Report2023v2.pdf",
    "3f2a1b9c/logo.png",
    "_nextstatic/javascript.js",
]


@pytest.mark.parametrize("path", NAMED)
def test_names_that_build_tools_give_hold_a_digest(path: str) -> None:
    assert is_digest_named(path)


@pytest.mark.parametrize("path", PLAIN)
def test_names_that_people_give_do_not(path: str) -> None:
    assert not is_digest_named(path)

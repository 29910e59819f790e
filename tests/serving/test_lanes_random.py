"""Any request to any kind of site: each lane gives the same answer, byte for byte, and the same when asked again."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from appliance.serving.entrance import compile_locks
from appliance.serving.entrances import Entrances
from appliance.storage.rules import Lock
from tests.probes import CODINGS, DATES, LEAVING, PATHS, RANGES, TAG_LISTS
from tests.serving.conftest import FILES
from tests.serving.lanes import LANES, Lane, Plane, etag, release, running
from tests.serving.ruled import ruled
from tests.serving.test_codings import TEXT, release_with_forms
from tests.serving.visitors import Comparable, Header

TOKEN = b"let-me-in"
RULED = {
    "index.html": "home",
    "a.html": "a",
    "app/index.html": "app",
    "app.0a1b2c3d.js": "js",
    "_redirects": """
/old/* /new/:splat 302
/out/* //evil.example/:splat 302
/lang /fr 302! Language=fr
/seen /a 200 Cookie=seen
/gone /a 410
/q id=:id /a?i=:id 302
https://other.localhost/here /there 302
""",
    "_headers": "/*\n X-All: yes\n/a*\n Cache-Control: max-age=5\n/n/:name/*\n X-Name: :name\n",
}
METHODS = st.sampled_from([b"GET", b"GET", b"GET", b"GET", b"HEAD", b"HEAD", b"OPTIONS", b"POST", b"DELETE", b"BREW"])
SITES = ["plain", "coded", "preview", "slash", "exact", "netlify", "cloudflare", "spa", "capitals", "locked", "gated"]
HOSTS = st.builds(
    lambda name, form: form(name.encode() + b".localhost"),
    st.sampled_from([*SITES, "nobody", "other"]),
    st.sampled_from([bytes, bytes, bytes.upper, b"%b:8080".__mod__, b"%b.".__mod__, b"%b:x".__mod__]),
)
SEGMENTS = st.lists(
    st.sampled_from(
        [
            *["a", "a.html", "app", "app.0a1b2c3d.js", "docs", "index.html", "a.css", "b.css", "game.wasm.br", "x.js"],
            *["digits.txt", "old", "out", "lang", "seen", "gone", "q", "here", "n", "members", ".dropdock", "unlock"],
            *[
                "_redirects",
                "",
                ".",
                "..",
                "%2F",
                "%5c",
                "%",
                "%00",
                "%C3%A9",
                "A",
                "APP",
                ";x",
                "%61",
                "+",
                ":x",
                "*",
                "#",
            ],
        ]
    ),
    max_size=4,
).map(lambda parts: "/" + "/".join(parts))
TARGETS = st.builds(
    "{}{}".format,
    st.one_of(
        SEGMENTS,
        st.sampled_from([raw.decode() for raw, _ in PATHS if raw[:1] == b"/" and len(raw) < 1000 and raw.isascii()]),
        st.sampled_from([path for path in LEAVING if path[:1] == "/" and path.isprintable() and " " not in path]),
        st.text([chr(c) for c in range(0x21, 0x7F)], max_size=12).map("/".__add__),
    ),
    st.sampled_from(["", "", "", "?", "?id=7", "?share=x", "?a=b&c=%00"]),
)
TAGS = [etag(TEXT), etag(FILES["index.html"]), f'"{etag(TEXT)[1:-1]}-br"']
FIELDS = st.one_of(
    st.tuples(st.just("range"), st.sampled_from([value for value, *_ in RANGES if len(value) < 100])),
    st.tuples(
        st.sampled_from(["if-none-match", "if-match", "if-range"]),
        st.builds(
            lambda value, tag: value.replace("{e}", tag),
            st.sampled_from([value for value, *_ in TAG_LISTS]),
            st.sampled_from(TAGS),
        ),
    ),
    st.tuples(
        st.sampled_from(["if-modified-since", "if-unmodified-since", "if-range"]),
        st.sampled_from([value for value, _ in DATES]),
    ),
    st.tuples(
        st.just("accept-encoding"),
        st.sampled_from([value.decode() for value, _ in CODINGS if len(value) < 100 and value.isascii()]),
    ),
    st.tuples(
        st.just("cookie"), st.sampled_from(["seen=1", "a=b; nf_lang=fr", "nf_lang=de", "dropdock_gate=x.1.y", "b="])
    ),
    st.tuples(st.just("accept-language"), st.sampled_from(["fr", "de;q=0.3, fr", "fr;q=0, de", "*"])),
    st.tuples(st.just("sec-fetch-mode"), st.sampled_from(["navigate", "no-cors"])),
    st.tuples(st.just("accept"), st.sampled_from(["text/html", "*/*"])),
    st.tuples(st.just("authorization"), st.sampled_from(["Bearer x", "Digest y"])),
    st.tuples(st.just("x-dropdock-bypass"), st.sampled_from([TOKEN.decode(), "wrong"])),
    st.tuples(
        st.sampled_from(["x-forwarded-host", "x-forwarded-proto"]), st.sampled_from(["plain.localhost", "https"])
    ),
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    blobs: Path = tmp_path_factory.mktemp("blobs")
    entrances = Entrances(key=bytes(32))
    entrances.put("everything", entrances.make("gated", "v", None, {}, hashlib.sha256(TOKEN).digest()))
    plain, small = release(blobs, FILES), {name: FILES[name] for name in FILES if name != "big.bin"}
    locks = compile_locks((Lock("/docs/*", ("ann:x",)),), "netlify")
    sites = {
        "plain": plain,
        "coded": release_with_forms(blobs),
        "preview": release(blobs, small, preview=True),
        "slash": release(blobs, small, html="slash"),
        "exact": release(blobs, small, html="exact"),
        "netlify": ruled(blobs, RULED),
        "cloudflare": ruled(blobs, RULED, dialect="cloudflare", html="auto"),
        "spa": ruled(blobs, {"index.html": "home", "a.css": "a"}, spa=True),
        "capitals": ruled(blobs, RULED, any_case=True),
        "other": ruled(blobs, RULED),
        "locked": entrances.before(replace(plain, site="locked", locks=locks)),
        "gated": entrances.before(replace(plain, site="gated")),
    }
    with running() as plane:
        for name, site in sites.items():
            plane.put(f"{name}.localhost", site)
        yield plane


@pytest.mark.parametrize("examples", [50, pytest.param(1_000, marks=pytest.mark.long)])
def test_no_answer_depends_on_the_lane_nor_on_what_came_before(plane: Plane, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(METHODS, TARGETS, st.lists(FIELDS, max_size=5), HOSTS)
    def check(method: bytes, target: str, fields: list[tuple[str, str]], host: bytes) -> None:
        sent = [(name.encode(), value.strip().encode()) for name, value in fields]
        note(f"{method!r} {target!r} {sent!r} {host!r}")

        answers = {
            name: _answers(lane, plane.port, method, target.encode(), sent, host) for name, lane in LANES.items()
        }

        first = answers["fast"][0]
        assert answers == dict.fromkeys(LANES, [first] * 4)

    check()


def _answers(lane: Lane, port: int, method: bytes, target: bytes, sent: list[Header], host: bytes) -> list[Comparable]:
    """Four times the same on one connection: the fast lane answers the third from what it has kept, and has the last
    ready."""
    with lane(port) as visitor:
        return [visitor.get(target, *sent, method=method, host=host).comparable for _ in range(4)]

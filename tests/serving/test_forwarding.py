"""Rewrites to another host, over every lane: what goes there, what comes back, and what never does."""

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpcore
import pytest

from appliance.forwarding import Forwarder, ForwardLimits
from appliance.outgoing import PublicOnly
from appliance.serving.abilities import Abilities
from appliance.serving.engine import Request
from appliance.serving.explain import explain
from appliance.serving.replies import Reply
from appliance.serving.unlock import private
from appliance.settings import Settings
from tests.builders import appliance, deployed, zip_of
from tests.cast import ALICE, OLGA
from tests.serving.lanes import LANES, Lane, Plane, Wiring, running, wait_until
from tests.serving.ruled import ask, found, ruled
from tests.serving.upstream import Upstream, upstream
from tests.serving.visitors import Http1, Http2

LIMITS = ForwardLimits(size=2_000, seconds=20, at_once=10, private=True)
SENT = [
    (b"Cookie", b"secret=1"),
    (b"Authorization", b"Bearer secret"),
    (b"Referer", b"http://site.localhost/secret"),
    (b"X-Forwarded-For", b"192.0.2.1"),
    (b"Accept-Language", b"fr"),
    (b"Range", b"bytes=0-1"),
]


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with upstream() as up:
        yield up


@pytest.fixture(scope="module")
def plane(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    folder = tmp_path_factory.mktemp("blobs")
    files = {
        "index.html": "home",
        "up/here.txt": "a file",
        "_redirects": f"/up/* http://127.0.0.1:{up.port}/:splat 200\n/own http://127.0.0.1:{up.port}/own?a=b#c 200\n",
        "_headers": "/up/styled\n  X-Up: ours\n",
    }
    with running(Wiring(forward=LIMITS)) as plane:
        abilities = Abilities(proxy_hosts=(f"127.0.0.1:{up.port}",))
        plane.put("site.localhost", ruled(folder, files, abilities=abilities))
        plane.put("preview.localhost", ruled(folder, files, abilities=abilities, preview=True))
        yield plane


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_the_other_hosts_answer_comes_back_without_what_is_not_the_sites(
    plane: Plane, lane: Lane, up: Upstream
) -> None:
    with lane(plane.port) as visitor:
        answer = visitor.get(b"/up/a%20b?q=1")
        preview = visitor.get(b"/up/x", host=b"preview.localhost")

    assert (answer.status, answer.body) == (200, b"answer to /a%20b?q=1")
    assert (answer.headers["etag"], answer.headers["content-type"], answer.headers["x-up"]) == (
        '"up"',
        "text/plain",
        "yes",
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert {"set-cookie", "server", "transfer-encoding", "x-accel-redirect"}.isdisjoint(answer.headers)
    assert preview.headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_the_other_host_is_not_told_who_asks(plane: Plane, lane: Lane, up: Upstream) -> None:
    with lane(plane.port) as visitor:
        visitor.get(b"/up/who", *SENT)

    asked, headers = up.asked[-1]
    assert asked == "GET /who"
    assert (headers["accept-language"], headers["range"]) == ("fr", "bytes=0-1")
    assert headers["host"] == f"127.0.0.1:{up.port}"
    assert headers["x-forwarded-host"] == "site.localhost"
    assert "secret" not in repr(headers)
    assert "192.0.2.1" not in repr(headers)


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_other_answers_pass_as_they_are(plane: Plane, lane: Lane, up: Upstream) -> None:
    with lane(plane.port) as visitor:
        missing = visitor.get(b"/up/none")
        moved = visitor.get(b"/up/moved")
        head = visitor.get(b"/up/long-name", method=b"HEAD")
        styled = visitor.get(b"/up/styled")
        own = visitor.get(b"/own?ignored")
        there = visitor.get(b"/up/here.txt")

    assert (missing.status, missing.body) == (404, b"")
    assert (moved.status, moved.headers["location"]) == (302, f"http://127.0.0.1:{up.port}/elsewhere?x=1")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "20")
    assert styled.headers["x-up"] == "ours"
    assert own.body == b"answer to /own?a=b"
    assert there.body == b"a file"
    assert not any(asked.endswith("/elsewhere?x=1") for asked, _ in up.asked)


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
@pytest.mark.parametrize("path", [b"/up/large", b"/up/nonsense"])
def test_an_answer_that_cannot_be_passed_on_is_a_502(plane: Plane, lane: Lane, path: bytes) -> None:
    with lane(plane.port) as visitor:
        answer = visitor.get(path)

    assert (answer.status, answer.headers["cache-control"]) == (502, "no-store")


@pytest.mark.parametrize("path", [b"/up/chunks", b"/up/half"])
def test_an_answer_that_breaks_off_or_outgrows_its_bounds_ends_the_connection(plane: Plane, path: bytes) -> None:
    with Http1(plane.port) as visitor:
        visitor.ask(b"GET", path, [])
        received = b""
        while data := visitor.socket.recv(65536):
            received += data
    with Http2(plane.port) as second:
        answer = second.get(path)

    assert received.startswith(b"HTTP/1.1 200")
    assert not received.endswith(b"0\r\n\r\n")
    assert len(received) < 3_000
    assert len(answer.body) < 2_400


def test_a_slow_host_is_waited_for_so_long_and_no_longer(up: Upstream, tmp_path: Path) -> None:
    files = {"_redirects": f"/* http://127.0.0.1:{up.port}/:splat 200"}
    with running(Wiring(forward=ForwardLimits(seconds=0.2, private=True))) as plane:
        plane.put("site.localhost", ruled(tmp_path, files, abilities=Abilities(proxy_hosts=(f"127.0.0.1:{up.port}",))))
        with Http1(plane.port) as visitor:
            answer = visitor.get(b"/slow")

    assert answer.status == 504


def test_a_visitor_who_leaves_is_not_fetched_for_any_more(plane: Plane, up: Upstream) -> None:
    before = len(up.asked)
    with Http1(plane.port) as visitor:
        visitor.ask(b"GET", b"/up/slow", [])
        wait_until(lambda: len(up.asked) > before, 30)

    wait_until(lambda: plane.counters.opened == 0, 30)


def test_a_host_that_is_not_there_is_a_502(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    files = {"_redirects": f"/* http://127.0.0.1:{port}/ 200"}
    with running(Wiring(forward=LIMITS)) as plane:
        plane.put("site.localhost", ruled(tmp_path, files, abilities=Abilities(proxy_hosts=(f"127.0.0.1:{port}",))))
        with Http1(plane.port) as visitor:
            assert visitor.get(b"/").status == 502


def test_a_site_that_fetches_from_itself_is_told_so(tmp_path: Path) -> None:
    with running(Wiring(forward=LIMITS)) as plane:
        files = {"_redirects": f"/* http://127.0.0.1:{int(plane.port)}/:splat 200"}
        abilities = Abilities(proxy_hosts=(f"127.0.0.1:{int(plane.port)}",))
        plane.put("127.0.0.1", ruled(tmp_path, files, abilities=abilities))
        with Http1(plane.port) as visitor:
            assert visitor.get(b"/round", host=b"127.0.0.1").status == 508


# ── which hosts


@pytest.mark.parametrize(
    ("to", "taken"),
    [
        ("https://api.example.org/x", True),
        ("https://API.example.org:443/x", True),
        ("http://api.example.org:80/x", True),
        ("https://api.example.org:8443/x", False),
        ("https://api.example.org@evil.example/x", False),
        ("https://a.wild.example/x", True),
        ("https://a.b.wild.example/x", False),
        ("https://wild.example/x", False),
        ("https://own.example:8443/x", True),
        ("https://own.example/x", False),
        ("https://evil.example/x", False),
        ("https://api.example.org.evil.example/x", False),
        ("https://127.0.0.1/x", False),
    ],
)
def test_only_hosts_on_the_operators_list_are_fetched_from(to: str, taken: bool) -> None:
    abilities = Abilities(proxy_hosts=("api.example.org", "*.wild.example", "own.example:8443"))

    rules, problems = found({"_redirects": f"/a {to} 200"}, abilities=abilities)

    assert len(rules.redirects) == taken
    assert [problem.code for problem in problems] == ([] if taken else ["proxy_off"])
    assert "proxy_hosts" in "".join(problem.message for problem in problems) or taken


def test_the_cloudflare_dialect_refuses_them() -> None:
    abilities = Abilities(proxy_hosts=("api.example.org",))

    rules, problems = found(
        {"_redirects": "/a https://api.example.org/ 200"}, abilities=abilities, dialect="cloudflare"
    )

    assert (rules.redirects, problems[0].code) == ((), "proxy_off")


def test_a_host_that_is_taken_off_the_list_is_fetched_from_no_more(tmp_path: Path) -> None:
    abilities = Abilities(proxy_hosts=("api.example.org",))
    files = {"index.html": "home", "_redirects": "/a https://api.example.org/ 200"}
    allowed = ruled(tmp_path, files, abilities=abilities)

    before = ask(allowed, "/a")
    assert before.upstream == b"https://api.example.org/"
    explained = explain(Request(b"GET", b"/a", {}, {}, b"site.localhost"), allowed)
    assert "_redirects:1 fetches the answer from https://api.example.org/." in [step.said for step in explained.steps]

    rules, _ = found(files, abilities=abilities)
    assert rules.redirects
    assert ask(ruled(tmp_path, files), "/a").status == 404


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "nothing.invalid"])
async def test_a_name_that_leads_to_this_machine_is_not_dialled(host: str, up: Upstream) -> None:
    with pytest.raises(httpcore.ConnectError, match=r"has no public address|cannot be resolved"):
        await PublicOnly().connect_tcp(host, up.port, 5)


async def test_the_address_that_was_checked_is_the_one_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to another address at every look."""
    dialled, answers = [], iter([["93.184.216.34"], ["127.0.0.1"]])

    async def dial(_: object, host: str, *__: object) -> None:
        dialled.append(host)

    async def resolve(host: str, port: int) -> list[object]:
        return [ipaddress.ip_address(address) for address in next(answers)]

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", dial)
    monkeypatch.setattr("appliance.outgoing._resolve", resolve)

    await PublicOnly().connect_tcp("rebinding.example", 80)
    with pytest.raises(httpcore.ConnectError):
        await PublicOnly().connect_tcp("rebinding.example", 80)

    assert dialled == ["93.184.216.34"]


async def test_as_a_whole_it_is_off_and_the_operator_turns_it_on(tmp_path: Path, up: Upstream) -> None:
    files = {"index.html": "home", "_redirects": f"/api/* http://127.0.0.1:{up.port}/:splat 200"}
    outcomes = {}
    ways: dict[str, dict[str, Any]] = {
        "off": {},
        "not private": {"proxy_hosts": (f"127.0.0.1:{up.port}",)},
        "on": {"proxy_hosts": (f"127.0.0.1:{up.port}",), "proxy_private": True},
    }
    for name, changes in ways.items():
        async with (
            appliance(tmp_path / name.replace(" ", "-"), (OLGA, ALICE), **changes) as server,
            server.client(ALICE) as client,
        ):
            facts = await deployed(client, "shop", zip_of(files))
            answer = await server.fetch("shop.localhost", "/api/x")
            outcomes[name] = ([problem["code"] for problem in facts["problems"]], answer.status_code)

    assert outcomes == {"off": (["proxy_off"], 404), "not private": ([], 502), "on": ([], 200)}


async def test_the_settings_are_its_bounds(tmp_path: Path) -> None:
    forwarder = Forwarder.of(Settings(data=tmp_path, proxy_size=7, proxy_timeout=8, proxy_connections=9))  # type: ignore[arg-type]

    assert forwarder._limits == ForwardLimits(7, 8, 9, private=False)
    await forwarder.close()


def test_a_gated_answer_is_kept_by_nobody() -> None:
    reply = private(Reply(200, ((b"cache-control", b"max-age=9"), (b"x", b"y")), b"", upstream=b"http://x/"))

    assert reply.upstream == b"http://x/"
    assert dict(reply.fields) == {b"x": b"y", b"cache-control": b"private, no-store"}

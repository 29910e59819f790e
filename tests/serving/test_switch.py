from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from appliance import switch as switch_module
from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.release import Release
from appliance.serving.slow_lane import Message, Receive, Scope, Send
from appliance.serving.table import Table
from appliance.switch import Switch
from tests.serving.conftest import FILES
from tests.serving.lanes import ADMIN, LANES, Lane, Plane, Wiring, release, running, wait_until
from tests.serving.visitors import HandedOver, HandedOverHttp2, Http1, head

HOME = FILES["index.html"]
ADMIN_HOST = ADMIN.encode()


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_the_admin_answers_on_its_host_alone(shared_plane: Plane, lane: Lane) -> None:
    with lane(shared_plane.port) as visitor:
        assert visitor.get(b"/x?y", host=ADMIN_HOST).body.startswith(b"GET /x ")
        assert visitor.get(b"/", host=b"LOCALHOST.:8080").body.startswith(b"GET / ")
        assert visitor.get(b"/").body == HOME


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_a_site_that_is_not_loaded_is_looked_for(tmp_path: Path, lane: Lane) -> None:
    with running() as plane:
        plane.found["cold.localhost"] = release(tmp_path, {"index.html": b"cold"})

        with lane(plane.port) as visitor:
            assert visitor.get(b"/", host=b"cold.localhost").body == b"cold"
            assert visitor.get(b"/", host=b"colder.localhost").status == 404


def test_a_new_release_is_served_from_the_next_request_on(tmp_path: Path) -> None:
    with running() as plane, Http1(plane.port) as fast, HandedOver(plane.port) as slow:
        plane.put("site.localhost", release(tmp_path, {"index.html": b"first"}))
        assert (fast.get(b"/").body, slow.get(b"/").body) == (b"first", b"first")

        plane.put("site.localhost", release(tmp_path, {"index.html": b"second"}))

        assert (fast.get(b"/").body, slow.get(b"/").body) == (b"second", b"second")


@pytest.mark.parametrize(("host", "lanes"), [(None, ["fast", "hypercorn"]), (b"", list(LANES))])
def test_a_request_without_a_host_is_refused(shared_plane: Plane, host: bytes | None, lanes: list[str]) -> None:
    for lane in lanes:  # for HTTP/2 the library closes the connection over a missing authority
        with LANES[lane](shared_plane.port) as visitor:
            assert visitor.get(b"/", host=host).status == 400


def test_what_happens_is_counted(tmp_path: Path) -> None:
    with running() as plane:
        plane.put("site.localhost", release(tmp_path, {"index.html": b"12345"}))
        for lane in (Http1, HandedOver, HandedOverHttp2):
            with lane(plane.port) as visitor:
                visitor.get(b"/")
                visitor.get(b"/", method=b"HEAD")
                visitor.get(b"/", (b"If-None-Match", b"*"))
                visitor.get(b"/", host=ADMIN_HOST)
                visitor.get(b"/", host=b"nobody.localhost")
        with Http1(plane.port) as visitor:
            visitor.send(b"GET / HTTP/1.1\r\n\r\n")
            visitor.read()
        wait_until(lambda: plane.counters.opened == 0)
        counted = plane.counters.snapshot()

    assert counted.requests[("site", "2xx")] == 6 + 2  # the OPTIONS that makes a connection Hypercorn's
    assert counted.requests[("site", "3xx")] == 3
    assert counted.requests[("admin", "2xx")] == 3
    assert counted.requests[("unknown", "4xx")] == 3 + 1
    assert (counted.connections_accepted, counted.connections_open) == (4, 0)
    assert counted.connections_handed_over == 3
    assert counted.bytes_sent > 3 * 5


async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("the admin is broken")


def test_a_broken_admin_is_a_500_and_sites_go_on(tmp_path: Path) -> None:
    with running(Wiring(admin=failing)) as plane, Http1(plane.port) as visitor:
        plane.put("site.localhost", release(tmp_path, {"index.html": b"x"}))

        assert visitor.get(b"/", host=ADMIN_HOST).status == 500
        with Http1(plane.port) as another:
            assert another.get(b"/").status == 200


async def reads_all(scope: Scope, receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] == "http.request":
        if not message["more_body"]:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})


def test_a_body_that_stops_coming_is_given_up_with_408() -> None:
    with running(Wiring(admin=reads_all, stall_seconds=0.2)) as plane, Http1(plane.port) as visitor:
        visitor.send(head(b"POST", b"/", [(b"Content-Length", b"10")], ADMIN_HOST) + b"12345")

        answer = visitor.read()
        assert (answer.status, answer.closes) == (408, True)
        assert visitor.at_end()


def test_a_body_nobody_consumes_stops_at_the_window() -> None:
    with running(Wiring(admin=reads_all, stall_seconds=0.3)) as plane, Http1(plane.port) as visitor:
        visitor.send(head(b"POST", b"/", [(b"Content-Length", b"%d" % (1 << 30))], ADMIN_HOST))
        visitor.socket.settimeout(0.1)

        assert sendable(visitor, 1 << 28) < 40 << 20  # the window, and what sockets hold


def sendable(visitor: Http1, most: int) -> int:
    """How many bytes go out before the other side takes no more."""
    sent = 0
    try:
        while sent < most:
            sent += visitor.socket.send(bytes(1 << 16))
    except (TimeoutError, ConnectionError):
        pass
    return sent


async def floods(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})


@pytest.mark.parametrize("lane", ["hypercorn", "http2"])
def test_an_answer_nobody_takes_is_given_up(lane: str) -> None:
    with running(Wiring(admin=floods, stall_seconds=0.2)) as plane, LANES[lane](plane.port) as visitor:
        visitor.ask(b"GET", b"/", [], ADMIN_HOST)

        wait_until(lambda: plane.counters.snapshot().requests["admin", "2xx"] == 1)


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    bodies = Bodies()
    yield bodies
    bodies.close()


def switch_with(bodies: Bodies, find: Callable[[str], Awaitable[Release | None]]) -> Switch:
    return Switch(
        table=Table(),
        admin_hosts="a".__eq__,
        find=find,
        admin_app=reads_all,
        bodies=bodies,
        counters=Counters(),
    )


async def test_the_lifespan_is_acknowledged_and_no_more(bodies: Bodies) -> None:
    async def find(host: str) -> Release | None:
        raise AssertionError("no host is asked for")

    switch = switch_with(bodies, find)
    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    said = []

    async def receive() -> Message:
        return next(asked)

    async def send(message: Message) -> None:
        said.append(message["type"])

    await switch({"type": "lifespan"}, receive, send)

    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_time_out_in_finding_a_site_is_not_taken_for_a_stalled_client(bodies: Bodies) -> None:
    async def find(host: str) -> Release | None:
        raise TimeoutError

    async def never() -> Message:
        raise AssertionError("the body is not asked for")

    async def ignore(message: Message) -> None:
        raise AssertionError("nothing is sent")

    switch = switch_with(bodies, find)
    scope: Scope = {
        "type": "http",
        "http_version": "2",
        "method": "GET",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"x")],
    }

    with pytest.raises(TimeoutError):
        await switch(scope, never, ignore)


def test_a_body_that_dawdles_on_its_way_to_a_page_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch_module, "_IGNORED_SECONDS", 0.1)
    with running() as plane, Http1(plane.port) as visitor:
        plane.put("site.localhost", release(tmp_path, {"index.html": b"x"}))
        visitor.send(head(b"GET", b"/", [(b"Content-Length", b"5")]) + b"1")

        assert visitor.read().body == b"x"
        assert visitor.at_end()

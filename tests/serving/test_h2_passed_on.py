"""What the application answers on the HTTP/2 lane: bodies come whole, and an error ends only its own stream."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest

from appliance.serving.h2.frames import WINDOW, Code
from appliance.serving.slow_lane import Receive, Scope, Send
from tests.serving import h2_wire as wire_frames
from tests.serving.conftest import FILES
from tests.serving.h2_wire import (
    DATA,
    END_HEADERS,
    GET,
    HEADERS,
    PREFACE,
    RST_STREAM,
    WINDOW_UPDATE,
    Wire,
    ask,
    frame,
    number,
    with_path,
)
from tests.serving.lanes import Plane, release, running
from tests.serving.visitors import SITE, Http2

POST = [(b":method", b"POST"), *GET[1:]]


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    with running() as plane:
        plane.put("site.localhost", release(tmp_path, FILES))
        yield plane


async def counts(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that takes a body of any size, slowly, and says how long it was."""
    if scope["path"] == "/broken":
        raise RuntimeError("as asked")
    if scope["path"] == "/whole":
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"0" + bytes(200_000)})
        return
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message["body"])
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-scheme", scope["scheme"].encode())]})
    await send({"type": "http.response.body", "body": b"%d" % size, "more_body": scope["path"] == "/long"})
    if scope["path"] == "/long":
        await send({"type": "http.response.body", "body": bytes(200_000), "more_body": True})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def passing(plane: Plane) -> Plane:
    plane.door.app = counts
    return plane


@pytest.mark.parametrize("size", [0, 5, 40_000, 300_000])
def test_a_body_of_any_size_reaches_the_application(passing: Plane, size: int) -> None:
    with Http2(passing.port) as visitor:
        assert visitor.get(b"/").status == 200
        stream = visitor.h2.get_next_available_stream_id()
        visitor.h2.send_headers(stream, [*POST, (b"content-length", b"%d" % size)], end_stream=not size)
        visitor._flush()
        left = size
        while left:
            window = min(left, visitor.h2.local_flow_control_window(stream), 16_384)
            if window:
                visitor.h2.send_data(stream, bytes(window), end_stream=window == left, pad_length=None)
                left -= window
                visitor._flush()
            else:
                visitor._events()
        said = b""
        while not said:
            said = b"".join(e.data for e in visitor._events() if isinstance(e, h2.events.DataReceived))

    assert said == b"%d" % size


def test_trailers_end_a_body(passing: Plane) -> None:
    with Wire(passing.port, PREFACE + wire_frames.settings() + ask(1)) as wire:
        wire.until(DATA)
        wire.send(ask(3, POST, END_HEADERS), frame(DATA, 0, 3, b"abc"), ask(3, [(b"x-sum", b"1")]))

        assert wire.body() == b"3"


@pytest.mark.parametrize("target", [b"/long", b"/whole"])
def test_an_application_may_answer_at_length(passing: Plane, target: bytes) -> None:
    with Http2(passing.port) as visitor:
        visitor.get(b"/")

        assert visitor.get(target, method=b"OPTIONS").body == b"0" + bytes(200_000)


def test_an_application_may_answer_without_a_body(plane: Plane) -> None:
    with Http2(plane.port) as visitor:
        visitor.get(b"/")

        assert (visitor.get(b"/", method=b"OPTIONS").status, visitor.get(b"/about").status) == (204, 200)


def test_an_application_that_breaks_ends_its_own_stream(passing: Plane) -> None:
    with Wire(passing.port, PREFACE + wire_frames.settings() + ask(1)) as wire:
        assert wire.outcome() == ("status", 200)
        wire.send(ask(3, [(b":method", b"POST"), *with_path(b"/broken")[1:]]))
        assert wire.outcome() == ("reset", 2)
        wire.send(ask(5))

        assert wire.outcome() == ("status", 200)


def test_a_body_past_its_window_ends_the_stream(passing: Plane) -> None:
    async def deaf(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.get_running_loop().create_future()  # until it is cancelled

    passing.door.app = deaf
    with Wire(passing.port, PREFACE + wire_frames.settings() + ask(1)) as wire:
        assert wire.outcome() == ("status", 200)
        wire.send(ask(3, POST, END_HEADERS), *[frame(DATA, 0, 3, bytes(16_000))] * (WINDOW // 16_000 + 1))

        assert wire.outcome() == ("reset", Code.FLOW_CONTROL_ERROR)


def test_a_body_that_its_sender_gives_up_costs_the_connection_nothing(passing: Plane) -> None:
    async def hears_out(scope: Scope, receive: Receive, send: Send) -> None:
        while True:  # until it is cancelled
            await receive()

    passing.door.app = hears_out
    with Wire(passing.port, PREFACE + wire_frames.settings() + ask(1)) as wire:
        assert wire.outcome() == ("status", 200)
        wire.send(ask(3, POST, END_HEADERS), *[frame(DATA, 0, 3, bytes(16_000))] * 2)
        wire.send(frame(RST_STREAM, 0, 3, number(8)), ask(5))

        assert wire.outcome() == ("status", 200)


@pytest.mark.parametrize("host", [SITE, b"nobody.localhost"])
def test_a_post_that_is_answered_early_is_not_heard_out(plane: Plane, host: bytes) -> None:
    with Wire(plane.port, PREFACE + wire_frames.settings() + ask(1)) as wire:
        wire.until(DATA)
        wire.send(ask(3, [*POST[:2], (b":authority", host), POST[3]], END_HEADERS))
        wire.send(*[frame(DATA, 0, 3, bytes(16_000))] * 4)
        while host == SITE and wire.until(WINDOW_UPDATE)[2] != 3:
            pass
        wire.send(frame(DATA, 0, 3, bytes(5_000)))
        _, _, stream, payload = wire.until(RST_STREAM)
        wire.send(frame(DATA, 0, 3, bytes(100)), ask(3, [(b"x", b"y")]), ask(5))

        assert (stream, int.from_bytes(payload, "big")) == (3, 0)
        assert wire.until(HEADERS)[2] == 5

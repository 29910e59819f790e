"""The HTTP/2 lane: whose connection it is, flow control, and the end."""

import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import h2.settings
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serving import h2_wire as wire_frames
from tests.serving.conftest import BIG, FILES
from tests.serving.h2_wire import (
    DATA,
    END_HEADERS,
    END_STREAM,
    GET,
    GOAWAY,
    HEADERS,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Wire,
    ask,
    block,
    frame,
    number,
    with_path,
)
from tests.serving.lanes import ADMIN, Plane, Wiring, release, running, wait_until
from tests.serving.visitors import SITE, Http2, connect

HUGE = bytes(range(256)) * (20 << 12)  # 20 MB
BIG_FILE = with_path(b"/big.bin")
POST = [(b":method", b"POST"), *GET[1:]]
BODIES = {
    b"/": FILES["index.html"],
    b"/about": FILES["about.html"],
    b"/medium.bin": FILES["medium.bin"],
    b"/big.bin": BIG,
}


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    with running() as plane:
        plane.put("site.localhost", release(tmp_path, {**FILES, "huge.bin": HUGE}))
        yield plane


# --- whose connection?


@pytest.mark.parametrize(
    ("host", "method"),
    [(ADMIN.encode(), b"GET"), (b"nobody.localhost", b"GET"), (SITE, b"POST"), (SITE, b"OPTIONS")],
)
def test_what_the_lane_does_not_answer_first_is_hypercorns(plane: Plane, host: bytes, method: bytes) -> None:
    with Http2(plane.port) as visitor:
        first = visitor.get(b"/", method=method, host=host)
        second = visitor.get(b"/about")

    assert first.status in {200, 204, 404, 405}
    assert second.body == FILES["about.html"]
    assert plane.counters.snapshot().connections_handed_over == 1


def test_a_method_in_small_letters_is_none_we_know(plane: Plane) -> None:
    with Http2(plane.port) as visitor:
        statuses = [visitor.get(b"/", method=method).status for method in (b"get", b"GET", b"pOST", b"GET")]

    assert statuses == [501, 200, 501, 200]


def test_what_is_for_a_site_is_not_handed_over(plane: Plane) -> None:
    with Http2(plane.port) as visitor:
        assert visitor.get(b"/").status == 200

    assert plane.counters.snapshot().connections_handed_over == 0


@pytest.mark.parametrize("host", [SITE, ADMIN.encode()])
def test_the_beginning_may_arrive_split_at_any_byte(shared_plane: Plane, host: bytes) -> None:
    fields = [*GET[:2], (b":authority", host), GET[3]]
    begin = PREFACE + wire_frames.settings((4, 70_000)) + ask(1, fields, END_STREAM)[:-3]
    begin += block(fields)[-3:] + frame(9, END_HEADERS, 1)

    for cut in range(1, len(begin), 3):
        with Wire(shared_plane.port, begin[:cut]) as wire:
            time.sleep(0.0005)
            wire.send(begin[cut:])

            assert wire.outcome() == ("status", 200)


@pytest.mark.parametrize("host", [SITE, ADMIN.encode()])
def test_a_client_may_wait_for_our_settings_before_it_asks(shared_plane: Plane, host: bytes) -> None:
    with Wire(shared_plane.port, PREFACE + wire_frames.settings()) as wire:
        wire.until(SETTINGS)
        wire.send(frame(SETTINGS, wire_frames.ACK), ask(1, [*GET[:2], (b":authority", host), GET[3]]))

        assert wire.outcome() == ("status", 200)
        wire.send(ask(3, [*GET[:2], (b":authority", host), GET[3]]))
        assert wire.outcome() == ("status", 200)


def test_nothing_is_said_before_the_first_request(shared_plane: Plane) -> None:
    with Wire(shared_plane.port, PREFACE) as wire:
        wire.send(wire_frames.settings(), ask(1, [*GET[:2], (b":authority", ADMIN.encode()), GET[3]]))
        kinds = [found[0] for found in (wire.frame() for _ in range(4)) if found and not found[1] & wire_frames.ACK]

    assert kinds.count(SETTINGS) == 1  # Hypercorn's, and none before them


def test_a_client_that_leaves_before_it_asks_is_forgotten(plane: Plane) -> None:
    with Wire(plane.port, PREFACE + wire_frames.settings()):
        wait_until(lambda: plane.counters.opened)

    wait_until(lambda: not plane.counters.opened)


# --- a whole client, however it cuts and interleaves


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(sorted(BODIES)), min_size=1, max_size=8),
    st.integers(0, 100_000),
    st.sampled_from([16_384, 20_000, 1 << 20]),
    st.sampled_from([0, 100, 4_096]),
    st.lists(st.integers(1, 60), max_size=12),
    st.integers(),
)
def test_streams_come_whole_however_windows_and_writes_are_cut(
    shared_plane: Plane,
    targets: list[bytes],
    window: int,
    frame_size: int,
    table: int,
    cuts: list[int],
    seed: int,
) -> None:
    client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding=None))
    client.local_settings = h2.settings.Settings(
        client=True,
        initial_values={
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window,
            h2.settings.SettingCodes.MAX_FRAME_SIZE: frame_size,
            h2.settings.SettingCodes.HEADER_TABLE_SIZE: table,
            h2.settings.SettingCodes.ENABLE_PUSH: 0,
        },
    )
    client.initiate_connection()
    for target in targets:
        client.send_headers(client.get_next_available_stream_id(), with_path(target), end_stream=True)

    got = _fetch(shared_plane.port, client, len(targets), cuts, random.Random(seed))

    assert [got[1 + 2 * place] for place in range(len(targets))] == [(b"200", BODIES[target]) for target in targets]


def _fetch(
    port: int, client: h2.connection.H2Connection, streams: int, cuts: list[int], chance: random.Random
) -> dict[int, tuple[bytes, bytes]]:
    """Talk until every stream has ended, opening windows by chance."""
    status: dict[int, bytes] = {}
    bodies: dict[int, bytes] = {1 + 2 * place: b"" for place in range(streams)}
    open_streams = set(bodies)
    with connect(port) as connection:
        connection.settimeout(8)
        data = client.data_to_send()
        for cut in cuts:
            connection.sendall(data[:cut])
            data = data[cut:]
        connection.sendall(data)
        while open_streams:
            for stream in sorted(open_streams):
                client.increment_flow_control_window(chance.randint(1, 300_000), stream)
            client.increment_flow_control_window(chance.randint(1, 600_000))
            connection.sendall(client.data_to_send())
            for event in client.receive_data(connection.recv(chance.randint(1, 1 << 18))):
                if isinstance(event, h2.events.ResponseReceived):
                    status[event.stream_id] = dict(event.headers)[b":status"]
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                elif isinstance(event, h2.events.StreamEnded):
                    open_streams.discard(event.stream_id)
                else:
                    assert not isinstance(event, h2.events.StreamReset | h2.events.ConnectionTerminated)
    return {stream: (status[stream], body) for stream, body in bodies.items()}


# --- flow control


def test_a_reply_waits_for_its_window_and_for_the_connections(plane: Plane) -> None:
    with Wire(plane.port, PREFACE + wire_frames.settings((4, 0)) + ask(1, BIG_FILE)) as wire:
        wire.until(HEADERS)
        wire.send(frame(WINDOW_UPDATE, 0, 1, number(10)))
        assert wire.until(DATA)[3] == BIG[:10]
        wire.send(wire_frames.settings((4, 5)))
        assert wire.until(DATA)[3] == BIG[10:15]
        wire.send(frame(WINDOW_UPDATE, 0, 1, number(1 << 22)))
        received = b""
        while len(received) < 65_535 - 15:
            received += wire.until(DATA)[3]
        assert received == BIG[15:65_535]
        wire.send(frame(WINDOW_UPDATE, 0, 0, number(1)))
        assert wire.until(DATA)[3] == BIG[65_535:65_536]


def test_a_window_may_become_negative(plane: Plane) -> None:
    with Wire(plane.port, PREFACE + wire_frames.settings((4, 1_000)) + ask(1, with_path(b"/medium.bin"))) as wire:
        assert len(wire.until(DATA)[3]) == 1_000
        wire.send(wire_frames.settings((4, 0)), frame(WINDOW_UPDATE, 0, 1, number(1_001)))

        assert len(wire.until(DATA)[3]) == 1


def test_a_reader_of_one_stream_does_not_hold_up_the_others(plane: Plane) -> None:
    with Wire(plane.port, PREFACE + wire_frames.settings((4, 30_000)) + ask(1, BIG_FILE)) as wire:
        wire.send(ask(3, with_path(b"/about")))

        while wire.until(DATA)[2] != 3:
            pass


def test_a_hundred_slow_readers_hold_next_to_nothing(plane: Plane) -> None:
    process = psutil.Process()
    begin = PREFACE + wire_frames.settings((4, 2**31 - 1)) + frame(WINDOW_UPDATE, 0, 0, number(2**31 - 1 - 65_535))
    before = process.memory_info().rss
    wires = [Wire(plane.port, begin + ask(1, with_path(b"/huge.bin"))) for _ in range(100)]
    for wire in wires:
        wire.until(HEADERS)
    time.sleep(0.3)
    grown = process.memory_info().rss - before
    for wire in wires:
        wire.socket.close()

    assert grown < 30 << 20  # of the 2 GB they asked for; what the tests' own side holds is in it


def test_a_visitor_who_takes_a_stream_back_is_sent_no_more_of_it(plane: Plane) -> None:
    with Wire(plane.port, PREFACE + wire_frames.settings() + ask(1, BIG_FILE)) as wire:
        wire.until(DATA)
        wire.send(frame(RST_STREAM, 0, 1, number(8)), ask(3, with_path(b"/about")))
        wire.send(frame(WINDOW_UPDATE, 0, 0, number(1 << 20)))

        stream, flags = 1, 0
        while (stream, flags) != (3, END_STREAM):
            _, flags, stream, _ = wire.until(DATA)
        wire.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            wire.frame()


def test_many_replies_that_nobody_reads_stop_the_lane_and_not_the_loop(plane: Plane) -> None:
    wide = wire_frames.settings((4, 1 << 30)) + frame(WINDOW_UPDATE, 0, 0, number(1 << 30))
    requests = b"".join(ask(1 + 2 * place, with_path(b"/medium.bin")) for place in range(95))
    with Wire(plane.port, PREFACE + wide) as greedy, Http2(plane.port) as other:
        greedy.send(requests)
        assert other.get(b"/").status == 200

        size = 0
        while size < 95 * 65_536:
            size += len(greedy.until(DATA)[3])


# --- the end


def test_closing_finishes_what_is_under_way_and_says_so(plane: Plane) -> None:
    with (
        Wire(plane.port, PREFACE + wire_frames.settings() + ask(1, BIG_FILE)) as wire,
        Wire(plane.port, PREFACE) as quiet,
    ):
        wire.until(DATA)
        closed = plane.start(plane.door.close(5))
        _, _, _, payload = wire.until(GOAWAY)
        wire.send(ask(3), frame(WINDOW_UPDATE, 0, 3, number(9)), frame(DATA, 0, 3, b""))
        wire.send(frame(WINDOW_UPDATE, 0, 1, number(1 << 22)), frame(WINDOW_UPDATE, 0, 0, number(1 << 22)))
        flags = 0
        while not flags & END_STREAM:
            _, flags, stream, _ = wire.until(DATA)
            assert stream == 1
        assert payload[:8] == number(1) + number(0)
        assert wire.frame() is None
        assert quiet.frame() is None
        wire.socket.close()
        closed()


def test_closing_cuts_what_takes_longer_than_the_grace(plane: Plane) -> None:
    with Wire(plane.port, PREFACE + wire_frames.settings() + ask(1, BIG_FILE)) as wire:
        wire.until(DATA)
        plane.call(plane.door.close(0.2))

        assert plane.counters.opened == 0


def test_a_client_that_has_said_everything_still_gets_its_answer(plane: Plane) -> None:
    wide = wire_frames.settings((4, 1 << 24)) + frame(WINDOW_UPDATE, 0, 0, number(1 << 24))
    with Wire(plane.port, PREFACE + wide + ask(1, BIG_FILE)) as wire:
        wire.until(HEADERS)
        wire.socket.shutdown(socket.SHUT_WR)
        body, flags = b"", 0
        while not flags & END_STREAM:
            _, flags, _, payload = wire.until(DATA)
            body += payload

        assert body == BIG
        assert wire.frame() is None


def test_a_file_that_breaks_off_ends_its_stream_with_an_error(tmp_path: Path) -> None:
    with running(Wiring(kept_bytes=0)) as plane:
        plane.put("site.localhost", release(tmp_path, {"huge.bin": HUGE, "index.html": b"home"}))
        with Wire(plane.port, PREFACE + wire_frames.settings() + ask(1, with_path(b"/huge.bin"))) as wire:
            wire.until(DATA)
            blob = max(tmp_path.iterdir(), key=lambda path: path.stat().st_size)
            with blob.open("r+b") as file:
                file.truncate(100_000)
            wire.send(frame(WINDOW_UPDATE, 0, 0, number(1 << 24)), frame(WINDOW_UPDATE, 0, 1, number(1 << 24)))

            assert wire.until(RST_STREAM)[3] == number(2)
            wire.send(ask(3))
            assert wire.outcome() == ("status", 200)

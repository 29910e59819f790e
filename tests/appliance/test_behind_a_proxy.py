"""Whose word counts on who asks, and what the access log says of it, whichever lane answers."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.access_log import AccessLog, common
from appliance.proxies import Proxies
from appliance.serving.secure import Policy
from appliance.serving.visitor import Reception
from appliance.units import networks
from tests.serving.lanes import LANES, Lane, Plane, Wiring, release, running, wait_until
from tests.serving.visitors import Http1, TlsHttp1, connect

BIG = bytes(range(256)) * 8_000
FILES = {"index.html": b"home", "big.bin": BIG}
STRICT = "strict-transport-security"
YEAR = "max-age=31536000"


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[tuple[Plane, Callable[[], list[str]]]]:
    """A strict plane with an access log; 127.0.0.9 is its proxy."""
    path = tmp_path / "access.log"
    log = AccessLog(common, path)
    log.start()
    reception = Reception(Proxies(networks("127.0.0.9/32")), Policy(443, YEAR.encode()), log)

    def lines() -> list[str]:
        log.stop()
        return path.read_text("utf-8").splitlines()

    with running(Wiring(reception=reception)) as plane:
        plane.put("site.localhost", release(tmp_path, FILES))
        yield plane, lines


FORWARDED = [
    (b"X-Forwarded-For", b"6.6.6.6, 203.0.113.5"),
    (b"X-Forwarded-Proto", b"https"),
    (b"X-Forwarded-Host", b"site.localhost"),
]


class ByProxy(Http1):
    def connect(self, port: int) -> socket.socket:
        return connect(port, "127.0.0.9")


class ByProxyHandedOver(ByProxy):
    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.get(b"*", method=b"OPTIONS")


@pytest.mark.parametrize("way", [ByProxy, ByProxyHandedOver])
def test_a_trusted_proxy_says_host_scheme_and_address(
    behind: tuple[Plane, Callable[[], list[str]]], way: type[Http1]
) -> None:
    plane, lines = behind

    with way(plane.port) as visitor:
        answer = visitor.get(b"/", *FORWARDED, host=b"inner.test")
        unforwarded = visitor.get(b"/x")

    assert (answer.body, answer.headers[STRICT]) == (b"home", YEAR)
    assert (unforwarded.status, unforwarded.headers["location"]) == (308, "https://site.localhost/x")
    wait_until(lambda: not plane.counters.opened)
    logged = lines()[-2:]
    assert [line.split()[0] for line in logged] == ["203.0.113.5", "127.0.0.9"]
    assert [line.split('"')[1:] for line in logged] == [["GET / HTTP/1.1", " 200 4"], ["GET /x HTTP/1.1", " 308 -"]]


def test_a_strangers_headers_mean_nothing(behind: tuple[Plane, Callable[[], list[str]]]) -> None:
    plane, lines = behind

    with TlsHttp1(plane.port) as visitor:
        answers = [visitor.get(b"/", *FORWARDED, host=host) for host in (b"other.localhost", b"site.localhost")]
    with Http1(plane.port) as plain:
        moved = plain.get(b"/", *FORWARDED)

    assert [answer.status for answer in answers] == [404, 200]
    assert moved.status == 308
    assert {line.split()[0] for line in lines()} == {"127.0.0.1"}


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_every_lane_writes_what_it_answered(tmp_path: Path, lane: Lane) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(common, path)
    log.start()
    with running(Wiring(reception=Reception(log=log))) as plane:
        plane.put("site.localhost", release(tmp_path, FILES))
        with lane(plane.port) as visitor:
            for target in (b"/", b"/big.bin", b"/zzz?token=hunter2x"):
                visitor.get(target)
        wait_until(lambda: not plane.counters.opened)
    log.stop()

    said = [line.split('"')[1].split()[:2] + line.split('"')[2].split() for line in path.read_text().splitlines()][-3:]
    assert said[0] == ["GET", "/", "200", "4"]
    assert said[1] == ["GET", "/big.bin", "200", str(len(BIG))]
    assert said[2][1:3] == ["/zzz?token=[redacted]", "404"]
    traffic = plane.counters.traffic("site")
    assert traffic.statuses["2xx"] >= 2
    assert traffic.missed == {"/zzz": 1}

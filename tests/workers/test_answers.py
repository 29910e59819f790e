"""With two processes an answer is the same by whichever it came, and what one learns the other knows."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any, Self, cast

import pytest

from tests.authority import write_pair
from tests.serving.lanes import wait_until
from tests.serving.visitors import Header, Http1, Http2, TlsHttp1, TlsHttp2, Visitor
from tests.workers.duo import BOTH, CONTROL, TLS, WORKER, Duo, duo, known, post, traffic

OWN = {"date", "connection", "x-request-id"}  # of an answer, whatever gives it
LANES: dict[str, type[Any]] = {"http1": Http1, "http2": Http2, "tls http1": TlsHttp1, "tls http2": TlsHttp2}
FILES: dict[str, str | bytes] = {
    "index.html": "<h1>one</h1>",
    "404.html": "<h1>nothing here</h1>",
    "text.txt": "all of it is compressed " * 400,
    "docs/index.html": "<h1>docs</h1>",
    "big.bin": bytes(range(256)) * 4_000,
    "_redirects": "/old /new 302\n/app/* /index.html 200\n",
    "_headers": "/*\n  X-Of-Ours: yes\n",
}
REQUESTS: list[tuple[bytes, bytes, bytes, list[Header]]] = [
    (b"GET", b"/", b"site.localhost", []),
    (b"HEAD", b"/text.txt", b"site.localhost", [(b"accept-encoding", b"br, gzip")]),
    (b"GET", b"/text.txt", b"site.localhost", [(b"accept-encoding", b"gzip")]),
    (b"GET", b"/text.txt", b"site.localhost", [(b"range", b"bytes=5-9")]),
    (b"GET", b"/big.bin", b"site.localhost", []),
    (b"GET", b"/docs", b"site.localhost", []),
    (b"GET", b"/old?a=1", b"site.localhost", []),
    (b"GET", b"/app/some/page", b"site.localhost", []),
    (b"GET", b"/missing", b"site.localhost", []),
]
AFTERWARDS: list[tuple[bytes, bytes, bytes, list[Header]]] = [  # each on a connection of its own: it may be handed over
    (b"OPTIONS", b"/", b"site.localhost", []),
    (b"GET", b"/", b"nobody.localhost", []),
    (b"GET", b"/api/v1/sites", b"localhost", []),
    (b"GET", b"/", b"localhost", [(b"x-forwarded-proto", b"https")]),
]
ONLY_1: list[tuple[bytes, bytes, bytes, list[Header]]] = [
    (b"GET", b"/", b"site.localhost", [(b"upgrade", b"websocket"), (b"connection", b"Upgrade")]),
    (b"POST", b"/", b"site.localhost", [(b"content-length", b"0")]),
    (b"POST", b"/api/v1/sites", b"localhost", [(b"content-length", b"0")]),
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Duo]:
    """A server with TLS and an access log, on which Alice has a site that both processes know."""
    data = tmp_path_factory.mktemp("pair") / "data"
    environment = {
        "DROPDOCK_ACCESS_LOG": "json",
        "DROPDOCK_ACCESS_LOG_PATH": "access.log",
        "DROPDOCK_GATE_ATTEMPTS": "6",
    }
    with duo(data, **TLS, **environment) as made:
        made.publish("site", FILES)
        known(made, b"site.localhost")
        yield made


@pytest.mark.parametrize("lane", LANES)
def test_both_answer_by_themselves(pair: Duo, lane: str) -> None:
    for where in BOTH:
        with pair.meet(LANES[lane], where) as visitor:
            answers = [visitor.get(b"/") for _ in range(3)]

            assert [answer.body for answer in answers] == [b"<h1>one</h1>"] * 3
            assert pair.holds(where, visitor)


@pytest.mark.parametrize("lane", LANES)
def test_no_answer_depends_on_the_process(pair: Duo, lane: str) -> None:
    alone = AFTERWARDS + ONLY_1 * (lane in {"http1", "tls http1"})
    answers: dict[str, list[Any]] = {where: [] for where in BOTH}
    for where in BOTH:
        for requests in (REQUESTS, *([request] for request in alone)):
            with pair.meet(LANES[lane], where) as visitor:
                answers[where] += [essence(visitor, *request) for request in requests]

    for request, *pairs in zip([*REQUESTS, *alone], *answers.values(), strict=True):
        assert pairs[0] == pairs[1], request


def essence(visitor: Visitor, method: bytes, target: bytes, host: bytes, headers: list[Header]) -> Any:
    """What must not depend on the process."""
    answer = visitor.get(target, *headers, method=method, host=host)
    fields = {name: value for name, value in answer.headers.items() if name not in OWN}
    return answer.status, fields, without_ids(answer.body)


def without_ids(body: bytes) -> Any:
    """A body without what is another's for each request."""
    if b'"request_id"' not in body:
        return body
    said = json.loads(body)
    said.pop("request_id", None)
    said.get("error", {}).pop("request_id", None)
    return said


@pytest.mark.parametrize("lane", ["http1", "tls http1"])
def test_a_body_of_megabytes_goes_through_a_worker(pair: Duo, lane: str) -> None:
    token = pair.api.headers["authorization"].encode()
    body = b"not an archive " * 200_000
    headers = [(b"authorization", token), (b"content-type", b"application/zip")]

    with pair.meet(LANES[lane], WORKER) as visitor:
        answer = post(visitor, b"/api/v1/sites/site/deploys", body, *headers, host=b"localhost")
        after = visitor.get(b"/api/v1/sites/site", *headers[:1], host=b"localhost")
        back = visitor.get(b"/big.bin")

    assert answer.status == 202, answer.body
    assert json.loads(after.body)["name"] == "site"
    assert back.body == FILES["big.bin"]


@pytest.mark.parametrize("lane", ["http1", "tls http1"])
def test_many_requests_at_once_survive_the_hand_over(pair: Duo, lane: str) -> None:
    """Pipelined: those before it are answered here, those after it there, and in order."""
    site, admin = (b"GET /%%s HTTP/1.1\r\nHost: %s\r\n\r\n" % host for host in (b"site.localhost", b"localhost"))

    with pair.meet(LANES[lane], WORKER) as visitor:
        visitor.send(site % b"" + site % b"big.bin" + admin % b"api/v1/sites" + site % b"docs/")
        statuses = [visitor.read().status for _ in range(4)]

    assert statuses == [200, 200, 401, 200]


def test_a_publish_leaves_no_stale_answer_anywhere(pair: Duo) -> None:
    """Fifteen times, while others ask without pause: what is asked after the answer came gets what was published."""
    with Hammers(pair) as hammers:
        for number in range(15):
            pair.publish("site", FILES | {"index.html": f"<h1>{number}</h1>"})

            assert hammers.next_answers() == {(200, b"<h1>%d</h1>" % number)}


def test_a_rollback_leaves_no_stale_answer_anywhere(pair: Duo) -> None:
    one = pair.publish("site", FILES | {"index.html": "<h1>before</h1>"})["id"]
    two = pair.publish("site", FILES | {"index.html": "<h1>after</h1>"})["id"]
    with Hammers(pair) as hammers:
        for deploy, text in zip([one, two] * 5, cycle([b"before", b"after"])):
            pair.api.post("/api/v1/sites/site/publish", json={"deploy": deploy}).raise_for_status()

            assert hammers.next_answers() == {(200, b"<h1>%s</h1>" % text)}


def test_a_gate_closes_and_opens_everywhere(pair: Duo) -> None:
    pair.publish("site", FILES)
    with Hammers(pair) as hammers:
        for covers, status in [("everything", 401), ("nothing", 200)] * 5:
            change = {"covers": covers, "password": "open, Sesame"}
            pair.api.patch("/api/v1/sites/site/gate", json=change).raise_for_status()

            assert {status for status, _ in hammers.next_answers()} == {status}


def test_a_deleted_site_is_gone_everywhere_and_a_restored_one_is_back(pair: Duo) -> None:
    pair.publish("doomed", {"index.html": "<h1>doomed</h1>"})
    for _ in range(4):
        known(pair, b"doomed.localhost")
        with Hammers(pair, b"doomed.localhost") as hammers:
            assert hammers.next_answers() == {(200, b"<h1>doomed</h1>")}
            pair.api.delete("/api/v1/sites/doomed").raise_for_status()

            # HTTP/2 says of an open connection's other owners that they are to be asked for on another one.
            assert {status for status, _ in hammers.next_answers()} <= {404, 421}
        pair.api.post("/api/v1/deleted-sites/doomed/restore").raise_for_status()


class Hammers:
    """A visitor at each process and on each lane, who ask for the page without pause."""

    def __init__(self, pair: Duo, host: bytes = b"site.localhost") -> None:
        self._host = host
        self._visitors = [pair.meet(lane, where) for where in BOTH for lane in LANES.values()]
        self._answers: list[list[tuple[float, int, bytes]]] = [[] for _ in self._visitors]
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=pair) for pair in zip(self._visitors, self._answers, strict=True)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        for visitor in self._visitors:
            visitor.socket.close()

    def next_answers(self) -> set[tuple[int, bytes]]:
        """What everybody got who asked after this was called: three answers each."""
        now = time.monotonic()
        wait_until(lambda: all(len(answers) > 3 and answers[-3][0] > now for answers in self._answers), 60)
        return {answer[1:] for answers in self._answers for answer in answers if answer[0] > now}

    def _ask(self, visitor: Visitor, answers: list[tuple[float, int, bytes]]) -> None:
        while not self._stop.is_set():
            asked = time.monotonic()
            answer = visitor.get(b"/", host=self._host)
            answers.append((asked, answer.status, answer.body if answer.status == 200 else b""))
            time.sleep(0.002)  # eight of them, and a server, on a processor or two


def test_tries_of_a_password_are_counted_over_all_processes(pair: Duo) -> None:
    pair.publish("guarded", {"index.html": "<h1>guarded</h1>"})
    pair.api.patch("/api/v1/sites/guarded/gate", json={"password": "open, Sesame"}).raise_for_status()
    known(pair, b"guarded.localhost")

    statuses = []
    for number in range(8):
        with pair.meet(Http1, BOTH[number % 2]) as visitor:
            answer = visitor.get(b"/", basic("wrong"), host=b"guarded.localhost")
            statuses.append(answer.status)

    assert statuses == [401] * 6 + [429] * 2


def test_a_password_that_was_right_once_is_known_to_both(pair: Duo) -> None:
    pair.publish("private", {"index.html": "<h1>private</h1>"})
    pair.api.patch("/api/v1/sites/private/gate", json={"password": "open, Sesame"}).raise_for_status()
    known(pair, b"private.localhost")
    with pair.meet(Http1, CONTROL) as visitor:
        assert visitor.get(b"/", basic("open, Sesame"), host=b"private.localhost").status == 200

    def answered_here() -> bool:
        with pair.meet(Http1, WORKER) as visitor:
            assert visitor.get(b"/", basic("open, Sesame"), host=b"private.localhost").body == b"<h1>private</h1>"
            return pair.holds(WORKER, visitor)

    wait_until(answered_here, 30)


def basic(password: str) -> Header:
    return (b"authorization", b"Basic " + base64.b64encode(f"site:{password}".encode()))


def test_a_session_begun_at_one_is_good_at_the_other_over_tls_and_secure(pair: Duo) -> None:
    pair.publish("session", {"index.html": "<h1>session</h1>"})
    pair.api.patch("/api/v1/sites/session/gate", json={"password": "open, Sesame"}).raise_for_status()
    known(pair, b"session.localhost")
    form = (b"content-type", b"application/x-www-form-urlencoded")
    with pair.meet(TlsHttp1, WORKER) as visitor:
        entered = post(
            visitor, b"/.dropdock/unlock", b"password=open%2C+Sesame&next=%2F", form, host=b"session.localhost"
        )

    assert entered.status == 303
    assert "secure" in entered.headers["set-cookie"].lower()
    cookie = (b"cookie", entered.headers["set-cookie"].partition(";")[0].encode())
    for where in BOTH:
        with pair.meet(TlsHttp1, where) as visitor:
            assert visitor.get(b"/", cookie, host=b"session.localhost").body == b"<h1>session</h1>"


def test_what_both_counted_is_one_sum(pair: Duo) -> None:
    pair.publish("counted", {"index.html": "<h1>counted</h1>"})
    known(pair, b"counted.localhost")
    wait_until(lambda: traffic(pair, "counted")["requests"] >= 2, 30)
    before = traffic(pair, "counted")["statuses"]
    for where in BOTH:
        with pair.meet(Http1, where) as visitor:
            for _ in range(20):
                visitor.get(b"/", host=b"counted.localhost")
            for _ in range(3):
                visitor.get(b"/lost", host=b"counted.localhost")

    wait_until(lambda: traffic(pair, "counted")["statuses"]["4xx"] == before["4xx"] + 6, 30)

    seen = traffic(pair, "counted")
    assert seen["statuses"]["2xx"] == before["2xx"] + 40
    assert [(missed["path"], missed["requests"]) for missed in seen["missed"]] == [("/lost", 6)]
    assert f'dropdock_site_requests_total{{site="counted",status="4xx"}} {before["4xx"] + 6}.0' in metrics(pair)


def metrics(pair: Duo) -> str:
    return pair.api.get("/metrics").text


def test_the_access_log_has_a_whole_line_of_every_request(pair: Duo) -> None:
    for lane in LANES.values():
        for where in BOTH:
            with pair.meet(lane, where) as visitor:
                for _ in range(50):
                    visitor.get(b"/logged")

    wait_until(lambda: len(logged(pair, "/logged")) == 50 * len(LANES) * len(BOTH), 30)


def test_a_client_handed_over_keeps_its_address(pair: Duo) -> None:
    for lane in LANES.values():
        with pair.meet(lane, WORKER) as visitor:
            visitor.get(b"/whose", host=b"localhost")

    wait_until(lambda: len(logged(pair, "/whose")) == len(LANES), 30)
    assert {line["address"] for line in logged(pair, "/whose")} == {"127.0.0.1"}


def logged(pair: Duo, target: str) -> list[Any]:
    """The lines of the access log on requests for this."""
    lines = (pair.data / "logs/access.log").read_text().splitlines(keepends=True)
    return [line for line in map(json.loads, (line for line in lines if line[-1] == "\n")) if line["target"] == target]


def test_a_new_certificate_is_shown_by_both(pair: Duo) -> None:
    def shown(where: str) -> Any:
        with pair.meet(TlsHttp1, where) as visitor:
            return cast("ssl.SSLSocket", visitor.socket).getpeercert()["serialNumber"]  # type: ignore[index]

    old = {shown(where) for where in BOTH}
    write_pair(pair.data / "certs", "localhost", "site.localhost", "*.localhost")

    assert len(old) == 1
    wait_until(lambda: {shown(where) for where in BOTH}.isdisjoint(old), 60)
    assert len({shown(where) for where in BOTH}) == 1

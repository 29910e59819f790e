"""The configurations for reverse proxies: each is run with its file, word for word but for ports and paths."""

import hashlib
import io
import json
import os
import socket
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from tests.authority import client_context, write_pair
from tests.builders import ROOT, Served, page, served, zip_of
from tests.cast import OLGA
from tests.test_journeys import run

T = TypeVar("T")

FOLDER = ROOT / "packaging/proxies"
BASE = "sites.example.org"
ADMIN, BLOG = f"admin.{BASE}", f"blog.{BASE}"
VISITOR, PROXY = "127.0.0.5", "127.0.0.1"  # the proxies connect from the second, which alone is trusted
PATIENCE = 30.0  # seconds for what takes milliseconds on a quiet machine
LARGE = 110_000_000  # bytes
PIECE = 64 * 1024  # of an upload; the client copies what is left of a larger one for each frame
LIES = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http", "X-Forwarded-Host": f"evil.{BASE}"}
SETTINGS = {
    "DROPDOCK_BASE": BASE,
    "DROPDOCK_PUBLIC_SCHEME": "https",
    "DROPDOCK_PUBLIC_PORT": "443",
    "DROPDOCK_TRUSTED_PROXIES": f"{PROXY}/32",
    "DROPDOCK_HTTPS_REDIRECT": "true",
    "DROPDOCK_HSTS": "max-age=600",
    "DROPDOCK_ACCESS_LOG": "json",
    "DROPDOCK_ACCESS_LOG_PATH": "access.log",
}
HUGO = {"hugo.toml": 'title = "Notes"\n', "content/first.md": "---\ntitle: First\n---\nHello.\n"}


@dataclass(frozen=True, slots=True)
class Places:
    """What is different here from the machine that a configuration is written for."""

    folder: Path
    dropdock: int
    http: int
    https: int

    def put_into(self, name: str, *changes: tuple[str, str]) -> str:
        """The file with these changes; each has to be one."""
        text = (FOLDER / name).read_text(encoding="utf-8")
        for old, new in (*changes, ("127.0.0.1:8080", f"127.0.0.1:{self.dropdock}"), ("/etc/ssl/dropdock", "CERTS")):
            assert old in text, old
            text = text.replace(old, new)
        return text.replace("CERTS", str(self.folder))


each_protocol = pytest.mark.parametrize(
    "http2", [pytest.param(False, id="http1", marks=pytest.mark.long), pytest.param(True, id="http2")]
)


def nginx(places: Places) -> list[str]:
    listen = (("listen 80;", f"listen 127.0.0.1:{places.http};"), ("listen 443", f"listen 127.0.0.1:{places.https}"))
    (places.folder / "dropdock.conf").write_text(places.put_into("nginx.conf", *listen), encoding="utf-8")
    around = (
        "daemon off; worker_processes 1; pid nginx.pid; error_log stderr; events {}\n"
        f"{'user root;' if os.geteuid() == 0 else ''}\n"
        "http { access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n"
        "uwsgi_temp_path uwsgi; scgi_temp_path scgi; include dropdock.conf; }\n"
    )
    (places.folder / "nginx.conf").write_text(around, encoding="utf-8")
    return ["nginx", "-p", str(places.folder), "-c", "nginx.conf", "-e", "stderr"]


def caddy(places: Places) -> list[str]:
    ports = (
        ("http_port 80", f"http_port {places.http}\n\tdefault_bind 127.0.0.1\n\tadmin off"),
        ("https_port 443", f"https_port {places.https}"),
    )
    file = places.folder / "Caddyfile"
    file.write_text(places.put_into("Caddyfile", *ports), encoding="utf-8")
    return ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]


def haproxy(places: Places) -> list[str]:
    binds = ((":80\n", f"127.0.0.1:{places.http}\n"), (":443", f"127.0.0.1:{places.https}"))
    file = places.folder / "haproxy.cfg"
    file.write_text(places.put_into("haproxy.cfg", *binds), encoding="utf-8")
    return ["haproxy", "-W", "-db", "-f", str(file)]


PROXIES: tuple[tuple[str, Callable[[Places], list[str]]], ...] = (
    ("nginx-light", nginx),
    ("caddy", caddy),
    ("haproxy", haproxy),
)


@dataclass(frozen=True, slots=True)
class Behind:
    """Dropdock behind a proxy, as Olga and visitors meet it."""

    server: Served
    data: Path
    token: str
    http: int
    https: int

    @contextmanager
    def client(self, host: str, *, http2: bool = True, signed_in: bool = False) -> Iterator[httpx.Client]:
        """Somebody who asks the proxy for a host."""
        transport = httpx.HTTPTransport(verify=client_context(), http2=http2, local_address=VISITOR)
        headers = {"Host": host} | ({"Authorization": f"Bearer {self.token}"} if signed_in else {})
        address = f"https://127.0.0.1:{self.https}"
        with httpx.Client(transport=transport, base_url=address, headers=headers, timeout=PATIENCE) as client:
            client.event_hooks = {"request": [lambda request: request.extensions.update(sni_hostname=host)]}
            yield client

    def get(self, host: str, path: str = "/", **headers: str) -> httpx.Response:
        with self.client(host) as client:
            return client.get(path, headers=headers)

    def deploy(self, site: str, archive: bytes) -> dict[str, Any]:
        with self.client(ADMIN, signed_in=True) as client:
            client.post("/api/v1/sites", json={"name": site})
            headers = {"Content-Type": "application/zip", "Content-Length": str(len(archive))}
            sent = client.post(f"/api/v1/sites/{site}/deploys", content=pieces(archive), headers=headers)
            facts: dict[str, Any] = sent.raise_for_status().json()
            return facts

    def finished(self, deploy: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            with self.client(ADMIN, signed_in=True) as client:
                facts: dict[str, Any] = client.get(f"/api/v1/deploys/{deploy}").json()
            return facts if facts["state"] in {"ready", "failed", "asking"} else None

        return await_(look)

    def logged(self, path: str) -> dict[str, Any]:
        """The access log's line for a path that was asked for once."""
        log = self.data / "logs/access.log"

        def look() -> dict[str, Any] | None:
            lines = (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())
            return next((line for line in lines if path in json.dumps(line)), None)

        return await_(look)


def await_(look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE
    while (found := look()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def dropdock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path, str]]:
    data = tmp_path_factory.mktemp("proxied") / "data"
    account = ("account", "create", "--email", OLGA.email, "--role", "operator", "--password-stdin")
    assert run(*account, "--data", str(data), said=OLGA.password).returncode == 0
    token = run("token", "create", "--account", OLGA.email, "--name", "test", "--data", str(data)).stdout.strip()
    with served(data, environment=SETTINGS) as server:
        yield server, data, token


@pytest.fixture(
    scope="module",
    params=[pytest.param(start, id=start.__name__, marks=pytest.mark.needs(name)) for name, start in PROXIES],
)
def behind(
    request: pytest.FixtureRequest, dropdock: tuple[Served, Path, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Behind]:
    server, data, token = dropdock
    places = Places(tmp_path_factory.mktemp("proxy"), server.port, free_port(), free_port())
    pair = write_pair(places.folder, BASE, f"*.{BASE}", stem="privkey")
    pair.certificate.rename(places.folder / "fullchain.pem")
    (places.folder / "privkey.key").rename(places.folder / "privkey.pem")
    both = (places.folder / "fullchain.pem").read_bytes() + (places.folder / "privkey.pem").read_bytes()
    (places.folder / "chain-and-key.pem").write_bytes(both)
    with running(request.param(places), places):
        behind = Behind(server, data, token, places.http, places.https)
        behind.finished(behind.deploy("blog", zip_of({"index.html": page("behind a proxy")}))["id"])
        yield behind


@contextmanager
def running(command: list[str], places: Places) -> Iterator[None]:
    environment = os.environ | {"XDG_DATA_HOME": str(places.folder), "XDG_CONFIG_HOME": str(places.folder)}
    with (places.folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=places.folder)
    try:
        await_(lambda: process.poll() is not None or answers(places.https) or None)
        assert process.poll() is None, (places.folder / "log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def test_each_host_gets_what_is_its_own(behind: Behind) -> None:
    site, admin, nobodys = behind.get(BLOG), behind.get(ADMIN, "/sign-in"), behind.get(f"nobodys.{BASE}")

    assert site.text == page("behind a proxy")
    assert admin.status_code == 200
    assert "Sign in" in admin.text
    assert nobodys.status_code == 404
    assert "X-Request-Id" not in nobodys.headers  # which the admin's answers have


def test_addresses_are_those_that_people_see(behind: Behind) -> None:
    deploy = behind.deploy("links", zip_of({"index.html": page("links")}))

    assert behind.finished(deploy["id"])["url"] == f"https://links.{BASE}/"
    assert behind.get(ADMIN).headers["Location"] == "/sign-in"


def test_the_visitors_address_is_the_one_they_come_from(behind: Behind) -> None:
    behind.get(BLOG, f"/who-{behind.https}")

    assert behind.logged(f"/who-{behind.https}")["address"] == VISITOR


def test_what_a_visitor_claims_about_themselves_is_gone(behind: Behind) -> None:
    answer = behind.get(BLOG, f"/?lie-{behind.https}", **LIES)

    assert answer.text == page("behind a proxy")
    assert answer.headers["Strict-Transport-Security"] == "max-age=600"
    assert behind.logged(f"lie-{behind.https}")["address"] == VISITOR


def test_no_way_is_opened_past_the_proxy(behind: Behind) -> None:
    """Within HTTP/2 over an upgraded connection no proxy looks at what is claimed, and its address is believed."""
    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
    with behind.client(BLOG, http2=False) as client:
        answer = client.get("/", headers=upgrade)

    assert answer.text == page("behind a proxy")


def test_a_site_gives_the_proxy_no_orders(behind: Behind) -> None:
    headers = "/*\n  X-Accel-Redirect: /private\n  X-Fine: y\n"
    behind.finished(behind.deploy("orders", zip_of({"index.html": page("own"), "_headers": headers}))["id"])

    answer = behind.get(f"orders.{BASE}")

    assert (answer.text, answer.headers["X-Fine"]) == (page("own"), "y")


def test_who_comes_past_the_proxy_is_not_believed(behind: Behind) -> None:
    transport = httpx.HTTPTransport(local_address=VISITOR)
    claims = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Forwarded-Host": ADMIN}
    path = f"/past-{behind.https}"
    with httpx.Client(transport=transport) as client:
        answer = client.get(f"http://127.0.0.1:{behind.server.port}{path}", headers={"Host": BLOG} | claims)

    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://{BLOG}{path}"
    assert "Strict-Transport-Security" not in answer.headers
    assert behind.logged(path)["address"] == VISITOR


def test_plain_http_is_sent_to_https(behind: Behind) -> None:
    answer = httpx.get(f"http://127.0.0.1:{behind.http}/a?b=c", headers={"Host": BLOG})

    assert answer.status_code in {301, 308}
    location = httpx.URL(answer.headers["Location"])
    assert (location.scheme, location.host, location.raw_path) == ("https", BLOG, b"/a?b=c")


@pytest.mark.parametrize("host", [ADMIN, BLOG])
def test_browsers_get_http2(behind: Behind, host: str) -> None:
    answer = behind.get(host)

    assert answer.http_version == "HTTP/2"
    assert answer.headers["Strict-Transport-Security"] == "max-age=600"


@each_protocol
def test_a_large_upload_goes_through_as_it_comes(behind: Behind, http2: bool) -> None:
    archive, half = large_archive(), LARGE // PIECE // 2

    def body() -> Iterator[bytes]:
        for number, piece in enumerate(pieces(archive)):
            if number == half:
                await_(lambda: arrived(behind.data) > half * PIECE // 2 or None)
            yield piece

    headers = {"Content-Type": "application/zip", "Content-Length": str(len(archive))}
    with behind.client(ADMIN, http2=http2, signed_in=True) as client:
        client.post("/api/v1/sites", json={"name": "large"})
        sent = client.post("/api/v1/sites/large/deploys", content=body(), headers=headers)

    assert sent.status_code == 202, sent.text
    assert behind.finished(sent.json()["id"])["state"] == "ready"


@pytest.mark.long
def test_a_large_file_comes_back_whole(behind: Behind) -> None:
    behind.finished(behind.deploy("large", large_archive())["id"])

    answer = behind.get(f"large.{BASE}", "/large.bin")

    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(large_content()).digest()


@pytest.mark.needs("bubblewrap")  # without a sandbox nothing is asked
@each_protocol
def test_events_come_while_nothing_else_does(behind: Behind, http2: bool) -> None:
    deploy = behind.finished(behind.deploy(f"notes-{behind.https}-{http2:d}".lower(), zip_of(HUGO))["id"])
    assert deploy["state"] == "asking"

    seen = []
    with (
        behind.client(ADMIN, http2=http2, signed_in=True) as client,
        client.stream("GET", f"/api/v1/deploys/{deploy['id']}/events") as events,
    ):
        for line in events.iter_lines():
            if not line.startswith('data: {"') or '"state"' not in line:
                continue
            seen.append(json.loads(line.removeprefix("data: "))["state"])
            if seen == ["asking"]:  # the stream stands still until this is answered
                answer = {"generator": "static", "base": ""}
                with behind.client(ADMIN, signed_in=True) as other:
                    other.post(f"/api/v1/deploys/{deploy['id']}/answer", json=answer).raise_for_status()

    assert (seen[0], seen[-1]) == ("asking", "ready")


def pieces(archive: bytes) -> Iterator[bytes]:
    for start in range(0, len(archive), PIECE):
        yield archive[start : start + PIECE]


def arrived(data: Path) -> int:
    """Bytes of the largest upload being received."""
    return max((file.stat().st_size for file in (data / "incoming").iterdir() if file.is_file()), default=0)


@cache
def large_content() -> bytes:
    return os.urandom(LARGE)


@cache
def large_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("index.html", page("large"))
        archive.writestr("large.bin", large_content())
    return buffer.getvalue()

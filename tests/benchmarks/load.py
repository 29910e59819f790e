"""A load on a server by wrk, over HTTP/2 by h2load, and what one request of it cost the server."""

import http.client
import itertools
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.servers import CLIENT_CORE, Server, Sites, on_core, pages_of

CONNECTIONS = 32
WARM_UP = 1.0  # seconds, the shortest that wrk takes

BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Cookie": "consent=yes; theme=dark; visitor=6f1d0c1e5b3a4f8e",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Upgrade-Insecure-Requests": "1",
}

_SCRIPT = """
local hosts, paths = {{ {hosts} }}, {{ {paths} }}
local requests, number = {{}}, 0
init = function(args)
  for _, host in ipairs(hosts) do
    for _, path in ipairs(paths) do
      requests[#requests + 1] = "GET " .. path .. " HTTP/1.1\\r\\nHost: " .. host .. "\\r\\n{headers}"
    end
  end
end
request = function()
  number = number + 1
  local known = requests[number % #requests + 1]
  if {varied} then return known .. "X-Request: " .. number .. "\\r\\n\\r\\n" end
  return known .. "\\r\\n"
end
"""


@dataclass(frozen=True)
class Case:
    """One way of asking: the file's size, with what headers, over how many sites, or how many pages of one.

    `fresh` opens a connection for every request; `varied` makes every head a new one, never seen before. `http2` is
    over TLS, with several requests at a time on a connection.
    """

    name: str
    size: int
    headers: dict[str, str]
    sites: int = 1
    pages: int = 1
    fresh: bool = False
    varied: bool = False
    tls: bool = False
    http2: bool = False

    @property
    def paths(self) -> list[str]:
        """What is asked for on every site."""
        pages = [f"/{name}" for name in pages_of(self.size, self.pages)]
        return pages if self.pages > 1 else [f"/{self.size}.html"]


@dataclass(frozen=True)
class Cost:
    """What a load came to: CPU of the server in µs a request, and requests answered a second."""

    cpu: float
    rate: float


def wake(server: Server, sites: Sites, case: Case) -> None:
    """Ask for everything once: some servers read a site's files, or its configuration, at the first request."""
    for host, path in itertools.product(sites.hosts[: case.sites], case.paths):
        visitor = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        visitor.request("GET", path, headers={"Host": host})
        if visitor.getresponse().status != 200:
            raise SystemExit(f"{server.name} does not have {host}")
        visitor.close()


def put_load(server: Server, sites: Sites, case: Case, seconds: float) -> Cost:
    """Ask for `seconds` and account; every answer must be a 200 of the right length."""
    if case.http2:
        return _put_http2_load(server, sites, case, seconds)
    port = server.tls_port if case.tls else server.port
    url = f"{'https' if case.tls else 'http'}://127.0.0.1:{port}/"
    script = _write_script(sites, case, port)
    _run(url, script, WARM_UP)
    before = server.cpu_seconds()
    said = _run(url, script, seconds)
    spent = server.cpu_seconds() - before
    requests, rate = _number(r"(\d+) requests in", said), _number(r"Requests/sec: +([\d.]+)", said)
    if "Non-2xx" in said or not requests:
        raise SystemExit(f"{server.name} did not answer as it should:\n{said}")
    if not requests * case.size <= _bytes_read(said) * 1.03:
        raise SystemExit(f"{server.name} sent too little:\n{said}")
    return Cost(spent / requests * 1e6, rate)


def _put_http2_load(server: Server, sites: Sites, case: Case, seconds: float) -> Cost:
    fields = {":authority": f"{sites.hosts[0]}:{server.tls_port}", **case.headers}
    command = ["h2load", "-t1", "-c8", "-m10", *(f"-H{name}: {value}" for name, value in fields.items())]
    url = f"https://127.0.0.1:{server.tls_port}/{case.size}.html"
    counts = list[float]()
    with on_core(CLIENT_CORE):
        for duration in (WARM_UP, max(1, round(seconds))):
            before = server.cpu_seconds()
            done = subprocess.run(
                [*command, f"-D{duration:.0f}", url], capture_output=True, text=True, check=True, timeout=120
            )
            spent = server.cpu_seconds() - before
            counts = [_number(rf"(\d+) {word}", done.stdout) for word in ("succeeded", "2xx")]
    if not counts[0] or counts[0] > counts[1]:  # some are under way at the end
        raise SystemExit(f"{server.name} did not answer as it should:\n{done.stdout}")
    return Cost(spent / counts[0] * 1e6, _number(r"([\d.]+) req/s", done.stdout))


def _run(url: str, script: Path, seconds: float) -> str:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", str(script)]
    with on_core(CLIENT_CORE):
        done = subprocess.run([*command, url], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


def _write_script(sites: Sites, case: Case, port: int) -> Path:
    headers = {**case.headers, **({"Connection": "close"} if case.fresh else {})}
    script = sites.folder / "load.lua"
    script.write_text(
        _SCRIPT.format(
            hosts=", ".join(f'"{host}:{port}"' for host in sites.hosts[: case.sites]),
            paths=", ".join(f'"{path}"' for path in case.paths),
            headers="".join(f"{name}: {value}\\r\\n" for name, value in headers.items()),
            varied="true" if case.varied else "false",
        )
    )
    return script


def _number(pattern: str, said: str) -> float:
    match = re.search(pattern, said)
    return float(match[1]) if match else 0.0


def _bytes_read(said: str) -> float:
    match = re.search(r"requests in [^,]+, ([\d.]+)([KMGT]?)B read", said)
    return float(match[1]) * 1024 ** "KMGT".find(match[2] or " ") * 1024 if match and match[2] else 0.0

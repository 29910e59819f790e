"""The servers that are compared: nginx, Caddy and Dropdock, each on one core, with the same sites to serve.

Also Dropdock with one process and with two, both on whatever cores there are.
"""

import asyncio
import itertools
import os
import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from appliance import db
from appliance.data_folder import DataFolder
from appliance.deploys import new_id
from appliance.models.account import Account
from appliance.models.deploy import Deploy, Live
from appliance.models.site import Site
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Entry, Manifest, Manifests
from appliance.storage.media_types import media_type
from tests.authority import write_pair
from tests.builders import served

SERVER_CORE, CLIENT_CORE = 0, 1
START_SECONDS = 60.0
NGINX_TLS_SITES = 1_000  # nginx reads the certificate for each block anew: ten thousand times take it a minute
SIZES = {"1 KB": 1_000, "10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000}

PAGED = SIZES["10 KB"]

SCHEDULER = Path("/proc/self/schedstat")

Files = dict[str, bytes]


@dataclass(frozen=True)
class Sites:
    """What everybody serves: `count` sites named `site-0.localhost` and on, all with the same files.

    The first has `pages` besides: as many names for one of the files as there are sites.
    """

    folder: Path
    count: int
    files: Files
    pages: Files

    @property
    def hosts(self) -> list[str]:
        """Their host names."""
        return [f"site-{number}.localhost" for number in range(self.count)]


@dataclass(frozen=True)
class Server:
    """A server that listens on loopback, also for TLS; `pids` are the processes that answer visitors.

    It took `start` seconds until it did, and `start_cpu` seconds of CPU, its children's among them.
    """

    name: str
    port: int
    tls_port: int
    pids: tuple[int, ...]
    start: float
    start_cpu: float

    def cpu_seconds(self) -> float:
        """User and system time of the processes so far, as the operating system accounts for it."""
        if SCHEDULER.exists():  # to the nanosecond; the usual figures are counted in hundredths of a second
            return sum(_scheduled(pid) for pid in self.pids) / 1e9
        times = [psutil.Process(pid).cpu_times() for pid in self.pids]
        return float(sum(each.user + each.system for each in times))


def pages_of(size: int, count: int) -> list[str]:
    """The names under which the first site has the file of this size once more."""
    return [f"{size}-{number}.html" for number in range(count)]


def make_sites(folder: Path, count: int, sizes: dict[str, int]) -> Sites:
    """Files that do not compress, so that everybody sends the same bytes; hard links between the sites."""
    files = {name: os.urandom(size) for name, size in sizes.items()}
    paged = files[f"{PAGED}.html"] if count > 1 else b""
    sites = Sites(folder, count, files, dict.fromkeys(pages_of(PAGED, count), paged) if paged else {})
    write_pair(folder, "localhost", "127.0.0.1")
    first = folder / "www" / sites.hosts[0]
    first.mkdir(parents=True)
    for name, content in files.items():
        (first / name).write_bytes(content)
    for name in sites.pages:
        (first / name).hardlink_to(first / f"{PAGED}.html")
    for host in sites.hosts[1:]:
        other = first.with_name(host)
        other.mkdir()
        for name in files:
            (other / name).hardlink_to(first / name)
    for path in (folder, *folder.parents):  # nginx's and Caddy's workers may run as another user
        if path.owner() == first.owner() and path != Path("/tmp"):  # noqa: S108  (not a file of ours)
            path.chmod(path.stat().st_mode | 0o055)
    return sites


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started in the block stays on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def nginx(sites: Sites) -> Iterator[Server]:
    """One worker with sendfile, open_file_cache and gzip_static, without an access log; a block for each site.

    With TLS 1.3, as everybody has it: nginx 1.22 by itself stops at 1.2, whose resumed handshakes exchange no key.
    """
    port, tls_port = _free_port(), _free_port()
    plain, secure = f"listen 127.0.0.1:{port};", f"listen 127.0.0.1:{tls_port} ssl http2;"
    blocks = "\n".join(
        f"server {{ {plain} {secure if number < NGINX_TLS_SITES else ''} server_name {host};"
        f" root {sites.folder}/www/{host}; }}"
        for number, host in enumerate(sites.hosts)
    )
    config = sites.folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(
        f"""daemon off; {user} worker_processes 1;
pid {sites.folder}/nginx.pid; error_log {sites.folder}/nginx.log crit;
worker_rlimit_nofile {resource.getrlimit(resource.RLIMIT_NOFILE)[1]}; events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; gzip_static on; keepalive_requests 100000000;
  open_file_cache max=100000 inactive=600s; open_file_cache_valid 600s; open_file_cache_errors on;
  server_names_hash_max_size 65536; server_names_hash_bucket_size 128; default_type text/html;
  client_body_temp_path {sites.folder}/t1; proxy_temp_path {sites.folder}/t2; fastcgi_temp_path {sites.folder}/t3;
  uwsgi_temp_path {sites.folder}/t4; scgi_temp_path {sites.folder}/t5;
  add_header X-Content-Type-Options nosniff; add_header Referrer-Policy strict-origin-when-cross-origin;
  add_header Cache-Control "public, max-age=0, must-revalidate";
  ssl_certificate {sites.folder}/site.pem; ssl_certificate_key {sites.folder}/site.key; ssl_session_cache shared:s:8m;
  ssl_protocols TLSv1.2 TLSv1.3;
  {blocks}
}}
"""
    )
    with _program("nginx", port, ["nginx", "-c", str(config), "-e", str(sites.folder / "nginx.log")]) as (
        process,
        start,
    ):
        yield Server("nginx", port, tls_port, (_only_child(process.pid),), start, _spent(process.pid))


@contextmanager
def caddy(sites: Sites) -> Iterator[Server]:
    """Caddy's file server with precompressed files looked for, its root chosen by the host."""
    port, tls_port = _free_port(), _free_port()
    config = sites.folder / "Caddyfile"
    config.write_text(
        f"""{{
  admin off
  auto_https off
}}
(site) {{
  bind 127.0.0.1
  root * {sites.folder}/www/{{host}}
  file_server {{
    precompressed gzip
  }}
}}
http://:{port} {{
  import site
}}
https://:{tls_port} {{
  tls {sites.folder}/site.pem {sites.folder}/site.key
  import site
}}
"""
    )
    command = ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]
    with _program("caddy", port, command) as (process, start):
        yield Server("Caddy", port, tls_port, (process.pid,), start, _spent(process.pid))


@contextmanager
def dropdock(sites: Sites) -> Iterator[Server]:
    """`main.py serve` as anybody runs it, with every site live."""
    with on_core(SERVER_CORE), _serve(sites, "Dropdock") as server:
        yield server


def dropdock_of(workers: int) -> "Start":
    """Dropdock with so many processes, wherever the system puts them."""
    return lambda sites: _serve(sites, f"{workers} process" + "es" * (workers > 1), workers)


@contextmanager
def _serve(sites: Sites, name: str, workers: int = 1) -> Iterator[Server]:
    data = sites.folder / name.replace(" ", "-")
    if not data.exists():
        asyncio.run(_fill(data, sites))
    tls_port = _free_port()
    settings = {
        "DROPDOCK_CONNECTIONS_PER_ADDRESS": "10000",
        "DROPDOCK_LISTEN_TLS": f"127.0.0.1:{tls_port}",
        "DROPDOCK_TLS_CERTIFICATE": str(sites.folder / "site.pem"),
        "DROPDOCK_TLS_KEY": str(sites.folder / "site.key"),
        "DROPDOCK_WORKERS": str(workers),
    }
    began = time.monotonic()
    with served(data, environment=settings) as server:
        start, spent = time.monotonic() - began, _spent(server.process.pid)
        workers_of = [child for child in psutil.Process(server.process.pid).children() if "worker" in child.cmdline()]
        pids = server.process.pid, *(child.pid for child in workers_of)
        yield Server(name, server.port, tls_port, pids, start, spent)


Start = Callable[[Sites], AbstractContextManager[Server]]
SERVERS: dict[str, Start] = {"nginx": nginx, "caddy": caddy, "dropdock": dropdock}
CREWS: dict[str, Start] = {f"dropdock-{number}": dropdock_of(number) for number in (1, 2)}


@contextmanager
def _program(name: str, port: int, command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """A server that is not ours, and the seconds it took to start."""
    path = shutil.which(name) or f"/usr/sbin/{name}"
    if not Path(path).exists():
        raise SystemExit(f"{name} is missing: `python -m tests.components` installs it where that is allowed")
    began = time.monotonic()
    with on_core(SERVER_CORE):
        process = subprocess.Popen([path, *command[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await_port(port, process)
        yield process, time.monotonic() - began
    finally:
        process.terminate()
        process.wait(15)


def _await_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"{process.args!r} did not start")


def _only_child(pid: int) -> int:
    """The worker that a server starts once it listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        for child in psutil.Process(pid).children():
            return int(child.pid)
        time.sleep(0.01)
    raise SystemExit(f"{pid} has started no worker")


def _spent(pid: int) -> float:
    """CPU seconds of a process and of the children it has, until now."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def _scheduled(pid: int) -> int:
    """Nanoseconds that the threads of a process have run."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def _fill(data: Path, sites: Sites) -> None:
    """A data folder in which every site is live: as if each had been uploaded, and in a second."""
    folder = DataFolder(data)
    folder.create()
    manifests = Manifests(folder.manifests)
    first, other = (manifests.put(_manifest(folder, files)) for files in ({**sites.files, **sites.pages}, sites.files))
    async with await db.open(folder):
        owner = await Account.create(email="bench@example.org", role="operator")
        await Site.bulk_create([Site(name=host.removesuffix(".localhost"), owner=owner) for host in sites.hosts])
        rows = await Site.all().order_by("id")
        stored_as = [first, *itertools.repeat(other, len(rows) - 1)]
        made = [
            Deploy(id=new_id(), site=site, number=1, state="ready", manifest=manifest)
            for site, manifest in zip(rows, stored_as, strict=True)
        ]
        await Deploy.bulk_create(made)
        deploys = await Deploy.all().order_by("site_id")
        await Live.bulk_create([Live(site=site, deploy=deploy) for site, deploy in zip(rows, deploys, strict=True)])


def _manifest(folder: DataFolder, files: Files) -> Manifest:
    staged = Blobs(folder.blobs).stage(folder.work / "bench")
    entries = {}
    for name, content in files.items():
        sha256, size = staged.put([content])
        entries[name] = Entry(sha256, size, media_type(name), int(time.time()))
    staged.commit()
    return Manifest(entries=entries)

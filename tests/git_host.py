"""A Git host for tests: Debian's `git http-backend` behind TLS on loopback, with repositories made by `git` itself."""

import base64
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from tests.builders import folder_of

WHO = {
    "GIT_AUTHOR_NAME": "Alice",
    "GIT_AUTHOR_EMAIL": "alice@example.org",
    "GIT_COMMITTER_NAME": "Alice",
    "GIT_COMMITTER_EMAIL": "alice@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass
class GitHost:
    """What is served, to whom, and what was asked."""

    root: Path
    port: int
    authority: Path  # the file with whom to trust, for SSL_CERT_FILE
    token: str = ""  # asked for where it is set
    moved: dict[str, str] = field(default_factory=dict)  # path → where to send the client instead
    asked: list[tuple[str, str]] = field(default_factory=list)  # path and Authorization

    def url(self, name: str, host: str = "localhost") -> str:
        return f"https://{host}:{self.port}/{name}"

    def commit(self, name: str, files: Mapping[str, str | bytes], branch: str = "main", message: str = "First") -> str:
        """Commit these files on a branch of a repository, made where it is missing; the commit's hash."""
        folder = self.root / name
        if not (folder / ".git").exists():
            self.git(name, "init", "-q", "-b", "main")
        there = self.git(name, "branch", "--list", branch).strip()
        if there or branch != "main":
            self.git(name, "checkout", "-q", *(() if there else ("-b",)), branch)
        folder_of(folder, files)
        self.git(name, "add", "-A")
        self.git(name, "commit", "-q", "--allow-empty", "-m", message)
        return self.git(name, "rev-parse", "HEAD").strip()

    def git(self, name: str, *arguments: str) -> str:
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env={**os.environ, **WHO}, capture_output=True, text=True, check=True
        )
        return done.stdout


@contextmanager
def git_host(root: Path) -> Iterator[GitHost]:
    """Serve the repositories below `root` at `https://localhost:<port>/<name>` until the block ends."""
    authority = trustme.CA()
    trusted = root / "authority.pem"
    root.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(str(trusted))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Backend)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1", "git.example.org").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    host = GitHost(root, server.server_address[1], trusted)
    vars(server)["host"] = host
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Backend(BaseHTTPRequestHandler):
    """CGI (RFC 3875) round `git http-backend`."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self) -> None:
        host: GitHost = vars(self.server)["host"]
        path, _, query = self.path.partition("?")
        given = self.headers.get("Authorization", "")
        host.asked.append((self.path, given))
        name = path.split("/")[1]
        if name in host.moved:
            self._head(302, {"Location": host.moved[name] + self.path.removeprefix(f"/{name}")})
            return
        if host.token and not base64.b64decode(given.partition(" ")[2]).decode().endswith(f":{host.token}"):
            self._head(401, {"WWW-Authenticate": 'Basic realm="git"'})
            return
        self._run(host, path, query)

    def _run(self, host: GitHost, path: str, query: str) -> None:
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(host.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "REMOTE_ADDR": "127.0.0.1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], env=environment, input=self._body(), capture_output=True, check=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._head(int(fields.pop("Status", "200").split()[0]), fields, body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().strip(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _head(self, status: int, fields: Mapping[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

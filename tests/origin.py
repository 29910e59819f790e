"""A server of releases on loopback, for `dropdock update`, and the key it signs with."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.releases.index import Index, Release, ReleaseFile, this_machine, write

NEW = "99.0.0"
KEY = Ed25519PrivateKey.generate()


def public(key: Ed25519PrivateKey) -> str:
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    return base64.b64encode(key.public_key().public_bytes(*raw)).decode()


class Origin:
    """Where releases are, on loopback. `cut` names what breaks off in the middle."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.moved: dict[str, str] = {}
        self.cut = ""
        origin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path in origin.moved:
                    self.send_response(302)
                    self.send_header("Location", origin.moved[self.path])
                    self.end_headers()
                    return
                body = origin.content.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write((body or b"")[: len(body or b"") // 2 if origin.cut == self.path else None])

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called there
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def offers(self, content: bytes, version: str = NEW, key: Ed25519PrivateKey = KEY, **lies: Any) -> None:
        """Put an executable up, and a list that has it; `lies` are what the list says of it and is not so."""
        self.content["/new"] = content
        file = ReleaseFile(*this_machine(), "new", len(content), hashlib.sha256(content).hexdigest())
        listed = msgspec.structs.replace(file, **lies)
        self.content["/releases.json"] = write(Index((Release(version, (listed,)),)), key)


@contextmanager
def served_releases() -> Iterator[Origin]:
    """An origin that answers until the block ends."""
    made = Origin()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()

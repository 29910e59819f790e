"""A deploy that sends only what changed: the folder's files by digest, then the content that the server has not."""

import hashlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import zstandard

from appliance.cli.client import Client, Refused, Unreachable, segment
from appliance.cli.hashing import SMALL, Hashed
from appliance.cli.order import Order
from appliance.cli.output import Failure, Progress
from appliance.cli.packing import content
from appliance.cli.patience import Patience
from appliance.cli.tree import Leaf

SENDING = 4  # connections at once: more do not make an uplink faster
BUNDLE = 2_000_000  # bytes of small files sent at once: little is lost when the connection breaks
BUNDLED = 1_000  # files sent at once
LEVEL = 3  # zstd: as fast as a disk, and most of what can be saved
LENGTH = 8  # bytes before each content of a bundle
JSON = {"Content-Type": "application/json", "Content-Encoding": "zstd"}
PACKED = {"Content-Type": "application/octet-stream", "Content-Encoding": "zstd"}
PLAIN = {"Content-Type": "application/octet-stream"}


def listing_of(files: list[Hashed], **more: object) -> bytes:
    """The list as it is sent, with what else is said of it: JSON, compressed."""
    rows = [[each.leaf.name, each.sha256, each.leaf.size] for each in files]
    text = json.dumps({"files": rows, **more}, ensure_ascii=False, separators=(",", ":"))
    return zstandard.ZstdCompressor(level=LEVEL).compress(text.encode())


def compare(client: Client, site: str, files: list[Hashed]) -> dict[str, Any]:
    """What a deploy of these files would change, and send."""
    answer: dict[str, Any] = client.send_bytes("POST", f"sites/{segment(site)}/comparison", listing_of(files), JSON)
    return answer


def deploy_listing(
    client: Client, order: Order, files: list[Hashed], progress: Progress, patience: Patience, **more: object
) -> Any:  # noqa: ANN401 - JSON
    """Begin a deploy, send what is missing, finish it; the deploy as the server then has it.

    `more` is what else the list says: the deploy it builds on. Each step is taken again where the server is away for a
    moment. Raises Failure, naming a file that changes meanwhile. What was sent stays there: done again, it is not sent
    again.
    """
    listing, headers = listing_of(files, **more), {**JSON, **order.headers}
    opened = patience.until_done(
        lambda: client.send_bytes("POST", f"{order.path}/listings", listing, headers, order.query)
    )
    missing = set(opened["missing"])
    wanted = list({each.sha256: each for each in files if each.sha256 in missing}.values())
    try:
        _Sender(client, progress, opened["missing_bytes"], patience).send(wanted)
        return patience.until_done(lambda: client.send("POST", f"listings/{segment(opened['id'])}/finish"))
    except Unreachable as error:
        raise Unreachable(
            f"{error.message} What was sent so far is kept: deploying again goes on from there."
        ) from None


class _Sender:
    """Sends content over several connections, and tells how much of it the server has taken."""

    def __init__(self, client: Client, progress: Progress, total: int, patience: Patience) -> None:
        self._patience = patience
        self._client = client
        self._progress = progress
        self._total = total
        self._sent = 0
        self._lock = threading.Lock()

    def send(self, files: list[Hashed]) -> None:
        large = [each for each in files if each.leaf.size > SMALL]
        bundles = list(_bundles([each for each in files if each.leaf.size <= SMALL]))
        with ThreadPoolExecutor(SENDING, "send") as threads:
            work = [threads.submit(self._send_bundle, bundle) for bundle in bundles]
            work += [threads.submit(self._send_large, each) for each in large]
            try:
                for one in work:
                    one.result()
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise

    def _send_bundle(self, files: list[Hashed]) -> None:
        body = bytearray()
        for each in files:
            read = b"".join(content(each.leaf.path, each.leaf.size, lambda _: None))
            if hashlib.sha256(read).hexdigest() != each.sha256:
                raise _changed(each.leaf)
            body += len(read).to_bytes(LENGTH, "big") + read
        packed = zstandard.ZstdCompressor(level=LEVEL).compress(bytes(body))
        self._patience.until_done(lambda: self._client.send_bytes("POST", "contents", packed, PACKED))
        self._count(sum(each.leaf.size for each in files))

    def _send_large(self, each: Hashed) -> None:
        try:
            self._patience.until_done(lambda: self._stream(each))
        except Refused as refused:
            if refused.code == "wrong_digest":
                raise _changed(each.leaf) from None
            raise

    def _stream(self, each: Hashed) -> None:
        sent = 0

        def count(size: int) -> None:
            nonlocal sent
            sent += size
            self._count(size)

        chunks = content(each.leaf.path, each.leaf.size, count)
        headers = {**PLAIN, "Content-Length": str(each.leaf.size)}
        try:
            self._client.stream("PUT", f"contents/{each.sha256}", {}, headers, chunks)
        except Failure:
            self._count(-sent)  # it is sent from its beginning again
            raise

    def _count(self, size: int) -> None:
        with self._lock:
            self._sent += size
            self._progress.step("send", self._sent, self._total)


def _bundles(files: list[Hashed]) -> Iterator[list[Hashed]]:
    bundle: list[Hashed] = []
    size = 0
    for each in files:
        if bundle and (size + each.leaf.size > BUNDLE or len(bundle) == BUNDLED):
            yield bundle
            bundle, size = [], 0
        bundle.append(each)
        size += each.leaf.size
    if bundle:
        yield bundle


def _changed(leaf: Leaf) -> Failure:
    return Failure(f"{leaf.path} changed while it was being sent: deploy again once nothing writes to it any more.")

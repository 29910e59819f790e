"""A child process that makes the best compressed forms of stored content, slowly and out of everybody's way.

→ {"workspace": …, "cache": …, "cache_size": bytes, "memory": bytes, "seconds": …, "contents": [[sha256, size], …],
   "packed": {sha256: [size, place], …}, "forms": {sha256: [[coding, sha256, size, place], …], …}}
                                                     what lies in packs; a place is [pack, offset, the pack's size]
→ {"pause": true | false}                                                          at any time after that
← {"unpacked": [sha256, …]}                                                         these have files of their own now
← {"forms": {sha256: [[coding, sha256, size], …], …}}                              any number of these: they are stored
← {"done": seconds}                                                                 last: the processor time it took

It ends when its input does, there and then: what it has said is durable, and what it has made since is made again.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from builds import compress, kept_forms
from builds.bounded import bound, step_back
from builds.cache import Cache, FolderCache
from builds.kept_forms import Forms
from builds.portions import portions
from builds.values import Place, Staging, StoredVariant

STORE_EVERY = 5.0  # seconds of work that an end of this process may cost
MOST_AT_ONCE = 200  # contents in one message
LAST_FILE = 120  # seconds of processor time beyond the bound, for the file that is being worked on

Stage = Callable[[Path], Staging]


def main(stage: Stage) -> int:
    """Do what standard input says; the news go to what was standard output."""
    news = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not be taken for news
    lines = os.fdopen(os.dup(0), "rb")
    order = json.loads(next(lines, b"null"))
    if order is None:
        return 0
    step_back()
    bound(order["memory"], int(order["seconds"]) + LAST_FILE)
    may_work = threading.Event()
    may_work.set()
    threading.Thread(target=_listen, args=(lines, may_work), daemon=True).start()
    staging = stage(Path(order["workspace"]))
    cache = FolderCache(Path(order["cache"]), order["cache_size"])

    def tell(message: dict[str, Any]) -> None:
        news.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        news.flush()

    try:
        refinement = _Refinement(staging, cache, may_work, order["seconds"], tell, order["forms"])
        refinement.unpack({sha256: (size, place) for sha256, (size, place) in order["packed"].items()})
        refinement.run([sha256 for sha256, _ in order["contents"]])
    finally:
        staging.discard()
    tell({"done": round(time.process_time(), 3)})
    return 0


def _listen(lines: BinaryIO, may_work: threading.Event) -> None:
    for line in lines:
        if json.loads(line)["pause"]:
            may_work.clear()
        else:
            may_work.set()
    os._exit(1)


@dataclass(slots=True)
class _Refinement:
    """The work on one list of contents."""

    staging: Staging
    cache: Cache
    may_work: threading.Event
    seconds: float
    tell: Callable[[dict[str, Any]], None]
    packed_forms: Mapping[str, Sequence[tuple[str, str, int, Place]]]  # by what they are forms of
    made: dict[str, Forms] = field(default_factory=dict)
    stored_at: float = field(default_factory=time.monotonic)

    def unpack(self, packed: Mapping[str, tuple[int, Place]]) -> None:
        """Give content that lies in packs files of its own."""
        found = self.staging.find({sha256: place for sha256, (_, place) in packed.items()})
        unpacked = [sha256 for sha256 in sorted(found) if self._has_own_file(sha256, packed[sha256][0])]
        self.staging.commit()
        for some in portions(unpacked, MOST_AT_ONCE):
            self.tell({"unpacked": some})

    def _has_own_file(self, sha256: str, size: int) -> bool:
        self.may_work.wait()
        try:
            if self.staging.place(sha256):
                self.staging.unpack(sha256, size)
        except FileNotFoundError:  # its deploy is gone, and the pack with it
            return False
        return True

    def run(self, contents: list[str]) -> None:
        known = kept_forms.find(self.cache, self.staging, contents, compress.BEST)
        self._tell_of(known)
        self._unpack_what_is_smaller(known)
        for sha256 in contents:
            if sha256 in known:
                continue
            self.may_work.wait()
            if time.process_time() > self.seconds:
                break
            self._make(sha256)
            if time.monotonic() - self.stored_at > STORE_EVERY:
                self._store()
        self._store()

    def _make(self, sha256: str) -> None:
        try:
            content = self.staging.read(sha256)
            forms = compress.forms(content, compress.BEST)
        except (MemoryError, FileNotFoundError):  # it stays as it is, or is gone with its deploy
            return
        self.made[sha256] = tuple(StoredVariant(coding, *self.staging.put([form])) for coding, form in forms.items())

    def _store(self) -> None:
        if self.made:
            self.staging.commit()
            self.cache.put({kept_forms.key(of, compress.BEST): forms for of, forms in self.made.items()})
            self._tell_of(self.made)
            self._unpack_what_is_smaller(self.made)
            self.made = {}
        self.stored_at = time.monotonic()

    def _unpack_what_is_smaller(self, made: Mapping[str, Forms]) -> None:
        """Give forms files of their own that lie in packs, and stay, as the best is none or larger."""
        self.unpack(
            {
                sha256: (size, place)
                for of in made.keys() & self.packed_forms.keys()
                for coding, sha256, size, place in self.packed_forms[of]
                if all(form.coding != coding or size < form.size for form in made[of])
            }
        )

    def _tell_of(self, made: dict[str, Forms]) -> None:
        for some in portions(made.items(), MOST_AT_ONCE):
            self.tell({"forms": dict(some)})

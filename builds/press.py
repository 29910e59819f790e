"""A press: a process that makes smaller and compresses one file after another, and may crash or hang over one.

→ {"memory": bytes}                          first: what bounds this process
← {"ready": true}                            it has started
→ {"jobs": [[…], …]}                         the fields of each `Job`, in their order
← [{…}, …]                                   of each job, in their order, several at once where they are quick:
   {"made": [sha256, size, file] | null, "forms": [[coding, [sha256, size, file]], …], "facts": {…}}, or
   {"failed": why}; where no file is named, the content lies in a pack, of which the first of those told at once says
   {…, "pack": [file, sha256, size, {sha256: offset, …}]}

It ends when its input does.
"""

import functools
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable
from io import FileIO
from typing import Any, BinaryIO, Protocol

from builds import compress, facts
from builds.bounded import bound
from builds.charsets import LANGUAGES, look
from builds.job import Job
from builds.minify import minified
from builds.snippets import inserted

TELL_EVERY = (
    0.05  # seconds: to wake who waits for the news, once for each small file, takes as long as a tenth of its work
)
_JSON = json.JSONEncoder(separators=(",", ":"), check_circular=False)  # what is quicker takes longer to load than a
# press has for starting (see `builds/json_lines.py`)
FEWEST = 8  # contents that are packed: a file is soon made, and each of these will get one of its own
LARGEST_PACKED = 256 * 1024  # bytes of a content; beside the work on a larger one, its file costs nothing
GIVE_WAY_EVERY = 0.001  # seconds, as in `builds/priority.py`, which takes longer to load than all of this


class Files(Protocol):
    """Where new files come from."""

    def open(self) -> tuple[str, int]:
        """The path of a new file, and a descriptor to write to it."""
        ...


FilesIn = Callable[[str], Files]
"""Gives a press files of its own in a folder: where others write too, each would wait for the others at every file."""

Put = Callable[[bytes], list[Any]]
"""Called with what was made; returns its SHA-256, its bytes, and its file unless it lies in a pack."""


def main(files_in: FilesIn) -> int:
    """Work until standard input ends."""
    files_in = functools.lru_cache(maxsize=1)(files_in)
    news = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not be taken for news
    with os.fdopen(os.dup(0), "rb") as lines:
        bound(json.loads(next(lines, b'{"memory": -1}'))["memory"])
        news.write(b'{"ready":true}\n')
        news.flush()
        for line in lines:
            _work_on((Job(*job) for job in json.loads(line)["jobs"]), files_in, news)
    return 0


def _work_on(jobs: Iterable[Job], files_in: FilesIn, news: BinaryIO) -> None:
    told = gave_way = time.monotonic()
    outcomes: list[dict[str, Any]] = []
    pack = _Pack()
    gives_way = hasattr(os, "SCHED_IDLE") and os.sched_getscheduler(0) == os.SCHED_IDLE  # see priority.give_way
    for job in jobs:
        if gives_way and time.monotonic() - gave_way > GIVE_WAY_EVERY:
            os.sched_yield()
            gave_way = time.monotonic()
        outcomes.append(_outcome(job, files_in, pack))
        if time.monotonic() - told > TELL_EVERY:
            _tell(pack.closed(outcomes), news)
            outcomes, pack = [], _Pack()
            told = time.monotonic()
    if outcomes:
        _tell(pack.closed(outcomes), news)


def _tell(outcomes: list[dict[str, Any]], news: BinaryIO) -> None:
    news.write(_JSON.encode(outcomes).encode() + b"\n")
    news.flush()


class _Pack:
    """What is made until it is told of: small contents wait for their file, which they share if there are many."""

    def __init__(self) -> None:
        self._waiting: list[tuple[bytes, list[Any], Files]] = []

    def put(self, files: Files, content: bytes, *, packed: bool) -> list[Any]:
        """The SHA-256 of content, its bytes and its file; that comes later, if ever, where it may be packed."""
        stored = [hashlib.sha256(content).hexdigest(), len(content), ""]
        if packed and len(content) <= LARGEST_PACKED:
            self._waiting.append((content, stored, files))
        else:
            stored[2] = _write(files, content)
        return stored

    def closed(self, outcomes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Write what waits; what there is to tell then."""
        try:
            if len(self._waiting) >= FEWEST:
                outcomes[0]["pack"] = self._write_pack()
            else:
                for content, stored, files in self._waiting:
                    stored[2] = _write(files, content)
        except OSError as error:
            return [{"failed": str(error)} for _ in outcomes]
        return outcomes

    def _write_pack(self) -> list[Any]:
        offsets: dict[str, int] = {}
        size = 0
        for content, stored, _ in self._waiting:
            offsets[stored[0]] = size
            size += len(content)
        whole = b"".join([content for content, _, _ in self._waiting])
        return [_write(self._waiting[0][2], whole), hashlib.sha256(whole).hexdigest(), size, offsets]


def _outcome(job: Job, files_in: FilesIn, pack: _Pack) -> dict[str, Any]:
    try:
        return work(job, functools.partial(pack.put, files_in(job.folder), packed=job.packed))
    except MemoryError:
        return {"failed": "it takes more memory than transform_memory"}
    except OSError as error:
        return {"failed": str(error)}


def work(job: Job, put: Put) -> dict[str, Any]:
    """Carry out one job; the news of it."""
    with FileIO(job.content) as file:  # `open` asks the system three things more
        content = file.readall()
    seen = look(content, job.language, recode=job.minify) if job.language in LANGUAGES else None
    meant = seen.content if seen else content
    found = facts.read(job.language, meant) | (facts.of_look(seen) if seen else {})
    outcome: dict[str, Any] = {"made": None, "forms": [], "facts": found}
    is_utf8 = seen is not None and seen.is_utf8
    made = (minified(job.language, meant, is_utf8=is_utf8) if job.minify else None) or meant
    made = inserted(made, job.snippets) if job.snippets else made
    if made is not content:
        outcome["made"] = put(made)
    if job.levels:
        forms = compress.forms(made, job.levels)
        outcome["forms"] = [(coding, put(form)) for coding, form in forms.items()]
    return outcome


def _write(files: Files, content: bytes) -> str:
    """The path of a new file with this content."""
    name, descriptor = files.open()
    try:
        written = os.write(descriptor, content)
        while written < len(content):  # of much at once, a system writes a part
            written += os.write(descriptor, memoryview(content)[written:])
    finally:
        os.close(descriptor)
    return name

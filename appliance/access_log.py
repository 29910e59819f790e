"""The access log: a line for every request, noted on the event loop, written in batches by a thread of its own."""

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, TextIO

import msgspec
import structlog

from appliance.redaction import HIDDEN, redact_text
from appliance.serving.visitor import Asked

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 1.0  # how long a line may wait to be written
WAITING = 100_000  # lines held for a disk that does not keep up, about 30 MB; further ones are dropped and counted
BATCH = 1_000  # lines written at a time, between which others get the interpreter
_PLATFORM: Final = "/.dropdock/"  # our own addresses on sites' hosts, whose queries are for us alone
_QUOTED = {ord('"'): '\\"', ord("\\"): "\\\\", **dict.fromkeys([*range(32), 127], "\N{REPLACEMENT CHARACTER}")}


class Line(NamedTuple):
    """One answered request; `at` is in seconds since 1970, `sent` the bytes of the body."""

    at: float
    asked: Asked
    status: int
    sent: int


class AccessLog:
    """Lines for `path`, or for standard output without one, from `start` to `stop`.

    A file that has been moved away, as log rotation does, is begun anew. What cannot be written is dropped and said.
    With `put`, lines go to that instead, in the thread; it raises OSError for what it does not take.
    """

    def __init__(
        self, form: Callable[[Line], str], path: Path | None = None, put: Callable[[str], None] | None = None
    ) -> None:
        self._form = form
        self._path = path
        self._put = put or self._write_out
        self._file: TextIO | None = None
        self._waiting: deque[Line | str] = deque()
        self._dropped = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name="access-log", daemon=True)

    def start(self) -> None:
        """Open the file and begin to write; OSError when it cannot be opened."""
        self._open()
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and close the file."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._close()

    def note(self, asked: Asked, status: int, sent: int) -> None:
        """Take note of an answer; never waits."""
        if len(self._waiting) < WAITING:
            self._waiting.append(Line(time.time(), asked, status, sent))
        else:
            self._dropped += 1

    def take(self, text: str) -> None:
        """Write lines that another process has formed; never waits."""
        if len(self._waiting) < WAITING:
            self._waiting.append(text)
        else:
            self._dropped += text.count("\n")

    def _write_all(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        try:
            if self._path is not None and self._was_moved():
                self._open()
            while self._waiting:
                self._write([self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))])
        except OSError as error:
            self._dropped += len(self._waiting)
            self._waiting.clear()
            log.error("access_log_not_written", reason=error.strerror)  # noqa: TRY400 - the reason is all there is to it
        if self._dropped:
            log.warning("access_log_dropped", lines=self._dropped)
            self._dropped = 0

    def _write(self, batch: list[Line | str]) -> None:
        self._put("".join([line if isinstance(line, str) else self._form(line) for line in batch]))

    def _write_out(self, text: str) -> None:
        stream = self._file or sys.stdout
        stream.write(text)
        stream.flush()

    def _was_moved(self) -> bool:
        if self._file is None or self._path is None:
            return True
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return True

    def _open(self) -> None:
        self._close()
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8")
            self._path.chmod(0o640)  # visitors' addresses are not for everybody on the machine

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            file.close()


def common(line: Line) -> str:
    """The Common Log Format, as NCSA httpd and its successors write it."""
    asked = line.asked
    request = f"{asked.method.decode('latin-1')} {shown(asked.target)} HTTP/{asked.version}".translate(_QUOTED)
    return f'{asked.address or "-"} - - [{_clf_time(int(line.at))}] "{request}" {line.status} {line.sent or "-"}\n'


def as_json(line: Line) -> str:
    """A JSON object."""
    asked = line.asked
    fields = {
        "time": f"{_iso_time(int(line.at))}.{int(line.at % 1 * 1000):03}Z",
        "address": asked.address,
        "host": shown(asked.host),
        "method": asked.method.decode("latin-1"),
        "target": shown(asked.target),
        "version": asked.version,
        "status": line.status,
        "bytes": line.sent,
    }
    return msgspec.json.encode(fields).decode() + "\n"


FORMS: dict[str, Callable[[Line], str]] = {"common": common, "json": as_json}


@lru_cache(maxsize=4096)
def shown(target: bytes) -> str:
    """A request target, or a host, as it may be written: secrets in its query hidden, no control characters."""
    path, mark, query = target.decode("latin-1").partition("?")
    if query and path.startswith(_PLATFORM):
        query = HIDDEN
    return redact_text(path + mark + query)


@lru_cache(maxsize=4)
def _iso_time(second: int) -> str:
    """`2000-10-10T13:55:36`, in UTC (RFC 3339)."""
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"


@lru_cache(maxsize=4)
def _clf_time(second: int) -> str:
    """`10/Oct/2000:13:55:36 +0000`, whatever the locale."""
    at = datetime.fromtimestamp(second, UTC)
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[at.month * 3 - 3 : at.month * 3]
    return f"{at:%d}/{month}/{at:%Y:%H:%M:%S} +0000"

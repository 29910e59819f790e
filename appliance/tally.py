"""What sites were asked for, kept over a restart: a file in the data folder, written now and then and at the stop."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import structlog

from appliance.models.site import Site
from appliance.serving.counters import Counters, SiteBatch

log = structlog.get_logger(__name__)

WRITE_SECONDS = 60.0  # between writings: what a server that is killed forgets at most
SITES_AT_ONCE = 100  # copied on the event loop before visitors are looked after again


class Line(msgspec.Struct, frozen=True):
    """One site: the class of status is the place in `statuses`; `missed` are paths, as Latin-1, and how often each."""

    site: str
    since: datetime
    statuses: Annotated[list[int], msgspec.Meta(min_length=10, max_length=10)]
    sent: int
    missed: list[tuple[str, int]]
    missed_more: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Line).decode


class Tally:
    """Has the counters begin where they were when the server was stopped. On the event loop only.

    Only sites are kept: figures of the whole server begin anew, as those who watch it expect of a process.
    """

    def __init__(
        self,
        path: Path,
        counters: Counters,
        write_seconds: float = WRITE_SECONDS,
        is_there: Callable[[], bool] = lambda: True,
    ) -> None:
        """Nothing is written while the folder that the file belongs in is not there: `is_there` may block."""
        self._is_there = is_there
        self._path = path
        self._counters = counters
        self._write_seconds = write_seconds
        self._written: object = None
        self._writing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read what was counted before, then write now and then."""
        lines = await asyncio.to_thread(_read, self._path)
        created = dict(await Site.all().values_list("name", "created_at")) if lines else {}
        for line in lines:
            # Of a site that was removed just before a crash, whose name may be another's by now, nothing is kept.
            if line.site in created and created[line.site] <= line.since:
                self._counters.restore(line.site, line.since, _batch(line))
        self._written = self._counters.state()
        self._writing = asyncio.create_task(self._write_now_and_then())

    async def stop(self) -> None:
        """Write what is counted by now; nobody is answered any more."""
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        await self.write()

    async def write(self) -> None:
        """Write what has been counted, if anything has; what cannot be written is said, and tried again later."""
        state = self._counters.state()
        if state == self._written or not await asyncio.to_thread(self._is_there):
            return
        beside = self._path.with_suffix(".new")
        try:
            await asyncio.to_thread(beside.write_bytes, b"")
            names = self._counters.names()
            for first in range(0, len(names), SITES_AT_ONCE):
                some = names[first : first + SITES_AT_ONCE]
                lines = [_line(name, *row) for name in some if (row := self._counters.kept(name)) is not None]
                await asyncio.to_thread(_append, beside, lines)
            await asyncio.to_thread(_put, beside, self._path)
        except OSError as error:
            log.error("traffic_not_written", reason=error.strerror)  # noqa: TRY400 - the reason is all there is to it
        else:
            self._written = state

    async def _write_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._write_seconds)
            await self.write()


def _line(site: str, since: datetime, row: SiteBatch) -> Line:
    missed = [(path.decode("latin-1"), times) for path, times in row.missed.items()]
    return Line(site, since, row.statuses, row.sent, missed, row.missed_more)


def _batch(line: Line) -> SiteBatch:
    missed = {path.encode("latin-1", "replace"): times for path, times in line.missed}
    return SiteBatch(line.statuses, line.sent, missed, line.missed_more)


def _read(path: Path) -> list[Line]:
    """What was written; a line that cannot be read is left out, for figures are not worth a start that fails."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        log.error("traffic_not_read", reason=error.strerror)  # noqa: TRY400 - the reason is all there is to it
        return []
    lines = []
    for text in content.splitlines():
        try:
            lines.append(_decode(text))
        except msgspec.DecodeError as error:
            log.warning("traffic_line_unreadable", reason=str(error))
    return lines


def _append(path: Path, lines: list[Line]) -> None:
    with path.open("ab") as file:
        file.write(b"".join(_encode(line) + b"\n" for line in lines))


def _put(beside: Path, path: Path) -> None:
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    beside.chmod(0o600)  # what is asked for is not for everybody on the machine
    beside.replace(path)

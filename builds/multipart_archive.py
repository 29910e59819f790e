"""Takes the files of a raw `multipart/form-data` body (RFC 7578), or the one archive that is in it."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from builds.intake import Intake
from builds.names import from_utf8
from builds.refusals import damaged
from builds.source import Source

FIRST_LINE = re.compile(rb"--([0-9A-Za-z'()+_,\-./:=?]{1,70})\r\n")  # RFC 2046, section 5.1.1, without blanks
PARAMETER = re.compile(rb';[ \t]*([!#$%&\'*+\-.^_`|~0-9A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s";]*))[ \t]*')
LONGEST_HEADER = 64 * 1024  # bytes; so that a name that is too long is refused as such
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst")
NOT_OPENED = (".rar", ".7z", ".xz", ".txz", ".bz2", ".tbz2", ".tbz")  # told so by `archive`, when one is alone


@dataclass(frozen=True, slots=True)
class Alone:
    """The only file of a body, by name; `content` is where it stands in the body."""

    filename: str
    content: Source


@dataclass(frozen=True, slots=True)
class _Part:
    """A part that began: the name of the file in it, None where it is no file."""

    filename: str | None


@dataclass(frozen=True, slots=True)
class _Content:
    """Bytes of the part; `place` is where they stand in the body, None where the parser held them back."""

    content: bytes
    place: int | None


_Event = _Part | _Content | None  # None: the part has ended


def boundary_of(head: bytes) -> bytes | None:
    """The boundary, if these first bytes are those of a multipart body."""
    match = FIRST_LINE.match(head)
    return match[1] if match and b"content-disposition:" in head.lower() else None


def unpack_multipart(source: Source, boundary: bytes, intake: Intake) -> Alone | None:
    """Store every file, but return a file that is alone and called like an archive. Raises BuildError.

    Whether a file is alone is known when the body has ended. Its bytes stand in one stretch of the body, so it is
    passed over the first time.
    """
    intake.begin(source.size)
    events = _Body(source, boundary, intake).events()
    alone: Alone | None = None
    first = True
    with intake.in_order() as receiver:
        for event in events:
            if not isinstance(event, _Part):
                continue
            if event.filename is None:
                intake.bounds.entry()
                continue
            if first and event.filename.lower().endswith(ARCHIVES + NOT_OPENED):
                alone = Alone(event.filename, _place(events, source))
            else:
                if alone is not None:  # not alone after all: an archive among other files is a file like them
                    receiver.file(alone.filename, alone.content.pieces())
                    alone = None
                receiver.file(event.filename, _contents(events))
            first = False
    return alone


def _contents(events: Iterator[_Event]) -> Iterator[bytes]:
    for event in events:
        if event is None:
            return
        if isinstance(event, _Content):
            yield event.content


def _place(events: Iterator[_Event], source: Source) -> Source:
    """Where a part's content stands; the parser says so for some of its bytes, and they stand together."""
    start = size = 0
    for event in events:
        if not isinstance(event, _Content):
            break
        if event.place is not None:
            start = event.place - size
        size += len(event.content)
    return source.within(start, size)


class _Body:
    """The parser's callbacks, turned into events that can be asked for."""

    def __init__(self, source: Source, boundary: bytes, intake: Intake) -> None:
        self._source = source
        self._intake = intake
        self._events: deque[_Event] = deque()
        self._offset = 0
        self._piece = b""
        self._field = b""
        self._value = b""
        self._disposition: bytes | None = None
        self._complete = False
        self._parser = MultipartParser(boundary, self._callbacks(), max_header_size=LONGEST_HEADER)  # type: ignore[arg-type]  # its type is known to its own module only

    def events(self) -> Iterator[_Event]:
        """What is in the body, in order; raises BuildError where it is broken or cut short."""
        for piece in self._source.pieces():
            self._piece = piece
            try:
                self._parser.write(piece)
            except FormParserError as error:
                raise damaged("its parts cannot be told apart") from error
            self._offset += len(piece)
            self._intake.progress.add(len(piece))
            while self._events:
                yield self._events.popleft()
        if not self._complete:
            raise damaged("it is cut short")

    def _callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._on_part_begin,
            "on_part_data": self._on_part_data,
            "on_part_end": lambda: self._events.append(None),
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": lambda: self._events.append(_Part(_filename(self._disposition))),
            "on_end": self._on_end,
        }

    def _on_part_begin(self) -> None:
        self._disposition = None

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        place = self._offset + start if data is self._piece else None
        self._events.append(_Content(data[start:end], place))

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            if self._disposition is not None:
                raise damaged("a part has two names")
            self._disposition = self._value
        self._field = self._value = b""

    def _on_end(self) -> None:
        self._complete = True


def _filename(disposition: bytes | None) -> str | None:
    r"""The file's name in a Content-Disposition; None where there is none, or an empty one, as of an unused input.

    Browsers write `"` as `%22` (WHATWG HTML, 4.10.22.8), older programs as `\"`; all else stands as it is, even `C:\`.
    """
    if disposition is None:
        return None
    found: bytes | None = None
    kind, _, _ = disposition.partition(b";")
    at = len(kind)
    while match := PARAMETER.match(disposition, at):
        at = match.end()
        if match[1].lower() == b"filename":
            if found is not None:
                raise damaged("a part has two names")
            found = match[3] if match[2] is None else match[2].replace(b'\\"', b'"').replace(b"%22", b'"')
    if disposition[at:].strip(b"; \t"):
        raise damaged("a part's name cannot be read")
    return from_utf8(found) if found else None

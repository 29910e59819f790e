"""A build's log: output becomes clean lines without secrets, within a size, before anybody else gets to see it."""

import codecs
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from builds.advice import advice_on
from builds.bounds import written
from builds.masking import Masker

LONGEST_LINE = 4_000  # characters; a minified file printed by mistake is one line of megabytes
AROUND = 50  # bytes that the time and the step of a line take where it is kept; empty lines must not be free
LAST = 100  # lines kept for the end, once the log is full: that is where it says what went wrong
OF_A_STEP = 200  # lines in which a known reason is looked for: npm explains itself at length after it
SHOWN_OF_FAILURE = 20  # lines that stand beside the reason why a build failed
# Lines of no use there: empty ones, npm's too, and where npm keeps a log that is gone with the build.
_SAYS_NOTHING = re.compile(r"\s*(?:npm (?:error|ERR!)\s*(?:A complete log of this run can be found in\b.*)?)?")
# ECMA-48: strings (titles, links, the clipboard) up to BEL or ST, control sequences (colours, cursor), and two-letter
# escapes; the first two also begin with a single character.
_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# The last are marks that change the direction of text (Unicode UAX 9): a line must not read other than it is.

NOTHING: Mapping[str, str] = {}
Tell = Callable[[str, str], None]
"""Told a step (`fetch`, `build`) and a line."""


class BuildLog:
    """Takes what commands print, in pieces of any size and from any thread, and tells it line by line.

    Once `most` bytes were told, each line with what is kept beside it, lines are counted instead; `finish` tells how
    many were cut, and the last of them. `shorter` says what is shown in the place of a path; the first goes first.
    """

    def __init__(self, tell: Tell, secrets: Iterable[str], most: int, shorter: Mapping[str, str] = NOTHING) -> None:
        self._tell = tell
        self._shorter = shorter
        self._masker = Masker(secrets)
        self._most = most
        self._step = ""
        self._told = 0
        self._cut_lines = 0
        self._cut_bytes = 0
        self._kept: deque[str] = deque(maxlen=LAST)
        self._recent: deque[str] = deque(maxlen=SHOWN_OF_FAILURE)
        self._of_step: deque[str] = deque(maxlen=OF_A_STEP)
        self._lock = threading.Lock()
        self._decoder = _decoder()
        self._partial = ""  # of a line that has not ended

    def step(self, name: str) -> None:
        """What comes from here on belongs to this step."""
        with self._lock:
            self._end_output()
            self._step = name
            self._of_step.clear()

    def line(self, text: str) -> None:
        """Add a line of our own."""
        with self._lock:
            self._end_output()
            self._add(text)

    def output(self, piece: bytes) -> None:
        """Take what a command printed."""
        with self._lock:
            self._partial += self._decoder.decode(piece)
            *whole, self._partial = self._partial.split("\n")
            for text in whole:
                self._add(text)
            self._shorten()

    def recent(self) -> tuple[str, ...]:
        """The last lines that say something, for a failure to show."""
        with self._lock:
            self._end_output()
            return tuple(self._recent)

    def advice(self) -> str:
        """What to do about the last known reason for a failure that was printed in this step; empty without any."""
        with self._lock:
            self._end_output()
            return advice_on(reversed(self._of_step), self._step)

    def finish(self) -> None:
        """Nothing more comes. Harmless when called again."""
        with self._lock:
            self._end_output()
            for text in self._masker.rest():
                self._show(text)
            if self._cut_lines:
                self._tell(self._step, self._cut())
                for text in self._kept:
                    self._tell(self._step, text)
                self._cut_lines = 0
                self._kept.clear()

    def _end_output(self) -> None:
        rest = self._partial + self._decoder.decode(b"", final=True)
        self._decoder, self._partial = _decoder(), ""
        if rest:
            self._add(rest)

    def _shorten(self) -> None:
        """Show what can be shown of an endless line; the rest stays, for a secret may be split there."""
        if len(self._partial) > LONGEST_LINE and "\r" in self._partial:
            self._partial = self._partial.rpartition("\r")[2]  # drawn over and over
        while len(self._partial) > LONGEST_LINE:
            self._add(self._partial[:LONGEST_LINE])
            self._partial = self._partial[LONGEST_LINE:]

    def _add(self, text: str) -> None:
        text = clean(text)
        for path, name in self._shorter.items():
            text = text.replace(path, name)
        for shown in self._masker.lines(text):
            self._show(shown)

    def _show(self, text: str) -> None:
        text = text[:LONGEST_LINE]
        self._of_step.append(text)
        if not _SAYS_NOTHING.fullmatch(text):
            self._recent.append(text)
        size = len(text.encode("utf-8", "replace")) + AROUND
        if self._told + size <= self._most and not self._cut_lines:
            self._told += size
            self._tell(self._step, text)
            return
        self._cut_lines += 1
        self._cut_bytes += size
        self._kept.append(text)

    def _cut(self) -> str:
        left_out = self._cut_lines - len(self._kept)
        return (
            f"… the log is longer than build_log = {written(self._most)}: {left_out} lines were cut here; "
            f"the last {len(self._kept)} follow."
        )


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")("replace")


def clean(line: str) -> str:
    """A line without what acts on a terminal; of one that was drawn over and over, what stood there at the end."""
    text = _ESCAPES.sub("", line).rstrip("\r")
    text = text.rpartition("\r")[2] if "\r" in text else text
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)

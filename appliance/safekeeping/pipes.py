"""Turns code that writes to a file into one that can be read, and the other way round: by a pipe and a thread."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Literal

from appliance.safekeeping.copying import PIECE


@contextmanager
def written_by(produce: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """What `produce` writes, as it comes; it is ahead of the reader by what a pipe holds (64 KiB on Linux).

    What it raises is raised at the end of the block, also in the place of what the block raises: whoever reads too
    little does not know why. A block that fails by itself ends it.
    """
    reading, writing = os.pipe()
    work = _Work(produce, writing, "wb")
    work.start()
    file = os.fdopen(reading, "rb")
    try:
        yield file
        while file.read(PIECE):  # it ends by itself, so that what is wrong at the very end is known
            pass
    finally:
        work.nobody_reads = True
        file.close()
        work.join()
        if work.error is not None:
            raise work.error


@contextmanager
def read_by(consume: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """A file to be written, which `consume` reads; it has come to its end once the block has.

    What it raises is raised at the end of the block, also in the place of what the block raises.
    """
    reading, writing = os.pipe()
    work = _Work(consume, reading, "rb")
    work.start()
    file = os.fdopen(writing, "wb")
    try:
        yield file
    finally:
        with suppress(BrokenPipeError):
            file.close()
        work.join()
        if work.error is not None:
            raise work.error


class _Work(threading.Thread):
    def __init__(self, work: Callable[[BinaryIO], None], descriptor: int, mode: Literal["rb", "wb"]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._descriptor = descriptor
        self._mode = mode
        self.error: BaseException | None = None
        self.nobody_reads = False

    def run(self) -> None:
        with suppress(BrokenPipeError), os.fdopen(self._descriptor, self._mode) as file:
            try:
                self._work(file)
            except BaseException as error:  # noqa: BLE001 - it is raised on the other side
                self.error = None if self.nobody_reads else error

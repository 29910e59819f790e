"""Files without a name, to hand something to a program that nobody else may read."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def memory_file(content: bytes) -> Iterator[int]:
    """A file descriptor that reads `content` from its beginning; in memory where the system can."""
    with os.fdopen(os.memfd_create("dropdock"), "w+b") if sys.platform == "linux" else tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        file.seek(0)
        yield file.fileno()

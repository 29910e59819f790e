"""What the database is asked."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def queries() -> Iterator[list[str]]:
    """What the database is asked while the block runs."""
    asked: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: asked.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("tortoise.db_client")
    before = log.level
    log.setLevel(logging.DEBUG)
    log.addHandler(handler)
    try:
        yield asked
    finally:
        log.removeHandler(handler)
        log.setLevel(before)

"""Since when work is going on that relies on stored content which no deploy names yet."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class UnderWay:
    """Counts work as begun for the time of a block; usable from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names = itertools.count()
        self._begun: dict[int, float] = {}

    @contextmanager
    def work(self) -> Iterator[None]:
        """Something is being worked on."""
        with self._lock:
            name = next(self._names)
            self._begun[name] = time.time()
        try:
            yield
        finally:
            with self._lock:
                del self._begun[name]

    def since(self) -> float:
        """When the oldest of what goes on was begun, in seconds since 1970; now, where nothing does."""
        with self._lock:
            return min([*self._begun.values(), time.time()])

"""The build queue: Huey on SQLite with a consumer inside this process; nothing happens on import."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from huey import Huey
from huey.consumer import Consumer
from huey.storage import SqliteStorage

IDLE_WAIT = 1.0  # seconds a worker waits for work before it looks whether it should stop
NO_SCHEDULE = 60  # seconds between looks at Huey's schedule, which nothing here uses


class _WakingStorage(SqliteStorage):  # type: ignore[misc]  # huey ships no types
    """Huey's SQLite storage, but a worker is woken by a new task instead of polling for it.

    Polling would add up to its delay to every deploy; a small site is live in less than that.
    """

    blocking = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Huey's own signature
        self._news = threading.Condition()
        super().__init__(*args, **kwargs)

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        super().enqueue(data, priority)
        self.wake()

    def dequeue(self) -> bytes | None:
        with self._news:
            task: bytes | None = super().dequeue()
            if task is None and self._news.wait(IDLE_WAIT):
                task = super().dequeue()
        return task

    def wake(self) -> None:
        with self._news:
            self._news.notify_all()


class _QuietConsumer(Consumer):  # type: ignore[misc]  # huey ships no types
    """Huey's consumer without its signal handlers: those belong to the server it lives in."""

    def _set_signal_handlers(self) -> None:
        pass


class Queue:
    """Deploys waiting to be worked on, first come, first served; kept in a file, so they survive the process.

    `work` is called with a deploy's id in one of `workers` threads.
    """

    def __init__(self, path: Path, work: Callable[[str], None], workers: int) -> None:
        self._huey = Huey("dropdock", storage_class=_WakingStorage, results=False, filename=str(path), fsync=False)
        self._task = self._huey.task(name="deploy")(work)
        self._consumer = _QuietConsumer(
            self._huey, workers=workers, periodic=False, check_worker_health=False, scheduler_interval=NO_SCHEDULE
        )
        self._started = False

    def start(self) -> None:
        """Begin to work."""
        self._consumer.start()
        self._started = True

    def stop(self) -> None:
        """Take no more work; return when what is under way has ended. Blocks. Harmless before `start`."""
        if self._started:
            self._consumer.stop_flag.set()
            self._huey.storage.wake()
            self._consumer.stop(graceful=True)
        self._huey.storage.close()

    def put(self, deploy: str) -> None:
        """Add a deploy. Blocks for a write to the queue's file."""
        self._task(deploy)

    def clear(self) -> None:
        """Forget everything waiting: at start the database says what is to be done."""
        self._huey.storage.flush_queue()

    def depth(self) -> int:
        """How many deploys wait."""
        return int(self._huey.storage.queue_size())

    def is_running(self) -> bool:
        """Whether every worker is alive."""
        return all(thread.is_alive() for _, thread in self._consumer.worker_threads)

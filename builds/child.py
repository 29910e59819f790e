"""The build child: reads plans, does the work, tells how it goes, until its input ends."""

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

from builds import json_lines, pipeline, priority, wire
from builds.errors import BuildError
from builds.order import Source
from builds.presses import LARGE_UPLOAD, Presses
from builds.values import Plan, Staging, Unpacked
from builds.watcher import Watcher

SWITCH = 0.0005  # seconds a thread may keep the interpreter; in the default 5 ms many small files could be written
REST = 0.1  # seconds between telling that all is stored and what nobody waits for: the server publishes it meanwhile
QUIET = 0.3  # seconds without work, after which empty files are made for the next
LAST_MOMENT = 5.0  # seconds a build gets to end what it has started, once its server is gone

Stage = Callable[[Path], Staging]
"""Opens a place in the store for one upload's content, given its workspace."""

Fill = Callable[[Callable[[], bool]], None]
"""Makes ready what the next upload takes, for as long as it is told that it may go on."""

Redact = Callable[[str], str]
"""Takes out of a line what looks like a secret by its shape; declared ones are gone by then."""


def main(stage: Stage, presses: Presses, redact: Redact = str, fill: Fill = lambda _: None) -> int:
    """Serve plans from standard input until it ends; results go to what was standard output.

    When the input ends in the middle of a plan, its server is gone: the process ends there and then, so that it cannot
    get in the way of the child that the next server gives the same plan to; what a build has started is ended first.
    """
    priority.step_back()
    sys.excepthook = lambda _kind, error, _trace: _log(error)
    sys.setswitchinterval(SWITCH)
    news = _News(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # whatever a library prints must not be taken for news
    orders = _Orders()
    threading.Thread(target=orders.listen, daemon=True).start()
    ahead = _Ahead(fill)
    while work := orders.next():
        ahead.pause()
        if isinstance(work, _Expected):
            presses.warm_up()
            ahead.begin()
            continue
        plan, cancelled = work
        is_large = _is_large(plan)
        with orders.at_work:
            later: list[Callable[[], None]] = []
            outcome = _serve(plan, stage, presses, _watcher(news, redact, cancelled, later.append), redact)
        news.finish()
        news.tell(outcome)
        if later:
            orders.have_come(within=REST)
        for step in later:
            step()
        if is_large:
            ahead.begin()
    presses.close()
    return 0


class _News:
    """The way to the server. Safe to use from several threads."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._telling: threading.Thread | None = None

    def tell(self, message: dict[str, Any]) -> None:
        with self._lock:
            self._stream.write(json_lines.dump(message))
            self._stream.flush()

    def begin_to_tell(self, messages: Iterable[dict[str, Any]]) -> None:
        """Tell these in their order, while something else is done."""
        self._telling = threading.Thread(target=self._tell_all, args=(messages,), daemon=True)
        self._telling.start()

    def finish(self) -> None:
        """Wait until all of it is told."""
        if self._telling is not None:
            self._telling.join()
            self._telling = None

    def _tell_all(self, messages: Iterable[dict[str, Any]]) -> None:
        with suppress(BrokenPipeError):  # the server is gone, which who tells the outcome will see
            for message in messages:
                self.tell(message)


class _Expected:
    """A plan is on its way of which much is to be optimised."""


class _Orders:
    """What the server wants: plans, and an end to them."""

    def __init__(self) -> None:
        self.at_work = threading.Lock()
        self._plans: SimpleQueue[tuple[Plan, threading.Event] | _Expected | None] = SimpleQueue()
        self._last: tuple[Plan, threading.Event] | None = None
        self._came = threading.Event()  # something since the last one was given out

    def next(self) -> tuple[Plan, threading.Event] | _Expected | None:
        """The next plan, and what is set to call it off; that one is expected; None when no more come."""
        work = self._plans.get()
        self._came.clear()
        return work

    def have_come(self, within: float) -> bool:
        """Whether the server has said anything since, or does within so many seconds; returns as soon as it has."""
        return not self._plans.empty() or self._came.wait(within)

    def listen(self) -> None:
        # Not `sys.stdin`: an interpreter that ends while a thread waits in it aborts.
        with os.fdopen(os.dup(0), "rb") as lines:
            for line in lines:
                self._came.set()  # before it can be given out, see `next`
                self._take(json_lines.load(line))
        self._came.set()
        if self.at_work.locked():
            self._leave()
        self._plans.put(None)

    def _take(self, message: dict[str, Any]) -> None:
        if "cancel" in message:
            if self._last and self._last[0].deploy == message["cancel"]:
                self._last[1].set()
        elif "expect" in message:
            self._plans.put(_Expected())
        else:
            self._receive(message)

    def _receive(self, message: dict[str, Any]) -> None:
        self._last = (wire.read_plan(message), threading.Event())
        self._plans.put(self._last)

    def _leave(self) -> None:
        if self._last and self._last[0].order and self._last[0].order.run:
            self._last[1].set()
            self.at_work.acquire(timeout=LAST_MOMENT)  # never given back: the process ends
        os._exit(1)


class _Ahead:
    """Makes ready what the next upload takes, in moments in which there is nothing else to do."""

    def __init__(self, fill: Fill) -> None:
        self._fill = fill
        self._over = threading.Event()

    def begin(self) -> None:
        """Begin soon, once; nobody waits for it to end."""
        self._over = threading.Event()
        threading.Thread(target=self._go_on, args=(self._over,), daemon=True).start()

    def pause(self) -> None:
        """Make nothing more: there is something to do."""
        self._over.set()

    def _go_on(self, over: threading.Event) -> None:
        priority.step_aside()
        if not over.wait(QUIET):
            self._fill(lambda: not over.is_set())


def _watcher(
    news: _News, redact: Redact, cancelled: threading.Event, later: Callable[[Callable[[], None]], None]
) -> Watcher:
    def report(step: str, done: int, total: int) -> None:
        news.tell({"step": [step, done, total]})

    def say(step: str, line: str) -> None:
        news.tell({"log": [datetime.now(UTC).isoformat(), step, redact(line)]})

    def made(unpacked: Unpacked) -> None:
        news.begin_to_tell(wire.made_messages(unpacked))

    return Watcher(report, say, cancelled, later, made)


def _serve(plan: Plan, stage: Stage, presses: Presses, watcher: Watcher, redact: Redact) -> dict[str, Any]:
    """Carry out a plan; the message that says what came of it."""
    if plan.transforms and _is_large(plan):
        presses.warm_up()  # while the upload is unpacked, unless it was expected
    try:
        result = pipeline.run(plan, stage(plan.workspace), watcher, presses)
    except BuildError as error:
        error.detail, error.lines = redact(error.detail), tuple(map(redact, error.lines))
        return wire.refused_message(error)
    except OSError as error:
        return wire.refused_message(_from_system(error))
    return wire.source_message(result) if isinstance(result, Source) else {"stored": True}


def _is_large(plan: Plan) -> bool:
    return plan.upload.is_file() and plan.upload.stat().st_size > LARGE_UPLOAD


def _from_system(error: OSError) -> BuildError:
    if isinstance(error, BrokenPipeError):
        raise error  # the server is gone: nobody to tell
    _log(error)
    return BuildError(
        "storage_failed",
        f"The server could not store the files ({error.strerror or error}): "
        "its operator should look at disk space and permissions, then try again.",
        retry=True,
    )


def _log(error: BaseException) -> None:
    """Say what went wrong as one JSON line, like the server's own: many lines would break who reads its log."""
    exception = "".join(traceback.format_exception(error))
    line = {"event": "build_child_failed", "logger": __name__, "level": "error", "exception": exception}
    print(json.dumps(line), file=sys.stderr, flush=True)  # noqa: T201 - standard error is the server's log

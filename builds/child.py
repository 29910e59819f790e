"""The build child: reads plans, does the work, tells how it goes, until its input ends."""

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

from builds import pipeline, wire
from builds.errors import BuildError
from builds.values import Plan, Staging

SWITCH = 0.0002  # seconds a thread may keep the interpreter; in the default 5 ms many small files could be written

Stage = Callable[[Path], Staging]
"""Opens a place in the store for one upload's content, given its workspace."""


def main(stage: Stage) -> int:
    """Serve plans from standard input until it ends; results go to what was standard output.

    When the input ends in the middle of a plan, its server is gone: the process ends there and then, so that it cannot
    get in the way of the child that the next server gives the same plan to.
    """
    sys.excepthook = lambda _kind, error, _trace: _log(error)
    sys.setswitchinterval(SWITCH)
    news = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not be taken for news
    plans: SimpleQueue[bytes] = SimpleQueue()
    at_work = threading.Lock()
    threading.Thread(target=_listen, args=(plans, at_work), daemon=True).start()
    while line := plans.get():
        with at_work:
            outcome = _serve(wire.read_plan(json.loads(line)), stage, news)
        _tell(news, outcome)
    return 0


def _listen(plans: SimpleQueue[bytes], at_work: threading.Lock) -> None:
    # Not `sys.stdin`: an interpreter that ends while a thread waits in it aborts.
    with os.fdopen(os.dup(0), "rb") as lines:
        for line in lines:
            plans.put(line)
    if at_work.locked():
        os._exit(1)
    plans.put(b"")


def _serve(plan: Plan, stage: Stage, news: BinaryIO) -> dict[str, Any]:
    """Carry out a plan; the message that says what came of it."""

    def report(step: str, done: int, total: int) -> None:
        _tell(news, {"step": [step, done, total]})

    try:
        return wire.done_message(pipeline.run(plan, stage(plan.workspace), report))
    except BuildError as error:
        return wire.refused_message(error)
    except OSError as error:
        return wire.refused_message(_from_system(error))


def _tell(news: BinaryIO, message: dict[str, Any]) -> None:
    news.write(wire.dump(message))
    news.flush()


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

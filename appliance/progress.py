"""How far each deploy under way has come, for those who watch; nothing here outlives the process."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import takewhile

from appliance.storage.manifest import Found

STEPS = ("receive", "unpack", "check", "store", "publish")
BUILD_STEPS = ("receive", "unpack", "check", "fetch", "build", "store", "publish")


@dataclass(frozen=True, slots=True)
class StepFacts:
    """One step of a deploy: `state` is waiting, running, done or failed; done and total are bytes or entries.

    `total` is 0 where it is not known; `seconds` is how long the step took, or has taken so far.
    """

    name: str
    state: str = "waiting"
    done: int = 0
    total: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a deploy's log, when it was written, and in which step of a build (`fetch`, `build`), if in one."""

    at: datetime
    text: str
    step: str = ""


@dataclass(slots=True)
class Progress:
    """The steps of one deploy. Changed and watched on the event loop only.

    `revision` counts the changes of everything but the log, of which `kept` lines are on disk. `over` is set when
    nothing more will happen.
    """

    steps: dict[str, StepFacts] = field(default_factory=lambda: {name: StepFacts(name) for name in STEPS})
    started: bool = False
    problems: list[Found] = field(default_factory=list)
    log: list[LogLine] = field(default_factory=list)
    revision: int = 0
    kept: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _began: float = field(default_factory=time.monotonic)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def step(self, name: str, done: int = 0, total: int = 0) -> None:
        """A step has begun or come further; whatever ran before it is done."""
        if self.steps[name].state == "waiting":
            self._finish("done")
            self._pass_over(name)
            self._began = time.monotonic()
        state = "done" if total and done >= total else "running"
        self.steps[name] = StepFacts(name, state, done, total, self._elapsed())
        self.changed()

    def ask(self) -> None:
        """It has come to a question: what was running is done, and its turn is over until there is an answer."""
        self._finish("done")
        self.started = False

    def queue_again(self) -> None:
        """It is a source, or was said not to be: it waits for another turn, with all the steps of a build before it."""
        self._finish("done")
        self.started = False
        self.steps = {name: StepFacts(name) for name in BUILD_STEPS} | {"receive": self.steps["receive"]}
        self.changed()

    def start(self) -> None:
        """Its turn has come."""
        self.started = True
        self.changed()

    def find(self, problems: Iterable[Found]) -> None:
        """Something its author should know has been found; it is told before the deploy goes live."""
        self.problems.extend(problems)
        self.changed()

    def say(self, text: str) -> None:
        """Add a line to the deploy's log; from any thread."""
        self.log.append(LogLine(datetime.now(UTC), text))

    def logged(self) -> None:
        """Wake those who read along: there are new lines in the log."""
        self._wake()

    def fail(self) -> None:
        """The step that was running has failed; if none was, the one that was about to begin."""
        self._finish("failed")
        if not any(step.state == "failed" for step in self.steps.values()):
            self._set_next("failed")
        self.changed()

    def changed(self) -> None:
        """Wake everybody who watches."""
        self.revision += 1
        self._wake()

    def next_change(self) -> asyncio.Event:
        """Set at the next change. Take it before looking, or a change in between is missed."""
        return self._changed

    def completed(self) -> list[StepFacts]:
        """The steps as they are once the running one is done, for the record that is written with the result."""
        return [replace(step, state="done") if step.state == "running" else step for step in self.steps.values()]

    def stopped(self) -> list[StepFacts]:
        """The steps as they are for the record when the deploy comes to nothing here."""
        return [replace(step, state="failed") if step.state == "running" else step for step in self.steps.values()]

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _finish(self, state: str) -> None:
        for name, step in self.steps.items():
            if step.state == "running":
                self.steps[name] = StepFacts(name, state, step.done, step.total, self._elapsed())

    def _pass_over(self, name: str) -> None:
        """A step that had nothing to report is done once a later one begins."""
        for earlier in takewhile(lambda step: step != name, tuple(self.steps)):
            if self.steps[earlier].state == "waiting":
                self.steps[earlier] = replace(self.steps[earlier], state="done")

    def _set_next(self, state: str) -> None:
        waiting = next((name for name in self.steps if self.steps[name].state == "waiting"), None)
        if waiting is not None:
            self.steps[waiting] = replace(self.steps[waiting], state=state)

    def _elapsed(self) -> float:
        return round(time.monotonic() - self._began, 3)

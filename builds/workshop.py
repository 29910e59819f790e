"""The server's side of build children: hand one a plan, follow it, end it when it takes too long; keep one warm."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from builds import json_lines, wire
from builds.environment import bare_environment
from builds.errors import BuildError
from builds.order import Source
from builds.priority import gently
from builds.values import Plan, Report, Unpacked

STOP_WAIT = 0.5  # seconds an idle child gets to end by itself once its input is closed
CALLED_OFF = 5.0  # seconds a build gets to end what it has started, before its process group is killed

Line = Callable[[str, str, str], None]
"""Called as `line(time, step, text)` for each line of a build's log; the time in ISO 8601, UTC."""

Ahead = Callable[[Unpacked], None]
"""Called with the result while it is still made durable: nothing may rely on it yet, and the plan may fail still."""


class Workshop:
    """Runs plans in child processes started by `command`; usable from several threads.

    A child serves one plan at a time. At most one idle child is kept, for `idle` seconds, so that a plain upload
    does not pay for an interpreter's start. A child that exceeds `timeout` seconds is killed with its process group;
    one that builds is first told to end what it has started, some of which may be beyond that group.
    """

    def __init__(self, command: Sequence[str], *, timeout: float, idle: float) -> None:
        self._command = list(command)
        self._timeout = timeout
        self._idle = idle
        self._lock = threading.Lock()
        self._warm: _Child | None = None
        self._cooling: threading.Timer | None = None
        self._settling: threading.Timer | None = None
        self._busy: dict[_Child, str] = {}  # the deploy each works on
        self._closed = False

    def warm_up(self, *, ready_after: float | None = None) -> None:
        """Start a child ahead of the first plan, unless one is idle already.

        `ready_after` so many seconds one that is idle still gets what it needs to optimise much: whoever has just
        started has other things to do at first.
        """
        with self._lock:
            wanted = self._warm is None and not self._closed
        if wanted:
            self._keep(_Child(self._command))
        if ready_after is not None:
            self._settling = _timer(ready_after, self._get_ready)

    def expect(self) -> None:
        """Have a child that is ready to optimise much: an upload is on its way, which takes time too."""
        self.warm_up()
        self._get_ready()

    def run(
        self,
        plan: Plan,
        report: Report,
        line: Line = lambda _time, _step, _text: None,
        ahead: Ahead = lambda _unpacked: None,
    ) -> Unpacked | Source:
        """Have the plan carried out. Blocks. Raises BuildError (also when the child dies or takes too long).

        What the callables raise is raised here, and ends the child.
        """
        child = self._take(plan.deploy)
        try:
            result = child.run(plan, _Told(report, line, ahead), self._timeout)
        except BuildError as error:
            self._give_back(child, reusable=error.code not in {"timed_out", "crashed", "cancelled"})
            raise
        except BaseException:
            self._give_back(child, reusable=False)
            raise
        self._give_back(child, reusable=True)
        return result

    def cancel(self, deploy: str) -> None:
        """Have the work on a deploy end soon, if any is under way: its `run` raises."""
        with self._lock:
            working = [child for child, at in self._busy.items() if at == deploy]
        for child in working:
            child.call_off()

    def close(self) -> None:
        """Take no more plans and end every child; the `run` of one at work raises."""
        with self._lock:
            self._closed = True
            busy, idle, self._warm = list(self._busy), self._warm, None
            for timer in (self._cooling, self._settling):
                if timer:
                    timer.cancel()
        for child in busy:
            child.call_off()
        if idle:
            idle.end()

    def _get_ready(self) -> None:
        with self._lock:
            if self._warm is not None:
                self._warm.get_ready()

    def _take(self, deploy: str) -> "_Child":
        with self._lock:
            if self._closed:
                raise BuildError("stopping", "The server is stopping: try again when it is back.", retry=True)
            child, self._warm = self._warm, None
            if child is not None and not child.is_alive():
                child.end()
                child = None
            child = child or _Child(self._command)
            self._busy[child] = deploy
            return child

    def _give_back(self, child: "_Child", *, reusable: bool) -> None:
        with self._lock:
            self._busy.pop(child, None)
        if reusable and child.is_alive():
            self._keep(child)
        else:
            child.end()

    def _keep(self, child: "_Child") -> None:
        with self._lock:
            surplus = self._closed or self._warm is not None
            if not surplus:
                self._warm = child
                self._cool_later()
        if surplus:
            child.end()

    def _cool_later(self) -> None:
        if self._cooling:
            self._cooling.cancel()
        self._cooling = _timer(self._idle, self._cool)

    def _cool(self) -> None:
        with self._lock:
            child, self._warm = self._warm, None
        if child:
            child.end()


@dataclass(frozen=True, slots=True)
class _Told:
    """Who is told how a plan goes."""

    report: Report
    line: Line
    ahead: Ahead

    def takes(self, message: dict[str, Any]) -> bool:
        """Pass on how it goes; whether the message says that."""
        if "step" in message:
            self.report(*message["step"])
        elif "log" in message:
            self.line(*message["log"])
        else:
            return False
        return True


class _Child:
    """One build child and the pipes to it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own executable with fixed arguments
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=bare_environment(), process_group=0
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("both were asked to be pipes")
        self._plans, self._news = self._process.stdin, self._process.stdout
        self._sending = threading.Lock()
        self._overdue = False
        self._called_off = False
        self._plan: Plan | None = None  # while it works on one
        self._last_moment: threading.Timer | None = None

    def is_alive(self) -> bool:
        return not (self._overdue or self._called_off) and self._process.poll() is None

    def run(self, plan: Plan, told: _Told, timeout: float) -> Unpacked | Source:
        deadline = _timer(timeout, self._expire)
        try:
            self._plan = plan
            self._send(wire.plan_message(plan))
            return self._follow(told)
        finally:
            deadline.cancel()
            if self._last_moment:
                self._last_moment.cancel()

    def get_ready(self) -> None:
        """Start what the next plan will need; only while it is idle."""
        self._send({"expect": True})

    def call_off(self) -> None:
        """End the plan it works on: a build by itself, if it does so in time; else at once. From any thread."""
        self._called_off = True
        plan = self._plan
        if plan is None or plan.order is None or not plan.order.run:
            self.kill()
            return
        self._last_moment = _timer(CALLED_OFF, self.kill)
        self._send({"cancel": plan.deploy})

    def end(self) -> None:
        """Close its input and wait a moment; then end the whole process group."""
        try:
            self._plans.close()
        except BrokenPipeError:
            pass  # it died with part of a plan unread
        try:
            self._process.wait(0 if self._plan else STOP_WAIT)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        self._news.close()

    def kill(self) -> None:
        """End the whole process group at once. From any thread."""
        if self._process.poll() is not None:
            return
        if sys.platform == "win32":
            self._process.kill()
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it is gone already

    def _send(self, message: dict[str, Any]) -> None:
        with self._sending:
            try:
                self._plans.write(json_lines.dump(message))
                self._plans.flush()
            except BrokenPipeError:
                pass  # it died while idle; `_follow` finds its output ended and says so

    def _follow(self, told: _Told) -> Unpacked | Source:
        portions = wire.Made()
        for message in map(json_lines.load, gently(self._news)):
            if portions.add(message) or told.takes(message):
                continue
            if "made" not in message:
                return self._outcome(message, None)
            made = portions.whole(message["made"])
            told.ahead(made)
            return self._await_end(told, made)
        raise self._ended_early()

    def _await_end(self, told: _Told, made: Unpacked) -> Unpacked | Source:
        """What comes once it is known what was made: little, so that whoever was told ahead has been gentle enough."""
        for message in map(json_lines.load, self._news):
            if not told.takes(message):
                return self._outcome(message, made)
        raise self._ended_early()

    def _outcome(self, message: dict[str, Any], made: Unpacked | None) -> Unpacked | Source:
        self._plan = None
        if self._called_off:
            raise self._ended_early()
        if "refused" in message:
            raise wire.read_refused(message["refused"])
        if "source" in message:
            return wire.read_source(message["source"])
        if made is None:
            raise ValueError("a build child says that something is stored, but not what")
        return made

    def _ended_early(self) -> BuildError:
        if self._overdue:
            return BuildError("timed_out", "The deploy took longer than the server allows (build_timeout).", retry=True)
        if self._called_off:
            return BuildError("cancelled", "The deploy was called off. Nothing of it was kept.", retry=True)
        status = self._process.wait()
        return BuildError("crashed", f"The build process ended unexpectedly (status {status}): try again.", retry=True)

    def _expire(self) -> None:
        self._overdue = True
        self.call_off()


def _timer(seconds: float, step: Callable[[], None]) -> threading.Timer:
    """Have this done after so many seconds, in a thread that keeps no process alive."""
    timer = threading.Timer(seconds, step)
    timer.daemon = True
    timer.start()
    return timer

"""A process that is started, and waited for, by a thread of its own: one that may have given up rights before."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from builds import priority


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start: `output` and `files` are file descriptors it inherits, the first as standard output and error.

    `prepare` is called in the starting thread and may take rights from it. `environment` is the whole environment.
    `group` gives it a session and a process group of its own, `stdin` a file descriptor to read from. It runs in
    `folder`, or in this process's own.
    """

    argv: Sequence[str]
    output: int
    files: tuple[int, ...] = ()
    environment: Mapping[str, str] | None = None
    prepare: Callable[[], None] | None = None
    group: bool = False
    stdin: int = subprocess.DEVNULL
    folder: Path | None = None


class Started:
    """The process, from start to end.

    The thread lives as long as the process does: a process that asked to die with its parent (bubblewrap) dies with
    the thread that started it. Landlock and the nice value are a thread's own too, on Linux.
    """

    def __init__(self, launch: Launch) -> None:
        """Start it. Raises OSError when that cannot be done."""
        self._launch = launch
        self._process: subprocess.Popen[bytes] | None = None
        self._failure: BaseException | None = None
        self._begun = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-start", daemon=True)
        self._thread.start()
        self._begun.wait()
        if self._failure is not None:
            raise self._failure

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._required().pid

    def wait(self, seconds: float) -> int | None:
        """Its exit status once it has ended, 128 + n for signal n; None when that takes longer."""
        if not self._over.wait(seconds):
            return None
        status = self._required().returncode
        return 128 - status if status < 0 else status

    def ask_to_end(self) -> None:
        """Send it SIGTERM; harmless after the end."""
        self._required().terminate()

    def kill(self) -> None:
        """End it, and its process group where it has one of its own."""
        process = self._required()
        if not self._launch.group:
            process.kill()
            return
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS answers the second for a group of zombies
            pass  # nobody is left in it

    def _run(self) -> None:
        try:
            self._process = self._start()
        except BaseException as error:  # noqa: BLE001 - raised in the thread that asked for it
            self._failure = error
            return
        finally:
            self._begun.set()
        self._process.wait()
        self._over.set()

    def _start(self) -> "subprocess.Popen[bytes]":
        priority.step_back()
        if self._launch.prepare is not None:
            self._launch.prepare()
        return subprocess.Popen(  # noqa: S603 - the sandbox's own command line; what is not trusted is its end
            self._launch.argv,
            stdin=self._launch.stdin,
            stdout=self._launch.output,
            stderr=subprocess.STDOUT,
            env=self._launch.environment,
            pass_fds=self._launch.files,
            start_new_session=self._launch.group,
            cwd=self._launch.folder,
        )

    def _required(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise AssertionError("a process that could not be started raises in the constructor")
        return self._process

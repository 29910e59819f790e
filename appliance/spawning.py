"""Starts other programs while the event loop goes on answering.

uvloop starts one in the loop's own thread and by fork(2), which copies the page tables of the whole server: some 20 ms
in which no visitor is answered. `subprocess` uses vfork(2), which copies nothing, here in a thread.
"""

import asyncio
import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from subprocess import PIPE, Popen
from typing import Protocol

LIMIT = 64 * 1024  # bytes of one line of what a program says


class Spawned(Protocol):
    """A program that was started, as `asyncio.subprocess.Process` is one."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    @property
    def returncode(self) -> int | None:
        """Its status, once it has ended and been waited for; minus the signal's number where one ended it."""
        ...

    @property
    def stdin(self) -> asyncio.StreamWriter | None:
        """Its input."""
        ...

    @property
    def stdout(self) -> asyncio.StreamReader | None:
        """Its output."""
        ...

    async def wait(self) -> int:
        """Its status, once it has ended. What it has said and nobody has read by then is lost."""
        ...

    def kill(self) -> None:
        """End it at once. ProcessLookupError when it has ended, on some systems."""
        ...

    def terminate(self) -> None:
        """Ask it to end. ProcessLookupError when it has ended, on some systems."""
        ...


async def spawn(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    limit: int = LIMIT,
    errors_too: bool = False,
    session: bool = False,
) -> Spawned:
    """Start a program, with pipes to its input and from its output, to which its errors belong if `errors_too`.

    With `session` it leads one of its own. Lines of its output have at most `limit` bytes. Raises OSError when it
    cannot be started.
    """
    errors = subprocess.STDOUT if errors_too else None
    if sys.platform == "win32":  # its pipes must be made for the loop; and nothing is forked there
        return await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=errors, env=env, limit=limit
        )

    def start() -> "Popen[bytes]":
        return Popen(  # noqa: S603 - our own commands
            command, stdin=PIPE, stdout=PIPE, stderr=errors, env=env, start_new_session=session
        )

    starting = asyncio.get_running_loop().run_in_executor(None, start)
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        starting.add_done_callback(_end_unwanted)
        raise
    return await _Child.of(process, limit)


class _Child:
    """A program and the pipes to it, on the loop that has started it."""

    def __init__(
        self,
        process: "Popen[bytes]",
        stdin: asyncio.StreamWriter,
        stdout: asyncio.StreamReader,
        end: Callable[[], None],
    ) -> None:
        self._process = process
        self.stdin = stdin
        self.stdout = stdout
        self._end_output = end
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        threading.Thread(target=self._await_end, name=f"child {process.pid}", daemon=True).start()

    @classmethod
    async def of(cls, process: "Popen[bytes]", limit: int) -> "_Child":
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=limit)
        try:
            output, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), process.stdout)
            transport, protocol = await loop.connect_write_pipe(
                lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), process.stdin
            )
        except BaseException:
            _end(process)
            raise
        return cls(process, asyncio.StreamWriter(transport, protocol, None, loop), reader, output.close)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> int:
        await self._ended.wait()
        self.stdin.close()
        self._end_output()
        return self._process.wait()

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()

    def _await_end(self) -> None:
        """In a thread of its own: a program may run for hours, and the loop's few threads have other things to do."""
        self._process.wait()
        with contextlib.suppress(RuntimeError):  # the loop has ended before
            self._loop.call_soon_threadsafe(self._ended.set)


def _end_unwanted(starting: "asyncio.Future[Popen[bytes]]") -> None:
    if not starting.cancelled() and starting.exception() is None:
        _end(starting.result())


def _end(process: "Popen[bytes]") -> None:
    def end() -> None:
        with process:  # its end is waited for, and the pipes are closed
            process.kill()

    threading.Thread(target=end, daemon=True).start()

"""Dropdock as it is started by a double click: no terminal, no arguments, a home folder and a browser."""

import html
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

SOON = 60.0  # seconds for a server to start on a busy machine
_RECORDER = """#!/bin/sh
printf '%s\\n' "$1" >>"{log}.new"
printf '%s\\n' "LD_LIBRARY_PATH=$LD_LIBRARY_PATH" >>"{log}.environment"
mv "{log}.new" "{log}.$$"
"""


@dataclass(frozen=True)
class Desktop:
    """Somebody's session at a machine: their home, and a browser that keeps what it was asked to open."""

    home: Path
    program: Sequence[str]

    @classmethod
    def at(cls, home: Path, program: Sequence[str]) -> "Desktop":
        """A fresh one."""
        browser = home / "browser"
        browser.write_text(_RECORDER.format(log=home / "opened"), encoding="utf-8")
        browser.chmod(0o755)
        return cls(home, program)

    @property
    def data(self) -> Path:
        """Where a user's data belongs on Linux."""
        return self.home / ".local" / "share" / "dropdock"

    @property
    def environment(self) -> dict[str, str]:
        """What the session gives to its programs."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DROPDOCK_", "XDG_"))}
        return {**kept, "HOME": str(self.home), "BROWSER": str(self.home / "browser")}

    @contextmanager
    def double_clicked(self, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """The program, started without a terminal or arguments, until the block ends."""
        with (self.home / "log").open("ab") as log:
            process = subprocess.Popen(
                self.program,
                cwd=self.home,
                env=self.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            end(process)

    def opened(self, after: int = 0) -> str:
        """The address its browser was asked for, once it has been asked more often than `after` times."""
        until = time.monotonic() + SOON
        while time.monotonic() < until:
            asked = self._asked()
            if len(asked) > after:
                return asked[-1].read_text(encoding="utf-8").strip()
            time.sleep(0.05)
        raise AssertionError(f"nothing was opened: {(self.home / 'log').read_text()}")

    def times_opened(self) -> int:
        """How often its browser was asked."""
        return len(self._asked())

    def _asked(self) -> list[Path]:
        files = [path for path in self.home.glob("opened.*") if path.suffix[1:].isdigit()]
        return sorted(files, key=lambda path: path.stat().st_mtime_ns)

    def said(self) -> str:
        """What all its programs printed."""
        return (self.home / "log").read_text(encoding="utf-8")


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a program as its user would; with all it started where it does not listen, which then fails the test."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SOON)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def page_at(address: str) -> Path:
    """The file that an address names."""
    return Path(unquote(urlsplit(address).path))


def link_in(address: str) -> str:
    """Where the page leads whose address this is."""
    found = re.search(r'href="([^"]+)"', page_at(address).read_text(encoding="utf-8"))
    assert found is not None
    return html.unescape(found[1])


def words_of(process: int) -> str:
    """The words a process was started with, as anybody on the machine can read them."""
    return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()

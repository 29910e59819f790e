"""The logs of deploys as files: written as their lines come, so that a crash loses none that was shown."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from appliance.progress import LogLine

log = structlog.get_logger(__name__)


class BuildLogs:
    """One file for each deploy that had something to say. Blocking; a deploy's log has one writer at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, deploy: str, lines: Sequence[LogLine]) -> None:
        """Add lines. A log that cannot be written is told to the operator: the deploy itself is worth more."""
        text = "".join(json.dumps([line.at.isoformat(), line.text, line.step]) + "\n" for line in lines)
        try:
            with self._file(deploy).open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError:
            log.exception("deploy_log_lost", deploy=deploy)

    def read(self, deploy: str) -> list[LogLine]:
        """All lines; those a crash cut short are left out."""
        try:
            stored = self._file(deploy).read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [line for line in map(_line, stored) if line is not None]

    def _file(self, deploy: str) -> Path:
        return self._folder / f"{deploy}.jsonl"


def _line(stored: str) -> LogLine | None:
    try:
        at, text, *step = json.loads(stored)
    except ValueError:
        return None
    return LogLine(datetime.fromisoformat(at), text, *step)

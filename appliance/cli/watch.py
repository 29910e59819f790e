"""Following a deploy: the server's events, and asking now and then where those break off."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from appliance.cli.client import Client, Refused, Unreachable, segment
from appliance.cli.output import Failure, Progress

FINAL = {"ready", "expired", "failed", "cancelled", "superseded"}
ASKING = "asking"  # nothing happens until somebody says what the upload is
ASK_EVERY = 0.5  # seconds
PATIENCE = 30.0  # seconds without any answer before it is given up: longer than a restart takes

Deploy = dict[str, Any]
Line = Callable[[dict[str, Any]], None]
"""Called with each line of a log: its time, its text and its step."""


class Reader:
    """Reads a deploy's log as it grows, each line once."""

    def __init__(self, line: Line | None = None, progress: Progress | None = None) -> None:
        self._line = line
        self.progress = progress or Progress()
        self._read = 0

    def take(self, lines: list[dict[str, Any]], after: int = 0) -> None:
        """Lines of the log, of which the first is number `after`."""
        for line in lines[max(0, self._read - after) :]:
            if self._line:
                self.progress.clear()
                self._line(line)
        self._read = max(self._read, after + len(lines))

    def follow(self, client: Client, deploy: Deploy) -> Deploy:
        """Wait until the deploy is finished, or asks, showing its steps and its log; return it as it then is.

        Raises Failure when the server is gone for too long; the deploy itself may go on.
        """
        for state in self._states(client, deploy):
            deploy = state
            self._show(deploy)
            if deploy["state"] in FINAL or deploy["state"] == ASKING:
                break
        return deploy

    def _states(self, client: Client, deploy: Deploy) -> Iterator[Deploy]:
        path = f"deploys/{segment(deploy['id'])}"
        try:
            for event in client.events(f"{path}/events", after=self._read):
                value = json.loads(event.data)
                if event.name == "log":
                    self.take(value["lines"], value["after"])
                else:
                    yield value
        except Failure:
            pass  # no events, or no more of them, perhaps a proxy's doing: asking tells what is the matter
        while True:
            state = _ask(client, path, deploy["site"])
            self.take(state.get("log", []))
            yield state
            time.sleep(ASK_EVERY)

    def _show(self, deploy: Deploy) -> None:
        for step in deploy["steps"]:
            if step["state"] == "running":
                self.progress.step(step["name"], step["done"], step["total"])


def _ask(client: Client, path: str, site: str) -> Deploy:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            state: Deploy = client.get(path)
            return state
        except Failure as error:
            if not _may_pass(error):
                raise
            if time.monotonic() > give_up:
                raise Failure(
                    f"{client.server} stopped answering while it worked on the deploy: "
                    f"see what became of it with `dropdock deploys {site}` once it is back."
                ) from None
        time.sleep(ASK_EVERY)


def _may_pass(error: Failure) -> bool:
    """Whether the server, or a proxy before it, is only away for the moment."""
    return isinstance(error, Unreachable) or (isinstance(error, Refused) and error.status >= 500)

"""Following a deploy to its end: the server's events, and asking now and then where those break off."""

import json
import time
from collections.abc import Iterator
from typing import Any

from appliance.cli.client import Client, Refused, Unreachable, segment
from appliance.cli.output import Failure, Progress

FINAL = {"ready", "failed"}
ASK_EVERY = 0.5  # seconds
PATIENCE = 30.0  # seconds without any answer before it is given up: longer than a restart takes

Deploy = dict[str, Any]


def follow(client: Client, deploy: Deploy, progress: Progress) -> Deploy:
    """Wait until the deploy is ready or has failed, showing its steps; return it as it then is.

    Raises Failure when the server is gone for too long; the deploy itself may go on.
    """
    for state in _states(client, deploy):
        deploy = state
        _show(deploy, progress)
        if deploy["state"] in FINAL:
            break
    return deploy


def _states(client: Client, deploy: Deploy) -> Iterator[Deploy]:
    path = f"deploys/{segment(deploy['id'])}"
    try:
        for data in client.events(f"{path}/events"):
            yield json.loads(data)
    except Failure:
        pass  # no events, or no more of them, perhaps a proxy's doing: asking tells what is the matter
    while True:
        yield _ask(client, path, deploy["site"])
        time.sleep(ASK_EVERY)


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


def _show(deploy: Deploy, progress: Progress) -> None:
    for step in deploy["steps"]:
        if step["state"] == "running":
            progress.step(step["name"], step["done"], step["total"])

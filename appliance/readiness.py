"""Asks a running server of this machine whether it is ready to work."""

import http.client
import json

from appliance.presence import Presence

PATIENCE = 5.0  # seconds for an answer; the server gives its own checks two


class NoAnswer(Exception):
    """The server does not answer as it should; `str()` is a sentence."""


def ask(running: Presence) -> dict[str, str]:
    """Each check of the server and its state, `ok` where it is well. Raises NoAnswer."""
    connection = http.client.HTTPConnection(running.host, running.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/readyz", headers={"Host": running.admin})
        checks: dict[str, str] = json.loads(connection.getresponse().read())["checks"]
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        raise NoAnswer(f"The server at {running.host}:{running.port} {_said_of(error)}.") from None
    finally:
        connection.close()
    return checks


def _said_of(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"has said nothing for {PATIENCE:.0f} seconds: it hangs, or the machine has too much to do"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else repr(error)
    return f"does not answer as it should: {reason}"


def is_ready(running: Presence | None) -> bool:
    """Whether a server is there and all is well with it."""
    try:
        return running is not None and all(state == "ok" for state in ask(running).values())
    except NoAnswer:
        return False

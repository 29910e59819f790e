"""How a second start has the window that is there come to the front: a request with a key from the data folder."""

import asyncio
import hmac
from collections.abc import Callable

from quart import Blueprint, Response, request

from appliance import guard, presence
from appliance.callers import bearer
from appliance.errors import Forbidden


class Bell:
    """Calls `rung` for whoever has the key, which stands where this user alone can read it (`Presence.window`)."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.rung: Callable[[], None] = _nobody

    def blueprint(self) -> Blueprint:
        """Its address."""
        made = Blueprint("window", __name__)
        made.add_url_rule(presence.WINDOW, "front", self._answer, methods=["POST"])
        return made

    @guard.opened
    async def _answer(self) -> Response:
        given = bearer(request.headers) or ""
        if not hmac.compare_digest(given.encode(), self.key.encode()):
            raise Forbidden("The window comes to the front for programs of its own user only.")
        await asyncio.to_thread(self.rung)
        return Response(status=204)


def _nobody() -> None:
    """Where there is no window yet."""
